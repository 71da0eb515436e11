//! Real folders: one opener at a time, and what is in them.

use slipway_store::embedded::{Embedded, Options};
use slipway_store::{Error, Store, Txn};

use crate::history::{Bed, assert_prefix, roomy, tiny, write};

#[tokio::test]
async fn a_second_opener_is_told_that_the_folder_is_in_use() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = Embedded::open(dir.path(), roomy()).expect("an empty folder opens");
    write(&store, 3).await;
    let error = Embedded::open(dir.path(), roomy()).err().expect("it is open");
    let Error::InUse { path } = &error else { panic!("{error}") };
    assert_eq!(path.canonicalize().ok(), dir.path().canonicalize().ok());
    assert!(error.to_string().contains("another data folder"), "{error}");
    // The first one is none the worse for it.
    write(&store, 6).await;
    store.close().await;
    let second = Embedded::open(dir.path(), roomy()).expect("it was closed");
    assert_eq!(assert_prefix(&second).await, 6);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_told() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let error = Embedded::open(file.path().join("below"), roomy()).err().expect("a file is no folder");
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_is_made_with_those_above_it() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = Embedded::open(dir.path().join("a/b/c"), Options::default()).expect("folders are made");
    write(&store, 3).await;
}

#[tokio::test]
async fn a_closed_store_says_so_and_finishes_what_it_accepted() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = Embedded::open(dir.path(), tiny()).expect("an empty folder opens");
    let mut watch = store.watch(slipway_store::KeyRange::all(), 0).await.expect("open");
    write(&store, 3).await;
    let outcome = {
        let mut last = store.txn(crate::history::nth(4));
        // Polled once, it is accepted.
        tokio::select! {
            biased;
            outcome = &mut last => outcome,
            () = store.close() => last.await,
        }
    };
    store.close().await;
    assert_eq!(outcome, Ok(slipway_store::Outcome::Committed(4)));
    assert_eq!(store.txn(crate::history::nth(5)).await, Err(Error::Closed));
    assert_eq!(store.get(b"key 1").await, Err(Error::Closed));
    let waited = async {
        loop {
            if let Err(error) = watch.next().await {
                break error;
            }
        }
    };
    assert_eq!(waited.await, Error::Closed);
    store.close().await;
    drop(store);
    assert_eq!(assert_prefix(&Embedded::open(dir.path(), tiny()).expect("it was closed")).await, 4);
}

#[tokio::test]
async fn the_store_counts_what_it_does() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = Embedded::open(dir.path(), tiny()).expect("an empty folder opens");
    write(&store, 60).await;
    store.compact().expect("the disk has room");
    let stats = store.stats();
    assert_eq!((stats.revision, stats.commits, stats.failed_syncs, stats.rebuilds), (60, 60, 0, 0));
    assert!(stats.syncs > 0 && stats.syncs <= 60 && !stats.sync_time.is_zero());
    assert!(stats.snapshot_revision > 0 && stats.snapshot_bytes > 0 && !stats.snapshot_written_at.is_zero());
    assert!(stats.oldest_revision > 1 && stats.oldest_revision <= 51, "{stats:?}");
}

#[tokio::test]
async fn transactions_wait_when_too_much_is_to_be_written_into_the_state() {
    // Where nothing waits for a disk, so that the state is far behind unless somebody waits for it.
    let bed = Bed::new();
    let store = bed.open(Options { unapplied_bytes: 300, ..roomy() }).expect("an empty disk opens");
    for number in 0..40u64 {
        store.txn(Txn::new().put(format!("key {number}"), vec![7; 100])).await.expect("there is room");
        // One group may go beyond the limit, and the next waits until the state has taken it.
        assert!(store.stats().unapplied_bytes < 1000);
    }
}
