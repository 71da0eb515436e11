//! What compaction drops and what it keeps: never less than it promised, never more than it needs, and a crash in the
//! middle of it leaves no gap.

use std::sync::Arc;

use slipway_store::disk::Disk;
use slipway_store::embedded::Options;
use slipway_store::{Error, KeyRange, Revision, Store, Txn};

use crate::history::{Bed, assert_prefix, expected, held, names, sealed, tiny, write};

/// A segment for each transaction.
fn one_by_one() -> Options {
    Options { segment_bytes: 1, compact_bytes: u64::MAX, ..tiny() }
}

fn number(name: &str) -> Revision {
    name.rsplit('-').next().expect("there is a part").parse().expect("it is numbered")
}

#[tokio::test]
async fn exactly_the_promised_history_is_kept_at_every_revision() {
    for options in [sealed(), one_by_one()] {
        let bed = Bed::new();
        let store = bed.open(options.clone()).expect("an empty disk opens");
        for last in 1..=70 {
            write(&store, last).await;
            store.compact().expect("the disk has room");
            let promised = last.saturating_sub(options.history);
            let mut watch = store.watch(KeyRange::all(), promised).await.expect("it is promised");
            assert_eq!(watch.next().await.expect("whole").revision, promised + 1);
            // Of the files on the disk all but the first begin after what must be kept.
            let segments = bed.segments();
            assert!(segments.iter().skip(1).all(|name| number(name) > promised + 1), "{promised}: {segments:?}");
            let snapshots = names(&bed.disk, "snapshot-");
            assert_eq!(snapshots.iter().map(|name| number(name)).collect::<Vec<_>>(), [last]);
        }
    }
}

#[tokio::test]
async fn a_crash_between_the_removals_of_compaction_leaves_no_gap() {
    for removals in 0..12 {
        let bed = Bed::new();
        let store = bed.open(one_by_one()).expect("an empty disk opens");
        write(&store, 15).await;
        store.compact().expect("the disk has room");
        write(&store, 30).await;
        bed.disk.fail_removals_after(removals);
        assert!(store.compact().is_err(), "{removals} removals are not enough");
        let after = Bed::on(bed.disk.after_kill());
        let store = after.open(one_by_one()).expect("no crash leaves a gap");
        assert_eq!(assert_prefix(&store).await, 30);
        // What is left is whole: it can be replayed to the end.
        let oldest = store.stats().oldest_revision;
        let mut watch = store.watch(KeyRange::all(), oldest - 1).await.expect("kept");
        for revision in oldest..=30 {
            assert_eq!(watch.next().await.expect("there is no gap").revision, revision);
        }
        store.compact().expect("the disk has room");
        assert_eq!(after.segments().len(), 10, "what was left is dropped");
    }
}

#[tokio::test]
async fn a_snapshot_that_does_not_read_back_is_no_reason_to_drop_anything() {
    let bed = Bed::new();
    let store = bed.open(one_by_one()).expect("an empty disk opens");
    write(&store, 30).await;
    bed.disk.spoil_writes(1);
    assert!(matches!(store.compact(), Err(Error::Corrupt { .. })));
    assert_eq!(bed.segments().len(), 30);
}

#[tokio::test]
async fn the_newest_of_several_snapshots_is_begun_from() {
    let bed = Bed::new();
    let store = bed.open(one_by_one()).expect("an empty disk opens");
    write(&store, 20).await;
    store.compact().expect("the disk has room");
    let older = names(&bed.disk, "snapshot-").pop().expect("there is a snapshot");
    let contents = bed.disk.contents(&older).expect("it was listed");
    write(&store, 50).await;
    store.compact().expect("the disk has room");
    drop(store);
    // As a crash before the older one was removed leaves it.
    let after = Bed::on(bed.disk.after_kill());
    after.disk.set_contents(&older, contents);
    assert_eq!(assert_prefix(&after.open(one_by_one()).expect("the newer one is whole")).await, 50);
}

#[tokio::test]
async fn a_gap_of_one_revision_between_snapshot_and_journal_is_told() {
    let bed = Bed::new();
    let store = bed.open(Options { history: 0, ..one_by_one() }).expect("an empty disk opens");
    write(&store, 20).await;
    store.compact().expect("the disk has room");
    write(&store, 25).await;
    store.close().await;
    for name in bed.segments().iter().filter(|name| number(name) <= 21) {
        bed.disk.remove(name).expect("it was listed");
    }
    // The state has it all and is believed, and still it must be told.
    let error = bed.open(one_by_one()).err().expect("revision 21 is in no file");
    assert!(matches!(&error, Error::Corrupt { what, .. } if what.contains("21 to 21")), "{error}");
}

