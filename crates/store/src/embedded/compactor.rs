//! The thread that writes snapshots and then lets old segments go, so that the journal does not grow
//! for ever. The writer never waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::record::Tip;
use super::shared::Shared;
use super::signal::Signal;
use super::snapshot::{self, Snapshot, SnapshotWriter};
use super::view::View;
use crate::disk::{Disk, definite};
use crate::{Error, KeyRange, Revision};

/// How much of the journal is read at once, in bytes.
const PIECE: usize = 4 * 1024 * 1024;

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
        let view = self.shared.view();
        // The journal is needed from where the state is: the closer it follows, the more can be dropped.
        self.shared.apply_waiting()?;
        let mut writer = SnapshotWriter::create(&self.disk)?;
        let written = self.write(&mut writer, &view).and_then(|tip| writer.finish(tip));
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                writer.abandon();
                return Err(error);
            }
        };
        // What is about to be dropped can be made from this file only: it must read back.
        snapshot::read(&*self.disk, &written.name, |_| Ok(()))?;
        let revision = written.revision;
        tracing::info!(revision, bytes = written.bytes, "wrote a snapshot");
        *last = Some(written);
        drop(last);
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

    /// Writes the entries of the view's state, and then the changes that it had not taken in yet or
    /// took in meanwhile: at least those that could be read when this began.
    fn write(&self, writer: &mut SnapshotWriter, view: &View) -> Result<Tip, Error> {
        let state = &view.state;
        let mut position = self.shared.journal.locate(state.applied())?;
        for entry in state.scan(&KeyRange::all())? {
            if self.signal.is_closing() {
                return Err(Error::Closed);
            }
            let (key, slot) = entry?;
            if let Some(value) = slot.value {
                writer.entry(&key, slot.mod_revision, &value)?;
            }
        }
        let through = state.touched().max(view.tip.revision);
        while position.tip.revision < through {
            let stretch = self.shared.journal.read(&position, through, PIECE)?;
            stretch.commits.iter().try_for_each(|commit| writer.commit(commit))?;
            position = stretch.end;
        }
        Ok(position.tip)
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
