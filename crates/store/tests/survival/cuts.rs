//! The journal cut at every byte, and every byte of it changed.

use slipway_store::Error;
use slipway_store::disk::Simulated;

use crate::history::{Bed, assert_prefix, roomy, sealed, tiny, write};

/// A journal of `last` revisions as a cleanly closed store leaves it: name and contents of each
/// segment, and the length of the last one after each revision.
async fn journal(last: u64) -> (String, Vec<u8>, Vec<usize>) {
    let bed = Bed::new();
    let mut ends = Vec::new();
    for revision in 0..=last {
        let store = bed.open(roomy()).expect("it was closed");
        write(&store, revision).await;
        store.close().await;
        ends.push(bed.disk.contents(&bed.segments()[0]).expect("there is a segment").len());
    }
    let name = bed.segments().remove(0);
    let bytes = bed.disk.contents(&name).expect("there is a segment");
    (name, bytes, ends)
}

fn bed_with(name: &str, bytes: Vec<u8>) -> Bed {
    let disk = Simulated::new();
    disk.set_contents(name, bytes);
    Bed::on(disk)
}

#[tokio::test]
async fn a_journal_cut_at_any_byte_leaves_exactly_the_whole_records() {
    let (name, bytes, ends) = journal(4).await;
    for length in ends[0]..=bytes.len() {
        let bed = bed_with(&name, bytes[..length].to_vec());
        let store = bed.open(roomy()).expect("a cut journal opens");
        let whole = ends.iter().filter(|end| **end <= length).count() - 1;
        assert_eq!(assert_prefix(&store).await, whole as u64, "cut at byte {length}");
        if length % 16 == 0 {
            // And it goes on from there.
            write(&store, 5).await;
            drop(store);
            assert_eq!(assert_prefix(&bed.open(roomy()).expect("it was closed")).await, 5);
        }
    }
}

#[tokio::test]
async fn a_journal_whose_header_is_cut_is_damaged_and_not_empty() {
    let (name, bytes, ends) = journal(1).await;
    for length in 0..ends[0] {
        let opened = bed_with(&name, bytes[..length].to_vec()).open(roomy());
        assert!(matches!(opened.err(), Some(Error::Corrupt { .. })), "cut at byte {length}");
    }
}

