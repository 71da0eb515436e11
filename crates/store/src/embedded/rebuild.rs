//! Making the state: from a snapshot, from the journal, or from what sled still has and the rest of
//! the journal.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;

use super::blocks::Piece;
use super::journal::{Journal, Position};
use super::record::Tip;
use super::snapshot::{self, Snapshot};
use super::state::State;
use super::view::Slot;
use crate::disk::Disk;
use crate::{Change, Error, Revision};

/// Changes are written into the state in pieces of about this many bytes.
const PIECE: usize = 32 * 1024 * 1024;

/// What a state can be made from.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub disk: &'a dyn Disk,
    pub snapshot: Option<&'a Snapshot>,
    pub journal: &'a Journal,
    /// The revision of which the state is to be, at least: a snapshot may be newer.
    pub through: Revision,
}

/// Makes a state in the folder `path`, where nothing may be.
pub(super) fn build(path: &Path, cache_bytes: u64, sources: Sources<'_>) -> Result<State, Error> {
    let (state, _) = State::open(path, cache_bytes)?;
    fill(state, sources)
}

/// Makes a state in memory.
pub(super) fn build_in_memory(sources: Sources<'_>) -> Result<State, Error> {
    fill(State::in_memory(), sources)
}

fn fill(state: State, Sources { disk, snapshot, journal, through }: Sources<'_>) -> Result<State, Error> {
    let tip = match snapshot {
        Some(snapshot) => load(&state, disk, snapshot)?,
        None => Tip::default(),
    };
    let position = journal.locate(tip.revision)?;
    replay(&state, journal, position, through)?;
    Ok(state)
}

/// Writes the contents of `snapshot` into the empty `state`.
fn load(state: &State, disk: &dyn Disk, snapshot: &Snapshot) -> Result<Tip, Error> {
    let mut pending = Pending::default();
    // The mark stays at the beginning until all is there: half a snapshot is the state of no revision.
    let whole = snapshot::read(disk, &snapshot.name, |piece| {
        match piece {
            Piece::Entry(key, slot) => pending.add(key, slot),
            Piece::Changes(revision, changes) => pending.extend(revision, &changes),
        }
        pending.flush_if_large(state, Tip::default())
    })?;
    pending.flush(state, whole.tip)?;
    Ok(whole.tip)
}

/// Brings `state`, which is as of `position`, to revision `through`.
pub(super) fn replay(state: &State, journal: &Journal, mut position: Position, through: Revision) -> Result<(), Error> {
    let mut pending = Pending::default();
    while position.tip.revision < through {
        let stretch = journal.read(&position, through, PIECE)?;
        for commit in &stretch.commits {
            pending.extend(commit.revision, &commit.changes);
        }
        position = stretch.end;
        pending.flush(state, position.tip)?;
    }
    pending.flush(state, position.tip)
}

/// Changes on their way into a state: the last one of each key.
#[derive(Default)]
struct Pending {
    slots: BTreeMap<Bytes, Slot>,
    bytes: usize,
}

impl Pending {
    fn add(&mut self, key: Bytes, slot: Slot) {
        self.bytes += key.len() + slot.value.as_ref().map_or(0, Bytes::len);
        self.slots.insert(key, slot);
    }

    fn extend(&mut self, revision: Revision, changes: &[Change]) {
        for change in changes {
            self.add(change.key().clone(), Slot::of(change, revision));
        }
    }

    fn flush_if_large(&mut self, state: &State, tip: Tip) -> Result<(), Error> {
        if self.bytes >= PIECE { self.flush(state, tip) } else { Ok(()) }
    }

    fn flush(&mut self, state: &State, tip: Tip) -> Result<(), Error> {
        state.apply(self.slots.iter(), tip)?;
        self.slots.clear();
        self.bytes = 0;
        Ok(())
    }
}
