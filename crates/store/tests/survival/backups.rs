//! Backups: taken while others write, cut, damaged, restored, and killed in the middle of both.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use slipway_store::disk::{Disk, Simulated};
use slipway_store::embedded::backup::{Backup, BackupSummary, verify};
use slipway_store::embedded::restore::{restore, restore_on};
use slipway_store::embedded::{Embedded, Options};
use slipway_store::memory::Memory;
use slipway_store::{Error, KeyRange, Outcome, Revision, Store, Txn};

use crate::history::{Bed, Entries, assert_prefix, expected, held, nth, roomy, sealed, tiny, write};

/// The rest of `backup`, as bytes, and what it is.
fn rest(mut backup: Backup) -> (Vec<u8>, BackupSummary) {
    let pieces: Vec<_> = backup.by_ref().map(|piece| piece.expect("readable")).collect();
    assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= 256 * 1024));
    (pieces.concat(), backup.summary().expect("it came to its end"))
}

/// A backup of a store of `last` revisions.
async fn small(last: Revision) -> (Vec<u8>, BackupSummary) {
    let bed = Bed::new();
    let store = bed.open(tiny()).expect("an empty disk opens");
    write(&store, last).await;
    rest(store.backup().expect("readable"))
}

/// The store that is made of `backup`.
fn restored(backup: &[u8]) -> (Bed, BackupSummary) {
    let bed = Bed::new();
    let summary = restore_on(&bed.disk, backup, None).expect("it is whole");
    (bed, summary)
}

/// The entries that the whole history of `store` leads to, up to `revision`.
async fn replayed(store: &dyn Store, revision: Revision) -> Entries {
    let mut watch = store.watch(KeyRange::all(), 0).await.expect("all is kept");
    let mut entries = BTreeMap::new();
    while watch.progress() < revision {
        let commit = watch.next().await.expect("whole");
        for change in commit.changes {
            match change.value() {
                Some(value) => entries.insert(change.key().to_vec(), (value.to_vec(), commit.revision)),
                None => entries.remove(&change.key()[..]),
            };
        }
    }
    entries
}

#[tokio::test]
async fn a_backup_is_restored_as_it_was() {
    for last in [0, 1, 40] {
        let (bytes, summary) = small(last).await;
        assert_eq!((summary.revision, summary.bytes, summary.rows), (last, bytes.len() as u64, 1));
        assert_eq!(verify(&bytes[..]), Ok(summary));
        let (bed, found) = restored(&bytes);
        assert_eq!(found, summary);
        let store = bed.open(tiny()).expect("it was restored");
        assert_eq!(assert_prefix(&store).await, last);
        assert_ne!(store.format().store, summary.store, "it goes on as a store of its own");
    }
}

#[tokio::test]
async fn a_restored_store_goes_on_and_watches_begin_where_it_began() {
    let (bytes, _) = small(40).await;
    let (bed, _) = restored(&bytes);
    let store = bed.open(tiny()).expect("it was restored");
    let older = store.watch(KeyRange::all(), 39).await;
    assert_eq!(older.err(), Some(Error::Compacted { oldest: 41 }));
    let mut watch = store.watch(KeyRange::all(), 40).await.expect("from here on");
    write(&store, 45).await;
    for revision in 41..=45 {
        assert_eq!(watch.next().await.expect("whole").revision, revision);
    }
    drop(store);
    assert_eq!(assert_prefix(&bed.open(tiny()).expect("it was closed")).await, 45);
}

#[tokio::test]
async fn a_backup_has_what_was_acknowledged_before_it_was_begun() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    for last in 1..=30 {
        write(&store, last).await;
        // The state is not told of it yet.
        let (bytes, summary) = rest(store.backup().expect("readable"));
        assert_eq!(summary.revision, last);
        let (bed, _) = restored(&bytes);
        assert_eq!(assert_prefix(&bed.open(roomy()).expect("it was restored")).await, last);
    }
}

