//! States that were lost, ruined, exchanged or full: all of it is made again from the journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use slipway_store::disk::Disk;
use slipway_store::{Error, Store, Txn};

use crate::history::{Bed, assert_prefix, copy_folder, names, sealed, tiny, write};

/// A store that was closed at revision 60 without a snapshot, and its state's folder.
async fn closed() -> (Bed, PathBuf) {
    let bed = Bed::new();
    let store = bed.open(sealed()).expect("an empty disk opens");
    write(&store, 60).await;
    store.close().await;
    let state = bed.states.path().join("state");
    (bed, state)
}

async fn assert_all_is_there(bed: &Bed) {
    let store = bed.open(sealed()).expect("the journal is whole");
    assert_eq!(assert_prefix(&store).await, 60);
    write(&store, 65).await;
    drop(store);
    let store = bed.open(sealed()).expect("it was closed");
    assert_eq!(assert_prefix(&store).await, 65);
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("readable").map(|entry| entry.expect("readable").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_state_that_was_deleted_is_made_again() {
    let (bed, state) = closed().await;
    std::fs::remove_dir_all(state).expect("writable");
    assert_all_is_there(&bed).await;
}

#[tokio::test]
async fn a_state_filled_with_rubbish_is_made_again() {
    let (bed, state) = closed().await;
    for file in files(&state) {
        std::fs::write(file, b"rubbish ".repeat(5000)).expect("writable");
    }
    assert_all_is_there(&bed).await;
}

#[tokio::test]
async fn a_state_cut_to_nothing_is_made_again() {
    let (bed, state) = closed().await;
    for file in files(&state) {
        std::fs::write(file, b"").expect("writable");
    }
    assert_all_is_there(&bed).await;
}

#[tokio::test]
async fn a_state_that_lost_any_one_file_is_right_or_made_again() {
    let (bed, state) = closed().await;
    for file in files(&state) {
        let again = Bed::on(bed.disk.after_kill());
        let copy = again.states.path().join("state");
        copy_folder(&state, &copy);
        std::fs::remove_file(copy.join(file.strip_prefix(&state).expect("below it"))).expect("it was copied");
        assert_all_is_there(&again).await;
    }
}

#[tokio::test]
async fn a_file_in_the_place_of_the_state_is_made_room() {
    let (bed, state) = closed().await;
    std::fs::remove_dir_all(state.join("1")).expect("writable");
    std::fs::write(state.join("1"), "a file").expect("writable");
    std::fs::write(state.join("2"), "another file").expect("writable");
    assert_all_is_there(&bed).await;
}

#[tokio::test]
async fn an_older_state_is_caught_up() {
    let bed = Bed::new();
    let state = bed.states.path().join("state");
    let store = bed.open(sealed()).expect("an empty disk opens");
    write(&store, 20).await;
    store.close().await;
    let older = tempfile::tempdir().expect("a temporary folder");
    copy_folder(&state, older.path());
    let store = bed.open(sealed()).expect("it was closed");
    write(&store, 60).await;
    store.close().await;
    std::fs::remove_dir_all(&state).expect("writable");
    copy_folder(older.path(), &state);
    assert_all_is_there(&bed).await;
    assert!(state.join("1").exists(), "it was made again for no reason");
}

#[tokio::test]
async fn a_state_ahead_of_the_journal_is_made_again() {
    let (bed, state) = closed().await;
    let segment = bed.segments().pop().expect("there are segments");
    let bytes = bed.disk.contents(&segment).expect("it was listed");
    bed.disk.set_contents(&segment, bytes[..bytes.len() - 1].to_vec());
    let store = bed.open(sealed()).expect("the journal is torn and not damaged");
    assert_eq!(assert_prefix(&store).await, 59);
    drop(store);
    assert!(!state.join("1").exists(), "it has what the journal has not");
}

#[tokio::test]
async fn a_state_of_another_store_is_made_again() {
    let (bed, state) = closed().await;
    let other = Bed::new();
    let store = other.open(sealed()).expect("an empty disk opens");
    for number in 0..30 {
        let txn = Txn::new().put(format!("foreign {number}"), "1");
        store.txn(txn).await.expect("writable");
    }
    drop(store);
    std::fs::remove_dir_all(&state).expect("writable");
    copy_folder(&other.states.path().join("state"), &state);
    assert_all_is_there(&bed).await;
}

#[tokio::test]
async fn a_state_is_made_again_from_snapshot_and_journal() {
    let bed = Bed::new();
    let store = bed.open(tiny()).expect("an empty disk opens");
    write(&store, 40).await;
    store.compact().expect("the disk has room");
    assert!(store.stats().oldest_revision > 1, "the beginning of the journal is still there");
    write(&store, 50).await;
    drop(store);
    std::fs::remove_dir_all(bed.states.path().join("state")).expect("writable");
    let store = bed.open(tiny()).expect("the snapshot is whole");
    assert_eq!(assert_prefix(&store).await, 50);
}

#[tokio::test]
async fn a_store_begins_again_from_a_snapshot_alone() {
    let bed = Bed::new();
    let store = bed.open(tiny()).expect("an empty disk opens");
    write(&store, 40).await;
    store.compact().expect("the disk has room");
    drop(store);
    let restored = Bed::new();
    let name = names(&bed.disk, "snapshot-").pop().expect("there is a snapshot");
    restored.disk.set_contents(&name, bed.disk.contents(&name).expect("it was listed"));
    let store = restored.open(tiny()).expect("a snapshot is enough");
    assert_eq!(assert_prefix(&store).await, 40);
    assert_eq!(store.watch(slipway_store::KeyRange::all(), 39).await.err(), Some(Error::Compacted { oldest: 41 }));
    write(&store, 45).await;
    drop(store);
    assert_eq!(assert_prefix(&restored.open(tiny()).expect("it was closed")).await, 45);
}

#[tokio::test]
async fn a_damaged_snapshot_is_never_taken_for_what_was_written() {
    let bed = Bed::new();
    let store = bed.open(tiny()).expect("an empty disk opens");
    write(&store, 40).await;
    store.compact().expect("the disk has room");
    drop(store);
    let name = names(&bed.disk, "snapshot-").pop().expect("there is a snapshot");
    let whole = bed.disk.contents(&name).expect("it was listed");
    for at in 0..whole.len() {
        let restored = Bed::new();
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        restored.disk.set_contents(&name, changed);
        let error = restored.open(tiny()).err().expect("it is damaged");
        assert!(matches!(error, Error::Corrupt { .. } | Error::Newer { .. }), "byte {at}: {error}");
        let cut = Bed::new();
        cut.disk.set_contents(&name, whole[..at].to_vec());
        assert!(matches!(cut.open(tiny()).err(), Some(Error::Corrupt { .. })), "cut at byte {at}");
    }
}

#[tokio::test]
async fn a_journal_that_is_gone_is_told_and_not_begun_anew() {
    let (bed, _) = closed().await;
    for name in bed.segments() {
        bed.disk.remove(&name).expect("it was listed");
    }
    let error = bed.open(sealed()).err().expect("the truth is missing");
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}

#[tokio::test]
async fn each_trace_of_a_store_alone_is_enough_to_miss_its_journal() {
    let (bed, state) = closed().await;
    for name in bed.segments() {
        bed.disk.remove(&name).expect("it was listed");
    }
    let noted = Bed::on(bed.disk.after_kill());
    assert!(matches!(noted.open(sealed()).err(), Some(Error::Corrupt { .. })), "the note says that there was one");
    let kept = Bed::on(bed.disk.after_kill());
    kept.disk.remove("STATE").expect("it was closed");
    copy_folder(&state, &kept.states.path().join("state"));
    assert!(matches!(kept.open(sealed()).err(), Some(Error::Corrupt { .. })), "the state says that there was one");
}

#[tokio::test]
async fn what_was_left_half_made_is_cleared_away() {
    let (bed, _) = closed().await;
    for name in ["snapshot-.tmp", "journal-00000000000000000061.tmp", "STATE.tmp"] {
        bed.disk.set_contents(name, b"half".to_vec());
    }
    assert_all_is_there(&bed).await;
    assert_eq!(names(&bed.disk, "snapshot-"), Vec::<String>::new());
}

#[tokio::test]
async fn where_no_state_can_be_written_the_entries_are_kept_in_memory() {
    let bed = Bed::new();
    let state = bed.states.path().join("state");
    std::fs::write(&state, "a file where the folder is to be").expect("writable");
    let store = bed.open(sealed()).expect("the journal is enough");
    write(&store, 60).await;
    assert_eq!(assert_prefix(&store).await, 60);
    assert!(store.stats().state_in_memory);
    store.compact().expect("the disk has room");
    drop(store);
    // Opened anew it reads what it wrote, and as soon as there can be a folder there is one.
    let store = bed.open(sealed()).expect("the journal is enough");
    assert_eq!(assert_prefix(&store).await, 60);
    std::fs::remove_file(state).expect("writable");
    while store.stats().state_in_memory {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    drop(store);
    assert_all_is_there(&bed).await;
}

#[tokio::test]
async fn a_store_opens_on_a_full_disk_and_reads_go_on() {
    let (bed, _) = closed().await;
    bed.disk.set_quota(bed.disk.used());
    let store = bed.open(sealed()).expect("reading needs no room");
    assert_eq!(assert_prefix(&store).await, 60);
    assert!(matches!(store.txn(crate::history::nth(61)).await, Err(Error::Full { .. })));
    bed.disk.set_quota(u64::MAX);
    write(&store, 61).await;
}

#[tokio::test]
async fn a_state_with_random_damage_is_right_or_made_again() {
    let (bed, state) = closed().await;
    for seed in 0..30 {
        let damaged = Bed::on(bed.disk.after_kill());
        let copy = damaged.states.path().join("state");
        copy_folder(&state, &copy);
        crate::power::rubbish(&copy, seed);
        assert_all_is_there(&damaged).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_taken_while_others_write_is_of_one_revision() {
    const KEYS: u64 = 2000;
    let key = |revision: u64| format!("{:04}", revision * 7919 % KEYS);
    let bed = Bed::new();
    let store = Arc::new(bed.open(crate::history::roomy()).expect("an empty disk opens"));
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        for revision in 1.. {
            if writer.txn(Txn::new().put(key(revision), revision.to_string())).await.is_err() {
                return;
            }
        }
    });
    let mut before = 0;
    while before < 3 * KEYS {
        before = store.stats().revision;
        let compacting = Arc::clone(&store);
        tokio::task::spawn_blocking(move || compacting.compact()).await.expect("no panic").expect("there is room");
        let name = names(&bed.disk, "snapshot-").pop().expect("there is a snapshot");
        let restored = Bed::new();
        restored.disk.set_contents(&name, bed.disk.contents(&name).expect("it was listed"));
        let (revision, entries) = crate::history::held(&restored.open(tiny()).expect("it is whole")).await;
        assert!(revision >= before, "{revision} lacks what was there before: {before}");
        let first = (revision + 1).saturating_sub(KEYS).max(1);
        let expected = (first..=revision).map(|at| (key(at).into_bytes(), (at.to_string().into_bytes(), at)));
        assert_eq!(entries, expected.collect(), "at revision {revision}");
    }
    store.close().await;
    writing.await.expect("no panic");
}
