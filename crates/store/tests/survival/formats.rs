//! Data folders of other versions: a newer one is refused in plain words and left as it is, byte for byte.

use std::collections::BTreeMap;

use slipway_store::Error;
use slipway_store::disk::{Disk, Simulated};
use slipway_store::embedded::{Embedded, Options};

use crate::history::{Bed, assert_prefix, names, roomy, sealed, tiny, write};

/// All files of a disk.
fn files(disk: &Simulated) -> BTreeMap<String, Vec<u8>> {
    let names = disk.list().expect("readable");
    names.into_iter().map(|name| (name.clone(), disk.contents(&name).expect("it was listed"))).collect()
}

/// A store that was closed with several segments and a snapshot.
async fn closed() -> Bed {
    let bed = Bed::new();
    let store = bed.open(tiny()).expect("an empty disk opens");
    write(&store, 40).await;
    store.compact().expect("the disk has room");
    store.close().await;
    bed
}

fn marker(bed: &Bed) -> String {
    String::from_utf8(bed.disk.contents("FORMAT").expect("every folder has one")).expect("it is text")
}

/// Asserts that the folder is refused as one whose `part` is newer, and nothing in it is changed.
fn assert_refused(bed: &Bed, options: Options, part: &str) {
    let before = files(&bed.disk);
    let error = bed.open(options).err().expect("it is newer");
    assert!(matches!(&error, Error::Newer { part: found, found: 7, supported: 1, .. } if *found == part), "{error}");
    let text = error.to_string();
    let words =
        [&format!("{part} of format 7"), "reads up to 1", "nothing was changed", "use the version that wrote it"];
    assert!(words.iter().all(|words| text.contains(*words)), "{text}");
    assert_eq!(files(&bed.disk), before);
}

#[tokio::test]
async fn a_folder_says_what_it_is_before_anything_else_is_in_it() {
    let bed = Bed::new();
    // There is room for the marker and for nothing else.
    bed.disk.set_quota(80);
    assert!(matches!(bed.open(tiny()).err(), Some(Error::Full { .. })));
    assert!(bed.segments().iter().all(|name| name.ends_with(".tmp")), "{:?}", bed.segments());
    let text = marker(&bed);
    assert!(text.starts_with("slipway store\nformat 1\nrows 1\nid "), "{text}");
    for seed in 0..4 {
        let after = Bed::on(bed.disk.after_power_cut(seed));
        assert_eq!(marker(&after), text, "it is durable");
    }
}

#[tokio::test]
async fn files_of_a_newer_format_are_refused_and_not_touched() {
    let bed = closed().await;
    // Whatever else there may be in it by then.
    bed.disk.set_contents("FORMAT", b"slipway store\nformat 7\nsomething new\n".to_vec());
    bed.disk.set_contents("journal-new", b"something new".to_vec());
    bed.disk.set_contents("half.tmp", b"half".to_vec());
    assert_refused(&bed, tiny(), "files");
}

#[tokio::test]
async fn rows_of_a_newer_layout_are_refused_and_not_touched() {
    let bed = closed().await;
    bed.disk.set_contents("FORMAT", marker(&bed).replace("rows 1", "rows 7").into_bytes());
    assert_refused(&bed, tiny(), "rows");
    assert_eq!(assert_prefix(&bed.open(Options { rows: 7, ..tiny() }).expect("it knows them")).await, 40);
}

#[tokio::test]
async fn rows_are_marked_before_a_newer_program_writes_the_first_one() {
    let bed = closed().await;
    let id = bed.open(tiny()).expect("it was closed").format().store;
    let store = bed.open(Options { rows: 7, ..tiny() }).expect("older rows are read");
    assert_eq!((store.format().rows, store.format().store), (7, id));
    // At once, whether or not anything was written.
    for seed in 0..4 {
        assert_refused(&Bed::on(bed.disk.after_power_cut(seed)), tiny(), "rows");
    }
    store.close().await;
    assert_refused(&bed, tiny(), "rows");
}

#[tokio::test]
async fn a_segment_and_a_snapshot_of_a_newer_format_are_refused_even_without_the_marker() {
    for prefix in ["journal-", "snapshot-"] {
        let bed = closed().await;
        bed.disk.remove("FORMAT").expect("it was closed");
        let name = names(&bed.disk, prefix).pop().expect("there is one");
        let mut bytes = bed.disk.contents(&name).expect("it was listed");
        // The rest of the header may be another one by then.
        bytes.truncate(20);
        bytes[8] = 7;
        bed.disk.set_contents(&name, bytes);
        assert_refused(&bed, tiny(), "files");
    }
}

