//! The thread that writes durable changes into the state, off the way of those who write and read.
//!
//! When sled fails, what it holds is given up: the state is made again from the journal, in memory,
//! so that everything can be read, and then on the disk as soon as that works.

use std::sync::Arc;
use std::time::Duration;

use super::compactor::Compactor;
use super::generations::{Generation, Generations};
use super::rebuild::{self, Sources};
use super::shared::Shared;
use super::signal::{Room, Signal, Waited};
use super::snapshot::Snapshot;
use super::view::View;
use crate::Error;

/// How long a state stays in memory before it is tried to put it on the disk again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long changes are gathered before they are written: a key that changes often is written once,
/// and a lone transaction does not wake two threads.
const GATHER: Duration = Duration::from_millis(20);

/// Writes into the state.
pub(super) struct Applier {
    pub shared: Arc<Shared>,
    pub signal: Arc<Signal>,
    pub room: Arc<Room>,
    pub compactor: Arc<Compactor>,
    pub generations: Generations,
    pub generation: Generation,
    pub cache_bytes: u64,
}

impl Applier {
    /// Writes what waits, until nothing more will come. Then closes the state.
    pub(super) fn run(mut self) {
        while self.wait() {
            if !self.shared.view().state.has_failed() {
                self.signal.linger(GATHER);
            }
            self.apply();
        }
        // What the writer published last may not have been told of.
        self.apply();
        let view = self.shared.view();
        let complete = view.active.is_empty() && view.frozen.is_empty() && !view.state.is_in_memory();
        let closed = view.state.close();
        if !complete || view.state.has_failed() {
            return;
        }
        if let Err(error) = closed.and_then(|()| self.generations.note_synced(self.generation)) {
            tracing::warn!(%error, "the state must be made again at the next start");
        }
    }

    /// Waits for something to do; false once there is nothing and nothing more will come.
    fn wait(&mut self) -> bool {
        if !self.shared.view().state.is_in_memory() {
            return self.signal.wait();
        }
        match self.signal.wait_for(RETRY_AFTER) {
            Waited::Work => true,
            Waited::Closing => false,
            Waited::Nothing => {
                if let Err(error) = self.replace() {
                    tracing::warn!(%error, "the state is kept in memory until it can be written");
                }
                true
            }
        }
    }

    /// Writes what waits, and makes the state again if that fails.
    fn apply(&mut self) {
        let mut written = self.shared.apply_waiting();
        while self.shared.view().state.has_failed() {
            tracing::warn!(error = ?written.err(), "the state failed and is made again from the journal");
            if let Err(error) = self.replace_in_memory() {
                tracing::error!(%error, "the state cannot be made again");
                self.room.block(error.to_string());
                return;
            }
            written = self.shared.apply_waiting();
        }
        self.room.freed();
    }

    /// Puts a state in memory in the place of the one that failed.
    fn replace_in_memory(&mut self) -> Result<(), Error> {
        let snapshot = self.compactor.snapshot();
        let view = self.shared.view();
        let state = rebuild::build_in_memory(self.sources(snapshot.as_ref(), &view))?;
        drop(snapshot);
        self.shared.thaw(Arc::new(state));
        if let Err(error) = view.state.close() {
            tracing::warn!(%error, "the state that failed did not close");
        }
        Ok(())
    }

    /// Puts a state on the disk in the place of the one in memory.
    fn replace(&mut self) -> Result<(), Error> {
        // As long as this is held, no snapshot or segment is dropped.
        let snapshot = self.compactor.snapshot();
        let view = self.shared.view();
        let next = self.generation + 1;
        // What a failed attempt has left there, and what nobody reads any more.
        self.generations.remove_others(0);
        self.generations.note_used(next)?;
        let path = self.generations.path(next);
        let state = rebuild::build(&path, self.cache_bytes, self.sources(snapshot.as_ref(), &view))?;
        drop(snapshot);
        self.generation = next;
        self.shared.thaw(Arc::new(state));
        self.shared.counters.rebuilt();
        Ok(())
    }

    /// What a state as of the frozen changes of `view` can be made from.
    fn sources<'a>(&'a self, snapshot: Option<&'a Snapshot>, view: &View) -> Sources<'a> {
        let disk = &*self.compactor.disk;
        Sources { disk, snapshot, journal: &self.shared.journal, through: view.frozen_tip.revision }
    }
}

impl Drop for Applier {
    fn drop(&mut self) {
        // Matters only if this thread panicked: then the writer may not wait for it for ever.
        self.room.block("the thread that writes the state stopped".to_owned());
    }
}
