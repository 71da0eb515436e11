//! The engine that keeps everything in memory: the executable specification of the laws, for tests
//! and simulations.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use tokio::sync::watch;

use crate::watch::{Batch, Cursor};
use crate::{Change, Commit, Entry, Error, Got, KeyRange, Listing, Outcome, Revision, Store, Txn, Watch};

/// How many commits a cursor takes at once.
const BATCH: usize = 256;

/// A store in memory. Clones are the same store.
#[derive(Clone, Debug)]
pub struct Memory {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// The revision of the last commit, for those who wait for the next.
    revision: watch::Sender<Revision>,
}

#[derive(Debug, Default)]
struct State {
    revision: Revision,
    entries: BTreeMap<Bytes, (Bytes, Revision)>,
    /// The last commits, ending with the one of `revision`.
    history: VecDeque<Arc<Commit>>,
}

impl Memory {
    /// An empty store at revision 0 that keeps its whole history.
    pub fn new() -> Self {
        let shared = Shared { state: Mutex::default(), revision: watch::Sender::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// Forgets the history before revision `oldest`: a watch after `oldest - 1` still works.
    pub fn compact(&self, oldest: Revision) {
        let mut state = self.shared.state();
        while state.history.front().is_some_and(|commit| commit.revision < oldest) {
            state.history.pop_front();
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the state half changed: a transaction is checked before it is applied.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn oldest(&self) -> Revision {
        self.history.front().map_or(self.revision + 1, |commit| commit.revision)
    }

    fn mod_revision(&self, key: &[u8]) -> Revision {
        self.entries.get(key).map_or(0, |(_, mod_revision)| *mod_revision)
    }

    fn range(&self, range: &KeyRange, limit: usize) -> Listing {
        let mut listing = Listing { revision: self.revision, entries: Vec::new(), more: false };
        if range.is_empty() {
            return listing;
        }
        for (key, (value, mod_revision)) in self.entries.range::<[u8], _>(range.bounds()) {
            if limit != 0 && listing.entries.len() == limit {
                listing.more = true;
                break;
            }
            listing.entries.push(Entry { key: key.clone(), value: value.clone(), mod_revision: *mod_revision });
        }
        listing
    }

    fn commit(&mut self, txn: Txn) -> Outcome {
        for compare in txn.compares() {
            let mod_revision = self.mod_revision(&compare.key);
            if mod_revision != compare.mod_revision {
                return Outcome::Conflict { key: compare.key.clone(), mod_revision };
            }
        }
        let changes = self.changes(txn);
        if !changes.is_empty() {
            self.apply(Commit { revision: self.revision + 1, changes });
        }
        Outcome::Committed(self.revision)
    }

    /// What the transaction really changes: deleting an absent key is nothing.
    fn changes(&self, txn: Txn) -> Vec<Change> {
        let change = |(key, value): (Bytes, Option<Bytes>)| match value {
            Some(value) => Some(Change::Put { key, value }),
            None => self.entries.contains_key(&key).then_some(Change::Delete { key }),
        };
        txn.into_writes().into_iter().filter_map(change).collect()
    }

    fn apply(&mut self, commit: Commit) {
        self.revision = commit.revision;
        for change in &commit.changes {
            match change {
                Change::Put { key, value } => self.entries.insert(key.clone(), (value.clone(), commit.revision)),
                Change::Delete { key } => self.entries.remove(key),
            };
        }
        self.history.push_back(Arc::new(commit));
    }

    /// The commits after revision `after`.
    fn commits(&self, after: Revision) -> Result<Batch, Error> {
        let oldest = self.oldest();
        if after + 1 < oldest {
            return Err(Error::Compacted { oldest });
        }
        // Every revision is one commit, so the distance of revisions is the distance in the history.
        let skipped = usize::try_from(after + 1 - oldest).unwrap_or(usize::MAX);
        let commits: Vec<_> = self.history.iter().skip(skipped).take(BATCH).cloned().collect();
        let through = commits.last().map_or(after, |commit| commit.revision);
        Ok(Batch { commits, through })
    }
}

#[async_trait]
impl Store for Memory {
    async fn get(&self, key: &[u8]) -> Result<Got, Error> {
        let state = self.shared.state();
        let entry = state.entries.get_key_value(key).map(|(key, (value, mod_revision))| Entry {
            key: key.clone(),
            value: value.clone(),
            mod_revision: *mod_revision,
        });
        Ok(Got { revision: state.revision, entry })
    }

    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Listing, Error> {
        Ok(self.shared.state().range(range, limit))
    }

    async fn txn(&self, txn: Txn) -> Result<Outcome, Error> {
        txn.check()?;
        let mut state = self.shared.state();
        let outcome = state.commit(txn);
        self.shared.revision.send_replace(state.revision);
        Ok(outcome)
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<Watch, Error> {
        let state = self.shared.state();
        if after > state.revision {
            return Err(Error::Ahead { asked: after, current: state.revision });
        }
        state.commits(after)?;
        let cursor = Reader { shared: Arc::clone(&self.shared), after, revision: self.shared.revision.subscribe() };
        Ok(Watch::new(range, after, Box::new(cursor)))
    }
}

/// A place in the history of a store in memory.
struct Reader {
    shared: Arc<Shared>,
    after: Revision,
    revision: watch::Receiver<Revision>,
}

#[async_trait]
impl Cursor for Reader {
    async fn read(&mut self) -> Result<Batch, Error> {
        // The sender lives in `shared`, which this cursor holds: it cannot go away.
        let after = self.after;
        self.revision.wait_for(|revision| *revision > after).await.map_err(|_| Error::Closed)?;
        let batch = self.shared.state().commits(self.after)?;
        self.after = batch.through;
        Ok(batch)
    }
}