#[tokio::test]
async fn what_is_changed_between_two_pieces_is_in_the_backup_as_of_its_revision() {
    let bed = Bed::new();
    let store = bed.open(sealed()).expect("an empty disk opens");
    let key = |number: u64| format!("key {number:04}");
    let put = |number: u64, value: u8| Txn::new().put(key(number), vec![value; 3000]);
    for number in 0..400 {
        store.txn(put(number, 1)).await.expect("there is room");
    }
    store.compact().expect("there is room");
    let mut backup = store.backup().expect("readable");
    let mut bytes = backup.next().expect("there is more").expect("readable").to_vec();
    // Before and behind what was read: changed, deleted, created.
    for number in [0, 399] {
        store.txn(put(number, 2)).await.expect("there is room");
        store.txn(Txn::new().delete(key(number + 1 - number / 200))).await.expect("there is room");
        store.txn(put(number + 1000, 3)).await.expect("there is room");
    }
    // Now the state has it, the journal is dropped as far as it can be, and later entries are newer than the first.
    store.compact().expect("there is room");
    let (more, summary) = rest(backup);
    bytes.extend(more);
    assert_eq!(summary.revision, 406);
    assert_eq!(held(&restored(&bytes).0.open(sealed()).expect("it was restored")).await, held(&store).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_others_write_is_the_state_at_exactly_its_revision() {
    let bed = Bed::new();
    let store = Arc::new(bed.open(Options { history: Revision::MAX, ..tiny() }).expect("an empty disk opens"));
    let writers = (0..3u64).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 0u64.. {
                let key = format!("{:03}", (number * 7919 + writer) % 500);
                let txn = if number % 5 == 4 {
                    Txn::new().delete(key)
                } else {
                    Txn::new().put(key, vec![writer as u8; 2000])
                };
                if store.txn(txn).await.is_err() {
                    return;
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    for round in 0..6 {
        let before = store.stats().revision;
        let copied = Arc::clone(&store);
        let backup = tokio::task::spawn_blocking(move || rest(copied.backup().expect("readable")));
        let (bytes, summary) = backup.await.expect("no panic");
        assert!(summary.revision >= before);
        let (revision, entries) = held(&restored(&bytes).0.open(roomy()).expect("it was restored")).await;
        assert_eq!(revision, summary.revision);
        assert_eq!(entries, replayed(&*store, revision).await, "round {round}");
    }
    store.close().await;
    for writer in writers {
        writer.await.expect("no panic");
    }
}

#[tokio::test]
async fn a_backup_that_nobody_goes_on_with_stops_nobody_and_keeps_its_history() {
    let bed = Bed::new();
    let store = bed.open(Options { history: 0, ..tiny() }).expect("an empty disk opens");
    write(&store, 40).await;
    let mut backup = store.backup().expect("readable");
    let first = backup.next().expect("there is more").expect("readable");
    for last in [80, 120, 160] {
        write(&store, last).await;
        store.compact().expect("there is room");
    }
    assert!(store.stats().oldest_revision <= 41, "the backup needs it");
    let (more, summary) = rest(backup);
    let bytes = [&first[..], &more].concat();
    let found = held(&restored(&bytes).0.open(tiny()).expect("it was restored")).await;
    assert_eq!(found, (summary.revision, expected(summary.revision)));
    // And with the backup its hold on the journal is gone.
    let dropped = store.backup().expect("readable");
    drop(dropped);
    write(&store, 200).await;
    store.compact().expect("there is room");
    assert!(store.stats().oldest_revision > 150, "{:?}", store.stats());
}

#[tokio::test]
async fn a_backup_of_a_store_that_is_closed_meanwhile_ends_in_an_error() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    write(&store, 10).await;
    let mut backup = store.backup().expect("readable");
    store.close().await;
    assert_eq!(backup.next(), Some(Err(Error::Closed)));
    assert_eq!((backup.next(), backup.summary()), (None, None));
    assert!(store.backup().is_ok_and(|mut backup| backup.next() == Some(Err(Error::Closed))));
}

#[tokio::test]
async fn a_backup_that_is_cut_lengthened_or_changed_anywhere_is_refused() {
    let (whole, _) = small(9).await;
    let refused = |bytes: &[u8], what: &str| {
        let error = verify(bytes).expect_err(what);
        assert!(matches!(error, Error::BadBackup { .. }), "{what}: {error}");
        let disk = Simulated::new();
        assert_eq!(restore_on(&disk, bytes, None), Err(error), "{what}");
        assert_eq!(disk.list().expect("readable"), Vec::<String>::new(), "{what}");
    };
    for at in 0..whole.len() {
        refused(&whole[..at], &format!("cut at byte {at}"));
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        refused(&changed, &format!("byte {at} changed"));
    }
    refused(&[&whole[..], b"x"].concat(), "one byte more");
    refused(&[&whole[..], &whole].concat(), "twice");
}

#[tokio::test]
async fn a_backup_of_a_newer_format_says_so() {
    let (mut bytes, _) = small(3).await;
    bytes[8] = 7;
    let error = verify(&bytes[..12]).expect_err("it cannot be read");
    assert!(error.to_string().contains("it has format 7, and this version of slipway reads up to 1"), "{error}");
}

#[tokio::test]
async fn the_rows_of_a_backup_are_those_of_the_restored_store() {
    let bed = Bed::new();
    let store = bed.open(Options { rows: 3, ..tiny() }).expect("an empty disk opens");
    let (bytes, summary) = rest(store.backup().expect("readable"));
    assert_eq!(summary.rows, 3);
    let (bed, _) = restored(&bytes);
    assert!(matches!(bed.open(tiny()).err(), Some(Error::Newer { part: "rows", found: 3, .. })));
    bed.open(Options { rows: 3, ..tiny() }).expect("it knows them");
}

#[tokio::test]
async fn only_an_empty_folder_is_restored_into() {
    let (bytes, _) = small(5).await;
    let dir = tempfile::tempdir().expect("a temporary folder");
    let refused = |dir: &std::path::Path| matches!(restore(dir, &bytes[..], None), Err(Error::NotEmpty { .. }));
    std::fs::write(dir.path().join("mine"), "mine").expect("writable");
    assert!(refused(dir.path()));
    std::fs::remove_file(dir.path().join("mine")).expect("writable");
    std::fs::create_dir(dir.path().join("state")).expect("writable");
    assert!(refused(dir.path()));
    std::fs::remove_dir(dir.path().join("state")).expect("writable");
    restore(dir.path(), &bytes[..], None).expect("it is empty");
    assert!(refused(dir.path()), "it has been restored");
    let store = Embedded::open(dir.path(), tiny()).expect("it was restored");
    assert_eq!(assert_prefix(&store).await, 5);
    assert!(matches!(restore_on(&*Arc::new(open_disk(dir.path())), &bytes[..], None), Err(Error::InUse { .. })));
    let below = dir.path().join("a/b");
    restore(&below, &bytes[..], None).expect("folders are made");
}

fn open_disk(dir: &std::path::Path) -> slipway_store::disk::Folder {
    slipway_store::disk::Folder::open(dir).expect("it is there")
}

#[tokio::test]
async fn a_disk_that_is_full_is_told_and_left_as_it_was() {
    let (bytes, _) = small(20).await;
    for room in [0, 10, bytes.len() as u64 - 1, bytes.len() as u64 + 10] {
        let disk = Simulated::new();
        disk.set_quota(room);
        assert!(matches!(restore_on(&disk, &bytes[..], None), Err(Error::Full { .. })), "room for {room}");
        assert_eq!(disk.list().expect("readable"), Vec::<String>::new());
    }
}

/// Reads from memory, and looks at the disk before each read.
struct Watched<'a, F> {
    bytes: &'a [u8],
    look: F,
}

impl<F: FnMut()> Read for Watched<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.look)();
        let length = buffer.len().min(100);
        self.bytes.read(&mut buffer[..length])
    }
}

