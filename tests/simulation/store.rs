//! The stores of a simulated service, one in front of the other: what it keeps for ever, with a witness of every
//! transaction; faults; and the death of the one life that uses it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use slipway_store::memory::Memory;
use slipway_store::watch::{Batch, Cursor};
use slipway_store::{Change, Commit, Error, Got, KeyRange, Listing, Outcome, Revision, Store, Txn, Watch};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::chronicle::{Chronicle, Life, What};

/// What a service keeps, over all its lives. Its watches wake in the order in which they began to wait, so that the
/// same seed gives the same history.
#[derive(Clone)]
pub struct Kept {
    memory: Memory,
    commits: Arc<Mutex<Vec<Arc<Commit>>>>,
    /// The oldest revision whose changes are still told.
    oldest: Arc<AtomicU64>,
    news: Arc<Notify>,
}

impl Kept {
    /// Nothing yet.
    pub fn new() -> Self {
        let oldest = Arc::new(AtomicU64::new(1));
        Self { memory: Memory::new(), commits: Arc::default(), oldest, news: Arc::default() }
    }

    /// From now on nobody is told any more of what has changed up to now.
    pub fn compact(&self) {
        let next = self.commits().len() as Revision + 1;
        self.oldest.store(next, Ordering::Relaxed);
    }

    /// The changes after revision `after`.
    fn since(&self, after: Revision) -> Result<Vec<Arc<Commit>>, Error> {
        let commits = self.commits();
        let current = commits.len() as Revision;
        if after > current {
            return Err(Error::Ahead { asked: after, current });
        }
        let oldest = self.oldest.load(Ordering::Relaxed);
        if after + 1 < oldest {
            return Err(Error::Compacted { oldest });
        }
        let read = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(commits.iter().skip(read).cloned().collect())
    }

    fn commits(&self) -> MutexGuard<'_, Vec<Arc<Commit>>> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As the life `life` of its service sees it.
    pub fn witnessed(&self, life: Life, chronicle: &Chronicle) -> Witnessed {
        Witnessed { kept: self.clone(), life, chronicle: chronicle.clone() }
    }
}

/// What a service keeps, with every transaction written down as one of the service's lives made it.
pub struct Witnessed {
    kept: Kept,
    life: Life,
    chronicle: Chronicle,
}

fn written((key, value): &(Bytes, Option<Bytes>)) -> Change {
    match value {
        Some(value) => Change::Put { key: key.clone(), value: value.clone() },
        None => Change::Delete { key: key.clone() },
    }
}

#[async_trait]
impl Store for Witnessed {
    async fn get(&self, key: &[u8]) -> Result<Got, Error> {
        self.kept.memory.get(key).await
    }

    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Listing, Error> {
        self.kept.memory.range(range, limit).await
    }

    async fn txn(&self, txn: Txn) -> Result<Outcome, Error> {
        let mut writes = Vec::new();
        for (key, value) in txn.writes() {
            if value.is_some() || self.kept.memory.get(key).await?.entry.is_some() {
                writes.push((key.clone(), value.clone()));
            }
        }
        let outcome = self.kept.memory.txn(txn).await?;
        if let Outcome::Committed(revision) = outcome
            && !writes.is_empty()
        {
            let changes = writes.iter().map(written).collect();
            self.kept.commits().push(Arc::new(Commit { revision, changes }));
            self.chronicle.write(What::Committed(self.life, revision, writes));
            self.kept.news.notify_waiters();
        }
        Ok(outcome)
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<Watch, Error> {
        self.kept.since(after)?;
        Ok(Watch::new(range, after, Box::new(Reader { kept: self.kept.clone(), after })))
    }
}

/// A place in the order of commits.
struct Reader {
    kept: Kept,
    after: Revision,
}

#[async_trait]
impl Cursor for Reader {
    async fn read(&mut self) -> Result<Batch, Error> {
        loop {
            let news = self.kept.news.notified();
            let commits = self.kept.since(self.after)?;
            if let Some(last) = commits.last() {
                self.after = last.revision;
                return Ok(Batch { commits, through: self.after });
            }
            news.await;
        }
    }
}

/// When a life ends: after so many boundaries of operations of its store.
pub struct Fuse {
    died: CancellationToken,
    state: Mutex<Burning>,
}

#[derive(Default)]
struct Burning {
    passed: u64,
    left: Option<u64>,
}

impl Fuse {
    /// A life that does not end by itself.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { died: CancellationToken::new(), state: Mutex::default() })
    }

    /// Is cancelled at the life's end.
    pub fn died(&self) -> &CancellationToken {
        &self.died
    }

    /// Ends the life when it passes one more boundary after `left` others.
    pub fn light(&self, left: u64) {
        self.burning().left = Some(left);
    }

    /// The life does not end by itself after all.
    pub fn put_out(&self) {
        self.burning().left = None;
    }

    /// How many boundaries the life has passed.
    pub fn passed(&self) -> u64 {
        self.burning().passed
    }

    fn burning(&self) -> MutexGuard<'_, Burning> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes one boundary; never comes back from the last one.
    async fn pass(&self) {
        if !self.died.is_cancelled() {
            let mut burning = self.burning();
            burning.passed += 1;
            match burning.left {
                Some(0) => self.died.cancel(),
                Some(left) => burning.left = Some(left - 1),
                None => {}
            }
        }
        if self.died.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }
}

/// A store whose user dies at a boundary of an operation: before it, or after it and before its answer is heard.
pub struct Mortal {
    /// The store.
    pub store: Arc<dyn Store>,
    /// When its user dies.
    pub fuse: Arc<Fuse>,
}

#[async_trait]
impl Store for Mortal {
    async fn get(&self, key: &[u8]) -> Result<Got, Error> {
        self.fuse.pass().await;
        let got = self.store.get(key).await;
        self.fuse.pass().await;
        got
    }

    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Listing, Error> {
        self.fuse.pass().await;
        let listing = self.store.range(range, limit).await;
        self.fuse.pass().await;
        listing
    }

    async fn txn(&self, txn: Txn) -> Result<Outcome, Error> {
        self.fuse.pass().await;
        let outcome = self.store.txn(txn).await;
        self.fuse.pass().await;
        outcome
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<Watch, Error> {
        self.fuse.pass().await;
        self.store.watch(range, after).await
    }
}
