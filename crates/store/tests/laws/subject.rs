//! The engines under test, opened.

use std::sync::Arc;
use std::time::Duration;

use slipway_store::embedded::{Embedded, Options};
use slipway_store::faults::{Faults, Rates};
use slipway_store::memory::Memory;
use slipway_store::{Change, Commit, Outcome, Revision, Store, Txn, Watch};
use tempfile::TempDir;

/// An engine under test.
pub enum Engine {
    Memory,
    Embedded,
    Faults,
}

/// An open store, and what only its engine can do with it.
pub struct Subject {
    pub store: Arc<dyn Store>,
    kept: Kept,
}

enum Kept {
    Memory(Memory),
    Embedded(Arc<Embedded>, TempDir),
}

/// Sizes so small that every test meets the edges.
fn small() -> Options {
    Options { segment_bytes: 4096, history: 0, tail_bytes: 2048, cache_bytes: 1 << 20, ..Options::default() }
}

impl Engine {
    pub async fn open(self) -> Subject {
        match self {
            Self::Memory => {
                let memory = Memory::new();
                Subject { store: Arc::new(memory.clone()), kept: Kept::Memory(memory) }
            }
            Self::Embedded => {
                let dir = tempfile::tempdir().expect("a temporary folder");
                let store = Arc::new(Embedded::open(dir.path(), small()).expect("an empty folder opens"));
                Subject { store: store.clone(), kept: Kept::Embedded(store, dir) }
            }
            Self::Faults => {
                let memory = Memory::new();
                let faults = Faults::new(Arc::new(memory.clone()), 1, Rates::default());
                Subject { store: Arc::new(faults), kept: Kept::Memory(memory) }
            }
        }
    }
}

impl Subject {
    /// Closes the store and opens it again. The memory engine keeps nothing and is left as it is.
    pub async fn reopen(self) -> Self {
        match self.kept {
            Kept::Memory(_) => self,
            Kept::Embedded(store, dir) => {
                store.close().await;
                let store = Arc::new(Embedded::open(dir.path(), small()).expect("it was closed"));
                Self { store: store.clone(), kept: Kept::Embedded(store, dir) }
            }
        }
    }

    /// Writes until there is something to forget, and forgets it.
    pub async fn forget(&self) {
        for number in 0..40 {
            self.put("forgotten", &format!("{number:0200}")).await;
        }
        match &self.kept {
            Kept::Memory(memory) => memory.compact(self.revision().await - 1),
            Kept::Embedded(store, _) => store.compact().expect("the disk has room"),
        }
    }

    pub async fn revision(&self) -> Revision {
        self.store.get(b"revision").await.expect("readable").revision
    }

    pub async fn put(&self, key: &str, value: &str) -> Revision {
        self.commit(Txn::new().put(key.to_owned(), value.to_owned())).await
    }

    pub async fn delete(&self, key: &str) -> Revision {
        self.commit(Txn::new().delete(key.to_owned())).await
    }

    pub async fn commit(&self, txn: Txn) -> Revision {
        match self.store.txn(txn).await.expect("writable") {
            Outcome::Committed(revision) => revision,
            Outcome::Conflict { key, mod_revision } => panic!("{key:?} was modified at {mod_revision}"),
        }
    }

    /// The value of `key`.
    pub async fn value(&self, key: &str) -> Option<String> {
        let got = self.store.get(key.as_bytes()).await.expect("readable");
        got.entry.map(|entry| String::from_utf8(entry.value.to_vec()).expect("text"))
    }
}

/// The next commit, which must come soon.
pub async fn next(watch: &mut Watch) -> Commit {
    let next = tokio::time::timeout(Duration::from_secs(20), watch.next());
    next.await.expect("a commit comes").expect("the watch is whole")
}

/// The next `count` commits, as text.
pub async fn take(watch: &mut Watch, count: usize) -> Vec<(Revision, Vec<String>)> {
    let mut commits = Vec::new();
    for _ in 0..count {
        let commit = next(watch).await;
        commits.push((commit.revision, commit.changes.iter().map(text).collect()));
    }
    commits
}

/// `key=value`, or `-key` for a delete.
pub fn text(change: &Change) -> String {
    let key = String::from_utf8_lossy(change.key());
    match change.value() {
        Some(value) => format!("{key}={}", String::from_utf8_lossy(value)),
        None => format!("-{key}"),
    }
}
