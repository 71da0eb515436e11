//! The current entries: a view that can always be made again from the journal.
//!
//! As a rule they are in sled. Nothing there is trusted to survive: changes are written in the order
//! of their revisions, and the mark that says how far they reach is written after them. sled recovers
//! a prefix of what was written to it, so after a killed process the mark is never ahead of the
//! entries; and replaying the journal from the mark, whose writes do not depend on what they replace,
//! leads to the right state whatever lay beyond it.
//!
//! Where sled cannot be used, as on a full disk, the entries are kept in memory until it can be.

mod tree;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use imbl::OrdMap;

use self::tree::Tree;
use super::record::Tip;
use super::view::Slot;
use crate::{Error, KeyRange, Revision};

/// An entry on its way out of a state.
pub(super) type Item = Result<(Bytes, Slot), Error>;

/// The entries as of some revision, on their way to a later one.
pub(super) struct State {
    entries: Entries,
    /// Every change up to this revision is written.
    applied: AtomicU64,
    /// No change after this revision has been begun to be written.
    touched: AtomicU64,
}

enum Entries {
    Tree(Tree),
    Memory(Memory),
}

/// Entries in memory; `None` once closed.
#[derive(Default)]
struct Memory {
    slots: RwLock<Option<OrdMap<Bytes, Slot>>>,
}

impl State {
    /// Opens the state in the folder `path`, creating it if it is not there, and says how far it
    /// reaches: `None` if nobody knows.
    pub(super) fn open(path: &Path, cache_bytes: u64) -> Result<(Self, Option<Tip>), Error> {
        let (tree, mark) = Tree::open(path, cache_bytes)?;
        let revision = mark.map_or(0, |tip| tip.revision);
        Ok((Self::at(Entries::Tree(tree), revision), mark))
    }

    /// An empty state in memory.
    pub(super) fn in_memory() -> Self {
        Self::at(Entries::Memory(Memory { slots: RwLock::new(Some(OrdMap::new())) }), 0)
    }

    fn at(entries: Entries, revision: Revision) -> Self {
        Self { entries, applied: AtomicU64::new(revision), touched: AtomicU64::new(revision) }
    }

    /// The entries are in memory only.
    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self.entries, Entries::Memory(_))
    }

    /// What is written here may be lost or unreadable: it must be made again.
    pub(super) fn has_failed(&self) -> bool {
        match &self.entries {
            Entries::Tree(tree) => tree.has_failed(),
            Entries::Memory(_) => false,
        }
    }

    /// Every change up to this revision is written.
    pub(super) fn applied(&self) -> Revision {
        self.applied.load(Ordering::SeqCst)
    }

    /// No change after this revision has been begun to be written: what was read before asking this
    /// is a state at most as new.
    pub(super) fn touched(&self) -> Revision {
        self.touched.load(Ordering::SeqCst)
    }

    /// The entry of `key`.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slot>, Error> {
        match &self.entries {
            Entries::Tree(tree) => tree.get(key),
            Entries::Memory(memory) => Ok(memory.slots().as_ref().ok_or(Error::Closed)?.get(key).cloned()),
        }
    }

    /// The revision that last wrote `key`; 0 if it is absent.
    pub(super) fn mod_revision(&self, key: &[u8]) -> Result<Revision, Error> {
        Ok(self.get(key)?.map_or(0, |slot| slot.mod_revision))
    }

    /// The entries in `range`, which is not empty, in order. They are of one revision only if nothing
    /// is written meanwhile.
    pub(super) fn scan<'a>(&'a self, range: &KeyRange) -> Result<Box<dyn Iterator<Item = Item> + 'a>, Error> {
        match &self.entries {
            Entries::Tree(tree) => Ok(Box::new(tree.scan(range)?)),
            Entries::Memory(memory) => {
                // A copy shares all that it has in common, so it costs nothing, and is read step by step.
                let slots = memory.slots().clone().ok_or(Error::Closed)?;
                let mut rest = range.clone();
                Ok(Box::new(std::iter::from_fn(move || {
                    let mut inside = (!rest.is_empty()).then(|| slots.range::<_, [u8]>(rest.bounds()))?;
                    let (key, slot) = inside.next().map(|(key, slot)| (key.clone(), slot.clone()))?;
                    rest = rest.after(&key);
                    Some(Ok((key, slot)))
                })))
            }
        }
    }

    /// Writes `changes`, and then that everything up to `tip` is written.
    pub(super) fn apply<'a>(
        &self,
        changes: impl Iterator<Item = (&'a Bytes, &'a Slot)>,
        tip: Tip,
    ) -> Result<(), Error> {
        self.touched.fetch_max(tip.revision, Ordering::SeqCst);
        match &self.entries {
            Entries::Tree(tree) => tree.apply(changes, tip)?,
            Entries::Memory(memory) => memory.apply(changes)?,
        }
        self.applied.fetch_max(tip.revision, Ordering::SeqCst);
        Ok(())
    }

    /// Gives everything back; reads end with [`Error::Closed`]. What is on the disk is durable if this
    /// succeeds.
    pub(super) fn close(&self) -> Result<(), Error> {
        match &self.entries {
            Entries::Tree(tree) => tree.close(),
            Entries::Memory(memory) => {
                *memory.slots.write().unwrap_or_else(PoisonError::into_inner) = None;
                Ok(())
            }
        }
    }
}

impl Memory {
    fn slots(&self) -> RwLockReadGuard<'_, Option<OrdMap<Bytes, Slot>>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply<'a>(&self, changes: impl Iterator<Item = (&'a Bytes, &'a Slot)>) -> Result<(), Error> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let slots = slots.as_mut().ok_or(Error::Closed)?;
        for (key, slot) in changes {
            match slot.value {
                Some(_) => slots.insert(key.clone(), slot.clone()),
                None => slots.remove(key),
            };
        }
        Ok(())
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("State");
        shown.field("applied", &self.applied).field("touched", &self.touched).finish_non_exhaustive()
    }
}