#[tokio::test]
async fn a_changed_byte_is_never_taken_for_what_was_written() {
    let (name, bytes, ends) = journal(4).await;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let opened = bed_with(&name, changed).open(roomy());
        let last_record = ends[3] <= at;
        match opened {
            // Only the end of the last group may be taken for what a power cut has torn.
            Ok(store) => assert_eq!((assert_prefix(&store).await, last_record), (3, true), "byte {at}"),
            Err(Error::Corrupt { .. } | Error::Newer { .. }) => assert!(!last_record, "byte {at}"),
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
}

#[tokio::test]
async fn zeros_behind_the_last_record_are_spare_room() {
    let (name, mut bytes, _) = journal(3).await;
    bytes.resize(bytes.len() + 10_000, 0);
    let store = bed_with(&name, bytes).open(roomy()).expect("spare room is no damage");
    assert_eq!(assert_prefix(&store).await, 3);
}

#[tokio::test]
async fn rubbish_behind_the_last_record_is_cut_off() {
    let (name, mut bytes, _) = journal(3).await;
    // Also where it looks like the beginning of a group.
    bytes.extend_from_slice(b"SLJ1\x10\0\0\0rubbish that is longer than a header and a body");
    let bed = bed_with(&name, bytes);
    let store = bed.open(roomy()).expect("a torn end is no damage");
    write(&store, 6).await;
    drop(store);
    assert_eq!(assert_prefix(&bed.open(roomy()).expect("it was closed")).await, 6);
}

/// The journal after revision 2 as two stores went on from it, and where its two first records end.
async fn branches() -> (String, [Vec<u8>; 2], usize) {
    use slipway_store::{Store, Txn};
    let (name, bytes, _) = journal(2).await;
    let start = bytes.len();
    let mut branches = [Vec::new(), Vec::new()];
    for (branch, value) in branches.iter_mut().zip(["this way", "that way"]) {
        let bed = bed_with(&name, bytes.clone());
        let store = bed.open(roomy()).expect("it was closed");
        for key in ["third", "fourth"] {
            store.txn(Txn::new().put(key, value)).await.expect("writable");
        }
        drop(store);
        *branch = bed.disk.contents(&name).expect("there is a segment");
    }
    (name, branches, start)
}

#[tokio::test]
async fn a_record_of_another_history_does_not_follow() {
    use slipway_store::Store;
    let (name, [one, other], start) = branches().await;
    let record = (one.len() - start) / 2;
    // The third revision of one, and behind it the fourth of the other: whole, of this segment, and of the right number.
    let mixed = [&one[..one.len() - record], &other[other.len() - record..]].concat();
    let opened = bed_with(&name, mixed).open(roomy());
    if let Ok(store) = opened {
        let got = store.get(b"fourth").await.expect("readable");
        assert_eq!((got.revision, got.entry), (3, None));
    }
}

#[tokio::test]
async fn a_record_that_is_there_twice_is_not_followed_twice() {
    let (name, mut bytes, ends) = journal(3).await;
    let last = bytes[ends[2]..].to_vec();
    bytes.extend_from_slice(&last);
    let bed = bed_with(&name, bytes);
    let store = bed.open(roomy()).expect("what does not follow is cut off");
    write(&store, 6).await;
    drop(store);
    let store = bed.open(roomy()).expect("it was closed");
    assert_eq!(assert_prefix(&store).await, 6);
}

#[tokio::test]
async fn a_group_whose_beginning_was_torn_is_cut_off_though_its_end_is_whole() {
    use futures_util::future::{FutureExt, join_all};
    use slipway_store::Store;
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    write(&store, 3).await;
    let name = bed.segments().remove(0);
    let end = ends_of(&bed.disk.contents(&name).expect("there is a segment"));
    bed.disk.hold_syncs();
    let mut busy = store.txn(crate::history::nth(4));
    assert!((&mut busy).now_or_never().is_none());
    bed.disk.wait_for_held_sync();
    let mut group = join_all((5..=8).map(|revision| store.txn(crate::history::nth(revision))));
    assert!((&mut group).now_or_never().is_none());
    bed.disk.release_syncs();
    busy.await.expect("writable");
    group.await;
    drop(store);
    let whole = bed.disk.contents(&name).expect("there is a segment");
    let ends = record_ends(&whole);
    assert_eq!((ends[2], ends.len()), (end, 8));
    // The first record of the group of four is damaged, and the others are whole.
    let mut torn = whole;
    torn[ends[3] + 30] ^= 1;
    let store = bed_with(&name, torn).open(roomy()).expect("a torn group was never acknowledged");
    assert_eq!(assert_prefix(&store).await, 4);
}

/// Where the last record ends.
fn ends_of(segment: &[u8]) -> usize {
    *record_ends(segment).last().expect("there is a record")
}

/// Where each record of a whole segment ends.
fn record_ends(segment: &[u8]) -> Vec<usize> {
    let (mut ends, mut at) = (Vec::new(), 32);
    while segment.get(at..at + 3) == Some(b"SLJ") {
        let length: [u8; 4] = segment[at + 4..at + 8].try_into().expect("four bytes");
        at += 24 + u32::from_le_bytes(length) as usize;
        ends.push(at);
    }
    ends
}

#[tokio::test]
async fn a_segment_under_another_name_is_damaged() {
    let (name, bytes, _) = journal(2).await;
    let other = name.replace("01", "02");
    assert!(matches!(bed_with(&other, bytes).open(roomy()).err(), Some(Error::Corrupt { .. })));
}

#[tokio::test]
async fn a_journal_stored_as_a_value_is_not_taken_for_the_journal() {
    use slipway_store::{Store, Txn};
    let (_, other, _) = journal(4).await;
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    write(&store, 2).await;
    store.txn(Txn::new().put("a journal", other)).await.expect("writable");
    drop(store);
    let name = bed.segments().remove(0);
    let mut bytes = bed.disk.contents(&name).expect("there is a segment");
    bytes.pop();
    let store = bed_with(&name, bytes).open(roomy()).expect("the torn record is cut off");
    assert_eq!(assert_prefix(&store).await, 2);
}

#[tokio::test]
async fn damage_in_a_sealed_segment_is_told_and_not_passed_over() {
    let bed = Bed::new();
    let store = bed.open(sealed()).expect("an empty disk opens");
    write(&store, 60).await;
    drop(store);
    let segments = bed.segments();
    assert!(segments.len() >= 3, "{segments:?}");
    for name in &segments[..segments.len() - 1] {
        let whole = bed.disk.contents(name).expect("it was listed");
        for at in [0, 20, 40, whole.len() / 2, whole.len() - 1] {
            let bed = Bed::on(bed.disk.after_kill());
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            bed.disk.set_contents(name, changed);
            let error = bed.open(tiny()).err().expect("damaged");
            assert!(matches!(error, Error::Corrupt { .. }), "{name} byte {at}: {error}");
        }
    }
}

#[tokio::test]
async fn a_missing_segment_is_told() {
    let bed = Bed::new();
    let store = bed.open(sealed()).expect("an empty disk opens");
    write(&store, 60).await;
    drop(store);
    for missing in bed.segments().split_last().expect("several").1 {
        use slipway_store::disk::Disk;
        let bed = Bed::on(bed.disk.after_kill());
        bed.disk.remove(missing).expect("it was listed");
        let error = bed.open(tiny()).err().expect("a part is missing");
        assert!(matches!(error, Error::Corrupt { .. }), "{missing}: {error}");
    }
}

#[tokio::test]
async fn a_newer_format_is_told_from_damage() {
    let (name, mut bytes, _) = journal(1).await;
    bytes[8] = 2;
    let checksum = crc32c::crc32c(&bytes[..28]).to_le_bytes();
    bytes[28..32].copy_from_slice(&checksum);
    let error = bed_with(&name, bytes).open(roomy()).err().expect("it cannot be read");
    assert!(matches!(error, Error::Newer { found: 2, supported: 1, .. }), "{error}");
}
