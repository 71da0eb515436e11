//! A picture in memory is always one state that the store had, and it keeps up whatever happens to the watch.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use slipway_store::faults::{Faults, Rates};
use slipway_store::memory::Memory;
use slipway_store::picture::{Feed, Picture};
use slipway_store::{Error, KeyRange, Outcome, Revision, Store, Txn};

/// What the keys under `n/` hold, as numbers.
#[derive(Clone, Debug, Default, PartialEq)]
struct Numbers {
    revision: Revision,
    numbers: BTreeMap<Bytes, (u64, Revision)>,
}

#[derive(Debug, PartialEq)]
enum Trouble {
    Store(Error),
    NotANumber(Bytes),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Picture for Numbers {
    type Error = Trouble;

    fn range() -> KeyRange {
        KeyRange::prefix("n/")
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn advance(&mut self, revision: Revision) {
        self.revision = revision;
    }

    fn put(&mut self, key: &Bytes, value: &[u8], revision: Revision) -> Result<(), Trouble> {
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        self.numbers.insert(key.clone(), (number.ok_or_else(|| Trouble::NotANumber(key.clone()))?, revision));
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) {
        self.numbers.remove(key);
    }
}

impl Numbers {
    fn get(&self, key: &'static str) -> Option<(u64, Revision)> {
        self.numbers.get(key.as_bytes()).copied()
    }
}

async fn commit(store: &dyn Store, txn: Txn) -> Revision {
    match store.txn(txn).await.unwrap() {
        Outcome::Committed(revision) => revision,
        conflict => panic!("{conflict:?}"),
    }
}

/// Does `work` while the feed follows, which must not end meanwhile.
async fn beside<T>(feed: &Feed<Numbers>, store: &dyn Store, work: impl Future<Output = T>) -> T {
    tokio::select! {
        done = work => done,
        error = feed.follow(store) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_picture_begins_with_all_that_the_range_holds() {
    let store = Memory::new();
    commit(&store, Txn::new().put("n/a", "1").put("elsewhere", "no number")).await;
    commit(&store, Txn::new().put("n/b", "2")).await;
    let feed = Feed::<Numbers>::open(&store).await.unwrap();
    let picture = feed.current();
    assert_eq!((picture.revision, picture.get("n/a"), picture.get("n/b")), (2, Some((1, 1)), Some((2, 2))));
    assert_eq!(picture.numbers.len(), 2);
}

#[tokio::test]
async fn a_writer_that_waits_for_its_revision_finds_its_change() {
    let store = Memory::new();
    let feed = Feed::<Numbers>::open(&store).await.unwrap();
    beside(&feed, &store, async {
        let revision = commit(&store, Txn::new().put("n/a", "1")).await;
        feed.reached(revision).await;
        assert_eq!(feed.current().get("n/a"), Some((1, revision)));
        let revision = commit(&store, Txn::new().delete("n/a").put("n/b", "7")).await;
        feed.reached(revision).await;
        assert_eq!((feed.current().get("n/a"), feed.current().get("n/b")), (None, Some((7, revision))));
    })
    .await;
}

#[tokio::test]
async fn a_reader_keeps_the_picture_that_it_has_taken() {
    let store = Memory::new();
    let feed = Feed::<Numbers>::open(&store).await.unwrap();
    let before = feed.current();
    beside(&feed, &store, async {
        let revision = commit(&store, Txn::new().put("n/a", "1")).await;
        feed.reached(revision).await;
    })
    .await;
    assert_eq!((before.revision, before.numbers.len()), (0, 0));
}

#[tokio::test]
async fn a_picture_that_fell_behind_what_is_kept_is_read_again() {
    let store = Memory::new();
    let feed = Feed::<Numbers>::open(&store).await.unwrap();
    for number in 1..=5 {
        commit(&store, Txn::new().put("n/a", number.to_string())).await;
    }
    store.compact(5);
    beside(&feed, &store, feed.reached(5)).await;
    assert_eq!(feed.current().get("n/a"), Some((5, 5)));
}

#[tokio::test]
async fn what_breaks_the_watch_ends_the_following_and_the_next_misses_nothing() {
    let memory = Arc::new(Memory::new());
    let store = Faults::new(memory.clone(), 5, Rates { break_watch: 0.5, refuse: 0.3, ..Rates::default() });
    let feed = loop {
        if let Ok(feed) = Feed::<Numbers>::open(&store).await {
            break feed;
        }
    };
    let mut broken = 0;
    for number in 1..=50_u64 {
        let revision = commit(&*memory, Txn::new().put(format!("n/{number}"), number.to_string())).await;
        let reached = feed.reached(revision);
        tokio::pin!(reached);
        loop {
            tokio::select! {
                biased;
                () = &mut reached => break,
                error = feed.follow(&store) => assert!(matches!(error, Trouble::Store(_)), "{error:?}"),
            }
            broken += 1;
        }
        assert_eq!(feed.current().numbers.len() as u64, number);
    }
    assert!(broken > 10, "{broken}");
}

#[tokio::test]
async fn an_entry_that_is_not_understood_leaves_the_picture_before_its_transaction() {
    let store = Memory::new();
    let feed = Feed::<Numbers>::open(&store).await.unwrap();
    beside(&feed, &store, async {
        let revision = commit(&store, Txn::new().put("n/a", "1")).await;
        feed.reached(revision).await;
    })
    .await;
    commit(&store, Txn::new().put("n/b", "2").put("n/c", "three")).await;
    let not_a_number = Trouble::NotANumber(Bytes::from_static(b"n/c"));
    assert_eq!(feed.follow(&store).await, not_a_number);
    let picture = feed.current();
    assert_eq!((picture.revision, picture.get("n/b")), (1, None));
    assert_eq!(Feed::<Numbers>::open(&store).await.unwrap_err(), not_a_number);
}