#[tokio::test]
async fn a_snapshot_with_rows_of_a_newer_layout_is_refused_even_without_the_marker() {
    let bed = Bed::new();
    let store = bed.open(Options { rows: 7, ..sealed() }).expect("an empty disk opens");
    write(&store, 20).await;
    store.compact().expect("the disk has room");
    store.close().await;
    bed.disk.remove("FORMAT").expect("it was closed");
    assert_refused(&bed, sealed(), "rows");
}

#[tokio::test]
async fn a_folder_from_before_there_were_markers_gets_one() {
    let bed = closed().await;
    bed.disk.remove("FORMAT").expect("it was closed");
    let store = bed.open(tiny()).expect("its files are of format 1");
    assert_eq!(assert_prefix(&store).await, 40);
    assert!(marker(&bed).contains(&format!("id {}", store.format().store)));
}

#[tokio::test]
async fn a_marker_that_is_not_one_is_told() {
    let bed = closed().await;
    let whole = marker(&bed);
    let cut = |length: usize| whole[..length].to_owned();
    let texts = [cut(0), cut(10), cut(20), cut(32), cut(60), whole.replace("format 1", "format 0"), "x".repeat(99)];
    for text in texts {
        bed.disk.set_contents("FORMAT", text.clone().into_bytes());
        let error = bed.open(tiny()).err().expect("it says nothing");
        assert!(matches!(&error, Error::Corrupt { path, .. } if path.ends_with("FORMAT")), "{text:?}: {error}");
    }
}

#[tokio::test]
async fn two_stores_have_two_ids_and_each_keeps_its_own() {
    let (one, other) = (closed().await, closed().await);
    let id = |bed: &Bed| bed.open(tiny()).expect("it was closed").format().store;
    assert_eq!(id(&one), id(&one));
    assert_ne!(id(&one), id(&other));
}

#[test]
fn a_newer_folder_is_refused_before_even_its_lock_is_made() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(dir.path().join("FORMAT"), "slipway store\nformat 7\n").expect("writable");
    let error = Embedded::open(dir.path(), roomy()).err().expect("it is newer");
    assert!(matches!(error, Error::Newer { .. }), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 1);
}

#[tokio::test]
async fn a_state_of_another_layout_is_made_again() {
    let bed = closed().await;
    let state = bed.states.path().join("state");
    let generation = std::fs::read_dir(&state).expect("readable").next().expect("there is one").expect("readable");
    let db = sled::open(generation.path()).expect("it was closed");
    let mark = db.get(b"").expect("readable").expect("every state has one");
    db.insert(b"", [&[7][..], &mark[1..]].concat()).expect("writable");
    // What such an entry means nobody here knows.
    db.insert("key 1", "a newer entry").expect("writable");
    drop(db);
    assert_eq!(assert_prefix(&bed.open(tiny()).expect("the journal is whole")).await, 40);
    assert!(!generation.path().exists(), "it was believed");
}

fn of(service: &str) -> Options {
    Options { service: Some(service.to_owned()), ..tiny() }
}

#[tokio::test]
async fn the_folder_of_another_service_is_refused_in_plain_words_and_not_touched() {
    let bed = Bed::new();
    let store = bed.open(of("health")).expect("an empty disk opens");
    write(&store, 20).await;
    store.close().await;
    let before = files(&bed.disk);
    let error = bed.open(of("registry")).err().expect("it is of health");
    let text = error.to_string();
    assert!(text.contains("of the service health, and registry was to open it; nothing was changed"), "{text}");
    assert_eq!(files(&bed.disk), before);
    assert_eq!(assert_prefix(&bed.open(Options { rows: 7, ..of("health") }).expect("it is its own")).await, 20);
    assert!(marker(&bed).ends_with("service health\n"), "newer rows are still its own: {}", marker(&bed));
}

#[tokio::test]
async fn a_folder_that_does_not_say_whose_it_is_is_opened_and_taken_for_nobodys() {
    let bed = closed().await;
    for service in ["health", "registry"] {
        let store = bed.open(of(service)).expect("it says nothing");
        assert_eq!(assert_prefix(&store).await, 40);
        store.close().await;
    }
    bed.disk.remove("FORMAT").expect("it was closed");
    bed.open(of("health")).expect("it says nothing").close().await;
    assert!(!marker(&bed).contains("service"), "{}", marker(&bed));
}
