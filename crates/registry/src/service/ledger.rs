//! What makes the ledger tamper-evident: signed checkpoints, proofs, and the whole of it byte for byte.

use std::sync::Arc;

use futures_util::{Stream, stream};
use slipway_chassis::Caller;
use slipway_domain::ledger::checkpoint::Checkpoint;
use slipway_domain::ledger::hash::Hash;
use slipway_domain::ledger::leaf::Leaf;
use slipway_domain::ledger::proof::Head;
use slipway_store::{Entry, Revision};

use super::Registry;
use crate::Error;
use crate::state::State;

/// So many bytes of entries make a part of an export.
const PART: usize = 256 << 10;

/// A moment in the life of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// As it is.
    Now,
    /// When it had so many entries.
    Size(u64),
    /// When the registry was at this revision.
    Revision(Revision),
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// By its number, from 0.
    Index(u64),
    /// By the revision that it made, and the resource that was changed.
    Change(Revision, String),
}

/// What the ledger was at a moment.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The signed note.
    pub note: String,
    /// What it says.
    pub head: Head,
    /// The revision of the last entry.
    pub revision: Revision,
    /// The key that the note is verified with.
    pub key: String,
}

/// An entry with the proof that it is in the ledger.
#[derive(Debug, Clone)]
pub struct Included {
    /// Which one, from 0.
    pub index: u64,
    /// Its bytes.
    pub leaf: Vec<u8>,
    /// The proof.
    pub hashes: Vec<Hash>,
    /// The ledger.
    pub signed: Signed,
}

/// A part of an export.
#[derive(Debug, Clone)]
pub enum Exported {
    /// The next entries: the number of the first, and the bytes of each.
    Entries(u64, Vec<Vec<u8>>),
    /// All that was asked for has come, and this is what it comes to.
    Complete(Signed),
}

impl Registry {
    /// Says what the ledger is, or was.
    ///
    /// # Errors
    /// `LEDGER_SHORTER` and `REVISION_AHEAD` for a moment that has not come.
    pub fn get_checkpoint(&self, caller: &Caller, moment: Moment) -> Result<Signed, Error> {
        check_everything(caller)?;
        let state = self.feed.current();
        self.sign(&state, size(&state, moment)?)
    }

    /// Returns an entry, and proves that it is in the ledger.
    ///
    /// # Errors
    /// `LEDGER_SHORTER`; `NOT_FOUND` for an entry that is not there; `STORE_UNAVAILABLE`.
    pub async fn prove_inclusion(&self, caller: &Caller, which: &Which, moment: Moment) -> Result<Included, Error> {
        check_everything(caller)?;
        let state = self.feed.current();
        let size = size(&state, moment)?;
        let index = match which {
            Which::Index(index) => Some(*index),
            Which::Change(revision, resource) => state.ledger.find(*revision, resource),
        };
        let proven = index.and_then(|index| Some((index, state.ledger.tree().inclusion(index, size)?)));
        let (index, hashes) = proven.ok_or_else(|| Error::NotFound { name: which.in_ledger_of(size) })?;
        let leaf = self.read_leaf(&state, index).await?;
        Ok(Included { index, leaf, hashes, signed: self.sign(&state, size)? })
    }

    /// Proves that the ledger begins with what it was when it had `old` entries.
    ///
    /// # Errors
    /// `LEDGER_SHORTER`; `INVALID_FIELDS` if the older ledger is the longer one.
    pub fn prove_consistency(&self, caller: &Caller, old: u64, moment: Moment) -> Result<(Vec<Hash>, Signed), Error> {
        check_everything(caller)?;
        let state = self.feed.current();
        let new = size(&state, moment)?;
        size(&state, Moment::Size(old))?;
        let hashes = state.ledger.tree().consistency(old, new);
        let longer = || Error::invalid("old_size", "OUT_OF_BOUNDS", format!("must not be more than {new}"));
        Ok((hashes.ok_or_else(longer)?, self.sign(&state, new)?))
    }

