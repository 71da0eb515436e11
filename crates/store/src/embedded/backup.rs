//! Copying a store while it runs: a stream of pieces that whoever takes them paces.
//!
//! A copy begins with the entries, read block by block from the state as it is then, and goes on with the changes that
//! the state took in meanwhile, from the journal, which is kept for it. Nothing is held between two pieces but the
//! place in both: no lock that anybody waits for, and one block in memory. The compactor's snapshots are made in the
//! same way.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::blocks::{BLOCK, Broken, Decoder, Encoder, Header, Whole};
use super::format::StoreId;
use super::journal::{Pin, Position};
use super::shared::Shared;
use crate::{Error, KeyRange, Revision};

/// A consistent copy of a running store: its entries as of exactly one revision, as bytes.
///
/// An iterator over pieces of at most 256 KiB, which together are the backup. Each step reads a bounded part of the
/// store and may wait for the disk: take them on a thread that may block, as fast or slowly as you like. Transactions,
/// reads and watches go on meanwhile. The revision is known at the end: it is at least the one that reads saw when the
/// backup was begun.
///
/// As long as it is neither at its end nor dropped, the journal keeps what it still needs, so a backup that nobody goes
/// on with takes room on the disk.
///
/// After an error there are no more pieces, and what was taken is no backup: [`verify`] and
/// [`restore`](super::restore::restore) refuse it, as they refuse one that was cut anywhere.
pub struct Backup {
    shared: Arc<Shared>,
    encoder: Encoder,
    stage: Stage,
    /// No change after this revision is in the entries that were read, and all changes up to here belong to it.
    through: Revision,
    /// Bytes that are ready to be handed out.
    ready: Bytes,
}

/// What comes next.
enum Stage {
    /// The entries in the range, and then the changes after the position.
    Entries(KeyRange, Position, Pin),
    /// The changes after the position.
    Changes(Position, Pin),
    /// Nothing: it is complete.
    Complete(Whole),
    /// Nothing: it failed.
    Failed,
}

/// What a backup is, as it says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupSummary {
    /// The store that it is a copy of.
    pub store: StoreId,
    /// The layout of the rows in it, as its service numbers them.
    pub rows: u32,
    /// It is the state at exactly this revision.
    pub revision: Revision,
    /// When it was begun, since 1970.
    pub written_at: Duration,
    /// Its size.
    pub bytes: u64,
    /// The CRC-32C of all that is in it.
    pub checksum: u32,
}

impl From<Whole> for BackupSummary {
    fn from(Whole { header, tip, bytes, checksum }: Whole) -> Self {
        let Header { format, written_at } = header;
        Self { store: format.store, rows: format.rows, revision: tip.revision, written_at, bytes, checksum }
    }
}

impl Backup {
    pub(super) fn begin(shared: &Arc<Shared>) -> Result<Self, Error> {
        // Before anything is looked at, so that what is looked at stays.
        let pin = shared.journal.pin();
        let view = shared.view();
        let position = shared.journal.locate(view.state.applied())?;
        pin.keep_after(position.tip.revision);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let written_at = Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        Ok(Self {
            shared: Arc::clone(shared),
            encoder: Encoder::begin(Header { format: shared.format, written_at }),
            stage: Stage::Entries(KeyRange::all(), position, pin),
            through: view.tip.revision,
            ready: Bytes::new(),
        })
    }

    /// What it is, once the last piece was handed out; `None` before and after an error.
    pub fn summary(&self) -> Option<BackupSummary> {
        self.whole().map(BackupSummary::from)
    }

    pub(super) fn whole(&self) -> Option<Whole> {
        match self.stage {
            Stage::Complete(whole) if self.ready.is_empty() => Some(whole),
            Stage::Complete(_) | Stage::Entries(..) | Stage::Changes(..) | Stage::Failed => None,
        }
    }

    /// Makes more bytes ready, if there are more.
    fn advance(&mut self) -> Result<(), Error> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Entries(range, position, pin) => match self.entries(&range)? {
                Some(rest) => Stage::Entries(rest, position, pin),
                None => Stage::Changes(position, pin),
            },
            Stage::Changes(position, pin) if position.tip.revision < self.through => {
                let stretch = self.shared.journal.read(&position, self.through, BLOCK)?;
                stretch.commits.iter().for_each(|commit| self.encoder.commit(commit));
                pin.keep_after(stretch.end.tip.revision);
                Stage::Changes(stretch.end, pin)
            }
            Stage::Changes(position, _) => Stage::Complete(self.encoder.end(position.tip)),
            ended @ (Stage::Complete(_) | Stage::Failed) => ended,
        };
        Ok(())
    }

    /// Reads entries from the front of `range`, until they fill a block; answers the rest of it.
    fn entries(&mut self, range: &KeyRange) -> Result<Option<KeyRange>, Error> {
        let view = self.shared.view();
        let mut rest = None;
        for entry in view.state.scan(range)? {
            let (key, slot) = entry?;
            if let Some(value) = slot.value
                && self.encoder.entry(&key, slot.mod_revision, &value)
            {
                rest = Some(range.after(&key));
                break;
            }
        }
        // Asked after the entries were read: they may be as new as this and no newer.
        self.through = self.through.max(view.state.touched());
        self.encoder.end_entries();
        Ok(rest)
    }
}

impl Iterator for Backup {
    type Item = Result<Bytes, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            if let Stage::Complete(_) | Stage::Failed = self.stage {
                return None;
            }
            if let Err(error) = self.advance() {
                return Some(Err(error));
            }
            self.ready = self.encoder.take();
        }
        let length = self.ready.len().min(BLOCK);
        Some(Ok(self.ready.split_to(length)))
    }
}

/// Reads a backup to its end without keeping anything of it; answers what it is.
///
/// # Errors
/// [`Error::BadBackup`] if it is cut, if anything in it is not what was written, or if it is of a newer format;
/// [`Error::Unavailable`] if it cannot be read.
pub fn verify(from: impl Read) -> Result<BackupSummary, Error> {
    let decoder = Decoder::open(from).map_err(Broken::in_backup)?;
    decoder.read(Broken::in_backup, |_| Ok(())).map(BackupSummary::from)
}
