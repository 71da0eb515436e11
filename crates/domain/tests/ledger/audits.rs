//! A ledger that somebody tampered with, in every way that there is.

use slipway_domain::ledger::audit::{Audit, Problem};
use slipway_domain::ledger::checkpoint::Checkpoint;
use slipway_domain::ledger::hash;
use slipway_domain::ledger::leaf::{self, Leaf};
use slipway_domain::ledger::proof::Head;
use slipway_domain::ledger::tree::Tree;

/// Nine entries, of which two each share a revision.
fn ledger() -> Vec<Vec<u8>> {
    (0..9).map(|number| entry(number, b"as it was")).collect()
}

fn entry(number: u64, record: &[u8]) -> Vec<u8> {
    let key = [b"ledger/x\0".as_slice(), &[u8::try_from(number).unwrap(); 16]].concat();
    Leaf { revision: 3 + number / 2, key: &key, record }.encode()
}

/// The checkpoint of the first `size` entries.
fn signed(entries: &[Vec<u8>], size: u64) -> Checkpoint {
    let tree: Tree = entries.iter().map(|entry| hash::leaf([entry.as_slice()])).collect();
    Checkpoint { origin: "x".to_owned(), head: Head { size, root: tree.root(size).unwrap() } }
}

fn audit(entries: &[Vec<u8>], now: &Checkpoint, older: Option<&Checkpoint>) -> Vec<Problem> {
    let mut audit = Audit::default();
    for entry in entries {
        assert_eq!(audit.take(entry), hash::leaf([entry.as_slice()]));
    }
    audit.finish(now, older)
}

#[test]
fn a_ledger_is_what_it_was_and_begins_with_what_it_was_before() {
    let ledger = ledger();
    let now = signed(&ledger, 9);
    assert_eq!(audit(&ledger, &now, None), []);
    for size in 0..=9 {
        assert_eq!(audit(&ledger, &now, Some(&signed(&ledger, size))), [], "{size}");
    }
}

#[test]
fn an_entry_that_was_changed_is_found_and_what_is_before_it_is_known_to_be_good() {
    let (ledger, now) = (ledger(), signed(&ledger(), 9));
    for at in 0..9 {
        let mut other = ledger.clone();
        other[at] = entry(at as u64, b"as it never was");
        assert_eq!(audit(&other, &now, None), [Problem::Others { size: 9, known: 0 }], "{at}");
        let good = signed(&ledger, at as u64);
        assert_eq!(audit(&other, &now, Some(&good)), [Problem::Others { size: 9, known: at as u64 }], "{at}");
        let kept = at as u64 + 1;
        let found = audit(&other, &now, Some(&signed(&ledger, kept)));
        assert!(found.contains(&Problem::Others { size: 9, known: 0 }), "{found:?}");
        if kept < 9 {
            assert!(found.contains(&Problem::OthersSince { kept }), "{found:?}");
        }
    }
}

#[test]
fn an_entry_that_was_inserted_moved_or_cut_is_found_wherever_it_was() {
    let (ledger, now) = (ledger(), signed(&ledger(), 9));
    for at in 0..9 {
        let mut longer = ledger.clone();
        longer.insert(at, ledger[at].clone());
        let index = at as u64 + 1;
        let wanted = [Problem::OutOfOrder { index }, Problem::Longer { found: 10, signed: 9 }];
        assert_eq!(audit(&longer, &now, None), wanted);
        let mut shorter = ledger.clone();
        shorter.remove(at);
        assert_eq!(audit(&shorter, &now, None), [Problem::Cut { found: 8, signed: 9 }]);
        if at > 0 {
            let mut swapped = ledger.clone();
            swapped.swap(at - 1, at);
            let wanted = [Problem::OutOfOrder { index: at as u64 }, Problem::Others { size: 9, known: 0 }];
            assert_eq!(audit(&swapped, &now, None), wanted);
        }
    }
}

#[test]
fn a_ledger_that_was_signed_anew_is_found_by_whoever_kept_a_checkpoint() {
    let ledger = ledger();
    let kept = signed(&ledger, 9);
    // Its end is cut off, and an older checkpoint put in the place of the newer one.
    let cut = &ledger[..7];
    assert_eq!(audit(cut, &signed(cut, 7), None), []);
    assert_eq!(audit(cut, &signed(cut, 7), Some(&kept)), [Problem::CutSince { found: 7, kept: 9 }]);
    // It went on otherwise from an older state.
    let mut other = ledger.clone();
    other[7] = entry(7, b"otherwise");
    other.push(entry(9, b"and more"));
    assert_eq!(audit(&other, &signed(&other, 10), Some(&kept)), [Problem::OthersSince { kept: 9 }]);
    other.pop();
    assert_eq!(audit(&other, &signed(&other, 9), Some(&kept)), [Problem::TwoStories { size: 9 }]);
}

#[test]
fn bytes_that_are_no_entry_are_named() {
    let mut ledger = ledger();
    ledger[4] = vec![9];
    let found = audit(&ledger, &signed(&ledger, 9), None);
    assert_eq!(found, [Problem::NoEntry { index: 4, why: leaf::Error::Layout(9) }]);
    for problem in found {
        assert!(problem.to_string().starts_with("entry 4 is none: it has the layout 9"), "{problem}");
    }
}