    /// Streams the entries from `first` on, and at last the checkpoint.
    ///
    /// # Errors
    /// `LEDGER_SHORTER`; on the way `ROW_DAMAGED` for an entry that is not what it was, and `STORE_UNAVAILABLE`.
    pub fn export_ledger(
        self: &Arc<Self>,
        caller: &Caller,
        first: u64,
        moment: Moment,
    ) -> Result<impl Stream<Item = Result<Exported, Error>> + Send + use<>, Error> {
        check_everything(caller)?;
        let state = self.feed.current();
        let size = size(&state, moment)?;
        let last = Some(self.sign(&state, size)?);
        let exporting = Exporting { registry: Arc::clone(self), state, next: first, size, last };
        Ok(stream::try_unfold(exporting, Exporting::step))
    }

    fn sign(&self, state: &State, size: u64) -> Result<Signed, Error> {
        let current = state.ledger.tree().size();
        let root = state.ledger.tree().root(size).ok_or(Error::LedgerShorter { asked: size, current })?;
        let (verifier, head) = (self.signer.verifier(), Head { size, root });
        let checkpoint = Checkpoint { origin: verifier.name().to_owned(), head };
        let last = size.checked_sub(1).and_then(|last| state.ledger.place(last));
        let revision = last.map_or(0, |place| place.revision);
        Ok(Signed { note: checkpoint.sign(&self.signer), head, revision, key: verifier.to_string() })
    }

    /// The bytes of an entry, which are still those that the tree is made over.
    async fn read_leaf(&self, state: &State, index: u64) -> Result<Vec<u8>, Error> {
        let entry = self.read_entry(state, index).await?;
        Ok(Leaf { revision: entry.mod_revision, key: &entry.key, record: &entry.value }.encode())
    }

    /// An entry as it lies in the store, which is still what the tree is made over.
    pub(super) async fn read_entry(&self, state: &State, index: u64) -> Result<Entry, Error> {
        let missing = || Error::NotFound { name: Which::Index(index).in_ledger_of(state.ledger.tree().size()) };
        let place = state.ledger.place(index).ok_or_else(missing)?;
        let entry = self.store.get(&place.key).await?.entry;
        let entry = entry.ok_or_else(|| Error::damaged(&place.key, &"the ledger has lost it"))?;
        let leaf = Leaf { revision: entry.mod_revision, key: &entry.key, record: &entry.value };
        if Some(leaf.hash()) != state.ledger.tree().leaf(index) {
            return Err(Error::damaged(&place.key, &"the ledger had something else there"));
        }
        Ok(entry)
    }
}

impl Which {
    /// What is not there when it is not found.
    fn in_ledger_of(&self, size: u64) -> String {
        match self {
            Self::Index(index) => format!("entry {index} in the ledger of {size} entries"),
            Self::Change(revision, resource) => {
                format!("change of {resource:?} at revision {revision} in the ledger of {size} entries")
            }
        }
    }
}

/// Makes sure that the caller may have everything that is in the ledger.
fn check_everything(caller: &Caller) -> Result<(), Error> {
    if caller.granted.grant.covers_everything() { Ok(()) } else { Err(caller.denied(&"the whole ledger").into()) }
}

/// How many entries the ledger had at `moment`.
fn size(state: &State, moment: Moment) -> Result<u64, Error> {
    let current = state.ledger.tree().size();
    match moment {
        Moment::Now => Ok(current),
        Moment::Size(asked) if asked > current => Err(Error::LedgerShorter { asked, current }),
        Moment::Size(size) => Ok(size),
        Moment::Revision(asked) if asked > state.revision => Err(Error::Ahead { asked, current: state.revision }),
        Moment::Revision(revision) => Ok(state.ledger.size_at(revision)),
    }
}

/// An export under way.
struct Exporting {
    registry: Arc<Registry>,
    /// What the ledger was when it began.
    state: Arc<State>,
    next: u64,
    size: u64,
    last: Option<Signed>,
}

impl Exporting {
    async fn step(mut self) -> Result<Option<(Exported, Self)>, Error> {
        let (first, mut leaves, mut bytes) = (self.next, Vec::new(), 0);
        while self.next < self.size && bytes < PART {
            let leaf = self.registry.read_leaf(&self.state, self.next).await?;
            bytes += leaf.len();
            leaves.push(leaf);
            self.next += 1;
        }
        if !leaves.is_empty() {
            return Ok(Some((Exported::Entries(first, leaves), self)));
        }
        Ok(self.last.take().map(|signed| (Exported::Complete(signed), self)))
    }
}
