//! A group of transactions, decided in order: each against the durable entries and the writes of
//! those before it. Nothing is written here.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::view::View;
use crate::{Change, Commit, Error, Outcome, Revision, Txn};

/// Transactions that become durable together.
pub(super) struct Group<'a> {
    /// The newest view.
    view: &'a View,
    /// The revisions of the keys that this group writes; 0 where it deletes.
    written: HashMap<Bytes, Revision>,
    pub commits: Vec<Arc<Commit>>,
}

impl<'a> Group<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        Self { view, written: HashMap::new(), commits: Vec::new() }
    }

    /// Decides `txn`. The outcome may be told only once all commits so far are durable, for it may
    /// depend on them.
    ///
    /// # Errors
    /// Definite: a key could not be read, and the transaction takes no part.
    pub(super) fn decide(&mut self, txn: Txn) -> Result<Outcome, Error> {
        for compare in txn.compares() {
            let mod_revision = self.mod_revision(&compare.key)?;
            if mod_revision != compare.mod_revision {
                return Ok(Outcome::Conflict { key: compare.key.clone(), mod_revision });
            }
        }
        let changes = self.changes(txn)?;
        if !changes.is_empty() {
            self.commit(changes);
        }
        Ok(Outcome::Committed(self.revision()))
    }

    /// What the transaction really changes: deleting an absent key is nothing.
    fn changes(&self, txn: Txn) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::with_capacity(txn.writes().len());
        for (key, value) in txn.into_writes() {
            match value {
                Some(value) => changes.push(Change::Put { key, value }),
                None if self.mod_revision(&key)? == 0 => {}
                None => changes.push(Change::Delete { key }),
            }
        }
        Ok(changes)
    }

    fn commit(&mut self, changes: Vec<Change>) {
        let revision = self.revision() + 1;
        for change in &changes {
            let mod_revision = if change.value().is_some() { revision } else { 0 };
            self.written.insert(change.key().clone(), mod_revision);
        }
        self.commits.push(Arc::new(Commit { revision, changes }));
    }

    fn revision(&self) -> Revision {
        self.view.tip.revision + self.commits.len() as u64
    }

    fn mod_revision(&self, key: &Bytes) -> Result<Revision, Error> {
        match self.written.get(key) {
            Some(mod_revision) => Ok(*mod_revision),
            None => self.view.mod_revision(key),
        }
    }
}
