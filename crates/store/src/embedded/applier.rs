//! The thread that writes durable changes into the state, off the way of those who write and read,
//! and that makes the state again when sled fails.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::compactor::Compactor;
use super::generations::{Generation, Generations};
use super::rebuild;
use super::shared::Shared;
use super::signal::{Room, Signal};
use super::view::View;
use crate::Error;

/// How long to wait after a state could not be made, before trying again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

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
        while self.signal.wait() {
            self.apply();
        }
        // What the writer published last may not have been told of.
        self.apply();
        let view = self.shared.view();
        let complete = view.active.is_empty() && view.frozen.is_empty();
        let closed = view.state.close().map_err(Error::from);
        if !complete {
            return;
        }
        if let Err(error) = closed.and_then(|()| self.generations.note_synced(self.generation)) {
            tracing::warn!(%error, "the state must be made again at the next start");
        }
    }

    fn apply(&mut self) {
        let view = self.shared.freeze();
        if view.frozen.is_empty() {
            return;
        }
        match self.shared.apply_frozen(&view) {
            Ok(()) => {
                self.shared.thaw(Arc::clone(&view.state));
                self.room.freed();
            }
            Err(error) => self.replace(&view, error),
        }
    }

    /// Replaces the state of `view`, which failed, by a new one as of the frozen changes. Readers go
    /// on with the old one and what waits in memory over it.
    fn replace(&mut self, view: &View, mut error: Error) {
        loop {
            tracing::warn!(%error, "the state cannot be written and is made again from the journal");
            self.room.block(error.to_string());
            match self.rebuild(view) {
                Ok(()) => return,
                Err(failed) => error = failed,
            }
            if self.signal.wait_for_close(RETRY_AFTER) {
                return;
            }
        }
    }

    fn rebuild(&mut self, view: &View) -> Result<(), Error> {
        // As long as this is held, no snapshot or segment is dropped.
        let snapshot = self.compactor.snapshot();
        let path = self.free_path();
        let disk = &*self.compactor.disk;
        let through = view.frozen_tip.revision;
        let state =
            rebuild::build(&path, self.cache_bytes, (disk, snapshot.as_ref()), (&self.shared.journal, through))?;
        self.generations.note_used(self.generation + 1)?;
        drop(snapshot);
        self.generation += 1;
        self.shared.thaw(Arc::new(state));
        self.shared.counters.rebuilt();
        self.room.freed();
        if let Err(error) = view.state.close() {
            tracing::warn!(%error, "the broken state did not close");
        }
        self.generations.remove_others(self.generation);
        Ok(())
    }

    /// The folder of the next state, without what a failed attempt has left there.
    fn free_path(&self) -> PathBuf {
        self.generations.remove_others(self.generation);
        self.generations.path(self.generation + 1)
    }
}
