//! The bytes of an entry.

use slipway_domain::ledger::hash;
use slipway_domain::ledger::leaf::{Error, Leaf};

const NAME: &str = "namespaces/default/models/ctr";

fn key() -> Vec<u8> {
    [b"ledger/", NAME.as_bytes(), &[0], &[9; 16]].concat()
}

#[test]
fn a_leaf_has_the_bytes_that_are_documented() {
    let (key, record) = (key(), [1, 0xc0]);
    let leaf = Leaf { revision: 258, key: &key, record: &record };
    let length = u8::try_from(key.len()).unwrap();
    let wanted = [&[1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, length], key.as_slice(), &record].concat();
    assert_eq!(leaf.encode(), wanted);
    assert_eq!(leaf.hash(), hash::leaf([wanted.as_slice()]));
    assert_eq!(Leaf::decode(&wanted), Ok(leaf));
    assert_eq!(leaf.resource(), NAME);
}

#[test]
fn bytes_that_are_no_leaf_are_refused() {
    let key = key();
    let whole = Leaf { revision: 1, key: &key, record: &[] }.encode();
    for length in 0..whole.len() {
        assert_eq!(Leaf::decode(&whole[..length]), Err(Error::Cut), "{length}");
    }
    let newer = [&[2], &whole[1..]].concat();
    assert_eq!(Leaf::decode(&newer), Err(Error::Layout(2)));
    for key in [&b"resource/x\0aaaaaaaaaaaaaaaa"[..], b"ledger/x", b"ledger/xx0aaaaaaaaaaaaaaaa", b"", b"ledger/"] {
        assert_eq!(Leaf::decode(&Leaf { revision: 1, key, record: b"x" }.encode()), Err(Error::Key), "{key:?}");
    }
}