#[tokio::test]
async fn a_journal_that_ends_before_its_snapshot_is_told() {
    let bed = Bed::new();
    let store = bed.open(one_by_one()).expect("an empty disk opens");
    write(&store, 20).await;
    store.compact().expect("the disk has room");
    store.close().await;
    let last = bed.segments().pop().expect("there are segments");
    bed.disk.remove(&last).expect("it was listed");
    let error = bed.open(one_by_one()).err().expect("revision 20 is in the snapshot alone");
    assert!(matches!(&error, Error::Corrupt { what, .. } if what.contains("ends at revision 19")), "{error}");
}

#[tokio::test]
async fn a_snapshot_under_another_name_is_damaged() {
    let bed = Bed::new();
    let store = bed.open(sealed()).expect("an empty disk opens");
    write(&store, 20).await;
    store.compact().expect("the disk has room");
    let name = names(&bed.disk, "snapshot-").pop().expect("there is a snapshot");
    for other in ["19", "21"] {
        let restored = Bed::new();
        restored.disk.set_contents(&name.replace("20", other), bed.disk.contents(&name).expect("it was listed"));
        assert!(matches!(restored.open(sealed()).err(), Some(Error::Corrupt { .. })), "as {other}");
    }
}

#[tokio::test]
async fn a_small_change_of_a_large_store_is_not_worth_a_snapshot() {
    let bed = Bed::new();
    let options = Options { segment_bytes: 1500, compact_bytes: 3000, history: 0, ..tiny() };
    let store = bed.open(options).expect("an empty disk opens");
    for number in 0..100 {
        store.txn(Txn::new().put(format!("large {number}"), vec![7; 1000])).await.expect("there is room");
    }
    store.compact().expect("the disk has room");
    let before = names(&bed.disk, "snapshot-");
    // More than the compactor asks of a small store, and far less than twice the snapshot.
    for number in 0..20 {
        store.txn(Txn::new().put("small", vec![number; 1000])).await.expect("there is room");
    }
    // Closing waits for the compactor, which was told of every new segment.
    store.close().await;
    assert_eq!(names(&bed.disk, "snapshot-"), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_while_others_write_can_be_made_from_the_snapshot() {
    let bed = Bed::new();
    let options = Options { history: 0, ..one_by_one() };
    let store = Arc::new(bed.open(options.clone()).expect("an empty disk opens"));
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        for revision in 1.. {
            if writer.txn(crate::history::nth(revision)).await.is_err() {
                return;
            }
        }
    });
    for _ in 0..40 {
        let compacting = Arc::clone(&store);
        tokio::task::spawn_blocking(move || compacting.compact()).await.expect("no panic").expect("there is room");
        let after = Bed::on(bed.disk.after_kill());
        let opened = after.open(options.clone()).expect("snapshot and journal have no gap");
        let (revision, entries) = held(&opened).await;
        assert_eq!(entries, expected(revision));
    }
    store.close().await;
    writing.await.expect("no panic");
}

#[tokio::test]
async fn a_watch_whose_place_in_the_files_was_dropped_says_compacted_after_what_it_had() {
    let bed = Bed::new();
    let options = Options { segment_bytes: 100_000, history: 0, compact_bytes: u64::MAX, ..tiny() };
    let store = bed.open(options).expect("an empty disk opens");
    for number in 0..300u64 {
        store.txn(Txn::new().put(format!("key {number}"), vec![7; 5000])).await.expect("there is room");
    }
    let mut watch = store.watch(KeyRange::all(), 0).await.expect("kept");
    assert_eq!(watch.next().await.expect("kept").revision, 1);
    while watch.ready().is_some() {}
    store.compact().expect("the disk has room");
    let mut last = watch.progress();
    let error = loop {
        match watch.next().await {
            Ok(commit) => {
                assert_eq!(commit.revision, last + 1);
                last = commit.revision;
            }
            Err(error) => break error,
        }
    };
    assert_eq!(error, Error::Compacted { oldest: store.stats().oldest_revision });
}

#[tokio::test]
async fn a_watch_that_is_far_behind_takes_a_bounded_part_of_the_journal_at_once() {
    let bed = Bed::new();
    let store = bed.open(Options { tail_bytes: 0, ..crate::history::roomy() }).expect("an empty disk opens");
    for number in 0..300u64 {
        store.txn(Txn::new().put(format!("key {number}"), vec![7; 5000])).await.expect("there is room");
    }
    let mut watch = store.watch(KeyRange::all(), 0).await.expect("kept");
    assert_eq!(watch.next().await.expect("kept").revision, 1);
    let ready = std::iter::from_fn(|| watch.ready()).count();
    assert!(ready < 100, "{ready} large commits were taken at once");
}
