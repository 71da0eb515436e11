//! Law 9, as far as every engine can meet it: a definite error applied nothing. The errors of disks
//! and lost answers have tests of their own.

use bytes::Bytes;
use slipway_store::txn::{KEY_LIMIT, TXN_LIMIT};
use slipway_store::{Error, KeyRange, Txn};

use crate::subject::Subject;

async fn is_refused(subject: &Subject, txn: Txn, expected: Error) {
    assert!(expected.is_definite());
    assert_eq!(subject.store.txn(txn).await, Err(expected));
    let listing = subject.store.range(&KeyRange::all(), 0).await.expect("readable");
    assert_eq!((listing.revision, listing.entries), (0, vec![]));
}

pub async fn an_empty_key_is_refused_and_nothing_is_applied(subject: Subject) {
    let refused = Error::BadKey { size: 0, limit: KEY_LIMIT };
    is_refused(&subject, Txn::new().put("fine", "1").put("", "1"), refused.clone()).await;
    is_refused(&subject, Txn::new().put("fine", "1").delete(""), refused.clone()).await;
    is_refused(&subject, Txn::new().put("fine", "1").compare("", 0), refused).await;
}

pub async fn a_key_that_is_too_long_is_refused_and_nothing_is_applied(subject: Subject) {
    let key = vec![b'k'; KEY_LIMIT + 1];
    let refused = Error::BadKey { size: KEY_LIMIT + 1, limit: KEY_LIMIT };
    is_refused(&subject, Txn::new().put("fine", "1").put(key, "1"), refused).await;
    subject.commit(Txn::new().put(vec![b'k'; KEY_LIMIT], "1")).await;
}

pub async fn a_transaction_that_is_too_large_is_refused_and_nothing_is_applied(subject: Subject) {
    let value = Bytes::from(vec![0; TXN_LIMIT / 2]);
    let txn = Txn::new().put("a", value.clone()).put("b", value);
    let refused = Error::TooLarge { size: TXN_LIMIT + 2, limit: TXN_LIMIT };
    is_refused(&subject, txn, refused).await;
}

pub async fn the_largest_transaction_is_taken(subject: Subject) {
    let value = Bytes::from(vec![7; TXN_LIMIT - 1]);
    let mut watch = subject.store.watch(KeyRange::all(), 0).await.expect("kept");
    subject.commit(Txn::new().put("a", value.clone())).await;
    let got = subject.store.get(b"a").await.expect("readable");
    assert!(got.entry.is_some_and(|entry| entry.value == value));
    let commit = crate::subject::next(&mut watch).await;
    assert!(commit.changes[0].value() == Some(&value));
}