#[tokio::test]
async fn a_restore_killed_at_any_moment_leaves_nothing_that_opens_and_can_be_repeated() {
    let (bytes, summary) = small(20).await;
    let disk = Simulated::new();
    let mut killed = Vec::new();
    let look = || {
        let seed = killed.len() as u64;
        killed.push(if seed.is_multiple_of(3) { disk.after_kill() } else { disk.after_power_cut(seed) });
    };
    restore_on(&disk, Watched { bytes: &bytes, look }, None).expect("it is whole");
    assert!(killed.len() > 10);
    for disk in killed {
        let bed = Bed::on(disk);
        let error = bed.open(tiny()).err().expect("it is unfinished");
        assert!(matches!(&error, Error::Corrupt { path, .. } if path.ends_with("RESTORING")), "{error}");
        assert_eq!(restore_on(&bed.disk, &bytes[..], None), Ok(summary), "it is begun again");
        assert_eq!(assert_prefix(&bed.open(tiny()).expect("it was restored")).await, 20);
    }
}

#[tokio::test]
async fn a_restore_is_durable_when_it_says_that_it_is_done() {
    let (bytes, _) = small(20).await;
    for seed in 0..10 {
        let (bed, _) = restored(&bytes);
        let after = Bed::on(bed.disk.after_power_cut(seed));
        assert_eq!(assert_prefix(&after.open(tiny()).expect("it was restored")).await, 20, "seed {seed}");
    }
}

#[tokio::test]
async fn a_backup_of_many_keys_is_taken_in_bounded_pieces() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    let replica = Memory::new();
    for group in 0..20u64 {
        let txn = (0..100u64).fold(Txn::new(), |txn, number| txn.put(format!("{number:03} {group}"), vec![7; 1000]));
        assert_eq!(store.txn(txn.clone()).await, Ok(Outcome::Committed(group + 1)));
        replica.txn(txn).await.expect("writable");
    }
    store.txn(Txn::new().put("large", vec![8; 3 << 20])).await.expect("writable");
    replica.txn(Txn::new().put("large", vec![8; 3 << 20])).await.expect("writable");
    store.compact().expect("there is room");
    let (bytes, _) = rest(store.backup().expect("readable"));
    assert!(bytes.len() > 5_000_000 && bytes.len() < 5_500_000, "{}", bytes.len());
    assert_eq!(held(&restored(&bytes).0.open(roomy()).expect("it was restored")).await, held(&replica).await);
    assert_eq!(store.txn(nth(22)).await, Ok(Outcome::Committed(22)));
}
