//! The thread that writes snapshots and then lets old segments go, so that the journal does not grow
//! for ever. The writer never waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::backup::Backup;
use super::shared::Shared;
use super::signal::Signal;
use super::snapshot::{self, Snapshot};
use crate::disk::{Disk, definite};
use crate::{Error, Revision};

/// Writes snapshots.
#[derive(Debug)]
pub(super) struct Compactor {
    pub disk: Arc<dyn Disk>,
    pub shared: Arc<Shared>,
    pub signal: Arc<Signal>,
    /// So many of the last revisions stay in the journal.
    pub history: Revision,
    /// The journal may grow by so many bytes before a snapshot is worth it.
    pub compact_bytes: u64,
    /// The last snapshot. Held by who writes one, or needs the one that is there to stay.
    pub snapshot: Mutex<Option<Snapshot>>,
}

impl Compactor {
    /// Compacts whenever it is told that the journal has grown enough, until there is nothing more to come.
    pub(super) fn run(&self) {
        while self.signal.wait() {
            let result = self.is_due().and_then(|due| if due { self.compact() } else { Ok(()) });
            match result {
                Ok(()) | Err(Error::Closed) => {}
                Err(error) => tracing::warn!(%error, "the journal could not be compacted"),
            }
        }
    }

    /// Writes a snapshot and drops the segments that neither it nor the promised history needs.
    pub(super) fn compact(&self) -> Result<(), Error> {
        let mut last = self.snapshot();
        // The journal is needed from where the state is: the closer it follows, the more can be dropped.
        self.shared.apply_waiting()?;
        let backup = Backup::begin(&self.shared)?;
        let written = Snapshot::write(&*self.disk, backup, || self.signal.is_closing())?;
        // What is about to be dropped can be made from this file only: it must read back.
        snapshot::read(&*self.disk, &written.name, |_| Ok(()))?;
        let revision = written.revision;
        tracing::info!(revision, bytes = written.bytes, "wrote a snapshot");
        *last = Some(written);
        self.drop_old(revision)
    }

    /// The last snapshot, which stays for as long as this is held.
    pub(super) fn snapshot(&self) -> MutexGuard<'_, Option<Snapshot>> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_due(&self) -> Result<bool, Error> {
        let (revision, bytes) = self.snapshot().as_ref().map_or((0, 0), |last| (last.revision, last.bytes));
        let grown = self.shared.journal.sealed_bytes_after(revision)?;
        Ok(grown > self.compact_bytes.max(2 * bytes))
    }

    fn drop_old(&self, snapshot: Revision) -> Result<(), Error> {
        let names = self.disk.list().map_err(|error| definite(&self.disk.path(""), &error))?;
        for name in names {
            if snapshot::parse_name(&name).is_some_and(|revision| revision < snapshot) {
                self.disk.remove(&name).map_err(|error| definite(&self.disk.path(&name), &error))?;
            }
        }
        let view = self.shared.view();
        let promised = view.tip.revision.saturating_sub(self.history);
        // The state may be behind the snapshot, and the next one begins where the state is.
        self.shared.journal.drop_before(promised.min(snapshot).min(view.state.applied()) + 1)
    }
}
