//! Looking at a data folder from outside: what is wrong is found, and nothing is changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use slipway_store::embedded::backup::Backup;
use slipway_store::embedded::inspect::{FoundState, Inspection, inspect};
use slipway_store::embedded::restore::restore;
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{Error, Revision};
use tempfile::TempDir;

use crate::history::{folder, sealed, tiny, write};

/// A folder with several segments and a snapshot of revision `last`, closed.
async fn closed(last: Revision) -> TempDir {
    closed_with(last, Options { history: 1000, ..tiny() }).await
}

async fn closed_with(last: Revision, options: Options) -> TempDir {
    let dir = folder();
    let store = Embedded::open(dir.path(), options).expect("an empty folder opens");
    write(&store, last).await;
    store.compact().expect("there is room");
    store.close().await;
    dir
}

/// All files below `dir`.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(dir).expect("readable").map(|entry| entry.expect("readable").path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => [(path.clone(), std::fs::read(&path).expect("readable"))].into(),
        })
        .collect()
}

/// Looks at `dir`, which must be the same afterwards.
fn look(dir: &Path) -> Inspection {
    let before = files(dir);
    let found = inspect(dir).expect("it can be read");
    assert_eq!(files(dir), before);
    assert_eq!(found.bytes, before.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    found
}

fn named(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let is_named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    files(dir).into_keys().filter(is_named).collect()
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).expect("readable");
    change(&mut bytes);
    std::fs::write(path, bytes).expect("writable");
}

#[tokio::test]
async fn a_whole_folder_is_found_whole() {
    let dir = closed(60).await;
    let found = look(dir.path());
    assert_eq!((found.problems.len(), found.in_use, found.torn_bytes), (0, false, 0), "{found:?}");
    assert_eq!((found.revision, found.state), (Some(60), FoundState::Trusted));
    assert_eq!(found.oldest_revision, Some(1));
    assert!(found.segments.len() > 2 && found.segments.iter().all(|segment| segment.damage.is_none()));
    let ends: Vec<_> = found.segments.iter().map(|segment| (segment.first, segment.last)).collect();
    assert!(ends.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{ends:?}");
    assert_eq!(found.snapshots.iter().map(|snapshot| snapshot.last).collect::<Vec<_>>(), [60]);
    let store = Embedded::open(dir.path(), tiny()).expect("it was closed");
    assert_eq!(found.format, Some(store.format()));
}

#[tokio::test]
async fn a_folder_in_use_is_found_in_use_and_its_user_is_not_disturbed() {
    let dir = closed(20).await;
    let store = Embedded::open(dir.path(), tiny()).expect("it was closed");
    for last in [21, 40, 60] {
        write(&store, last).await;
        let found = inspect(dir.path()).expect("readable");
        assert!(found.in_use);
        assert_eq!((found.problems, found.revision), (Vec::new(), Some(last)));
    }
    store.close().await;
    assert!(!look(dir.path()).in_use);
}

#[tokio::test]
async fn damage_is_found_where_it_is() {
    let dir = closed(60).await;
    let mut segments = named(dir.path(), "journal-");
    // What is damaged in the last group of the last one is taken for torn.
    segments.pop();
    for path in [segments, named(dir.path(), "snapshot-")].concat() {
        let whole = std::fs::read(&path).expect("readable");
        for at in [3, 20, whole.len() / 2] {
            change(&path, |bytes| bytes[at] ^= 1);
            let found = look(dir.path());
            let all: Vec<_> = [found.segments, found.snapshots].concat();
            let damaged: Vec<_> = all.iter().filter(|file| file.damage.is_some()).collect();
            assert_eq!(damaged.len(), 1, "byte {at} of {}: {damaged:?}", path.display());
            assert!(path.ends_with(&damaged[0].name));
            assert!(!found.problems.is_empty());
            std::fs::write(&path, &whole).expect("writable");
        }
    }
    assert_eq!(look(dir.path()).problems, []);
}

#[tokio::test]
async fn a_torn_end_is_found_and_is_no_damage() {
    let dir = closed(60).await;
    let last = named(dir.path(), "journal-").pop().expect("there are segments");
    change(&last, |bytes| bytes.extend_from_slice(b"SLJ1 half of a record"));
    let found = look(dir.path());
    assert_eq!((found.torn_bytes, found.problems.len(), found.revision), (21, 0, Some(60)));
}

#[tokio::test]
async fn what_is_missing_is_found() {
    let missing = |dir: &TempDir| look(dir.path()).problems.iter().map(ToString::to_string).collect::<String>();
    let dir = closed(60).await;
    let segments = named(dir.path(), "journal-");
    std::fs::remove_file(&segments[segments.len() / 2]).expect("writable");
    assert!(missing(&dir).contains("does not begin the record"), "{}", missing(&dir));
    let dir = closed(60).await;
    for path in [named(dir.path(), "journal-"), named(dir.path(), "snapshot-")].concat() {
        std::fs::remove_file(path).expect("writable");
    }
    assert!(missing(&dir).contains("neither a journal nor a snapshot"), "{}", missing(&dir));
    let dir = closed_with(60, tiny()).await;
    named(dir.path(), "snapshot-").iter().for_each(|path| std::fs::remove_file(path).expect("writable"));
    assert!(missing(&dir).contains("are in no file"), "{}", missing(&dir));
}

#[tokio::test]
async fn a_newer_and_an_unfinished_folder_are_told() {
    let dir = closed(5).await;
    let marker = dir.path().join("FORMAT");
    let whole = std::fs::read_to_string(&marker).expect("readable");
    std::fs::write(&marker, whole.replace("format 1", "format 7")).expect("writable");
    assert!(matches!(look(dir.path()).problems[..], [Error::Newer { found: 7, .. }]));
    std::fs::write(&marker, whole).expect("writable");
    std::fs::write(dir.path().join("RESTORING"), "half").expect("writable");
    assert!(matches!(&look(dir.path()).problems[..], [Error::Corrupt { what, .. }] if what.contains("restored")));
}

#[tokio::test]
async fn the_state_is_told_as_opening_will_take_it() {
    let dir = closed(20).await;
    assert_eq!(look(dir.path()).state, FoundState::Trusted);
    let note = dir.path().join("STATE");
    change(&note, |bytes| *bytes = b"1\nboot another".to_vec());
    assert_eq!(look(dir.path()).state, FoundState::Untrusted);
    std::fs::remove_dir_all(dir.path().join("state")).expect("writable");
    assert_eq!(look(dir.path()).state, FoundState::Absent);
}

#[tokio::test]
async fn a_restored_folder_is_whole_before_it_was_ever_opened() {
    let dir = folder();
    let store = Embedded::open(dir.path().join("from"), sealed()).expect("an empty folder opens");
    write(&store, 9).await;
    let backup: Backup = store.backup().expect("readable");
    let bytes: Vec<u8> = backup.flat_map(|piece| piece.expect("readable")).collect();
    restore(dir.path().join("to"), &bytes[..], None).expect("it is whole");
    let found = look(&dir.path().join("to"));
    assert_eq!((found.problems.len(), found.revision, found.state), (0, None, FoundState::Absent), "{found:?}");
    assert_eq!(found.snapshots[0].last, 9);
}

#[test]
fn a_folder_that_is_not_there_is_told_and_not_made() {
    let dir = folder();
    let path = dir.path().join("none");
    assert!(matches!(inspect(&path), Err(Error::Unavailable { .. })));
    assert!(!path.exists());
}
