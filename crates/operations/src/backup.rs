//! A backup on its way to whoever asked for it: piece by piece, as fast as they take it and no faster than they said.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream;
use slipway_chassis::env::Env;
use slipway_domain::principal::Principal;
use slipway_store::Revision;
use slipway_store::embedded::backup::{Backup, BackupSummary};
use slipway_store::embedded::{Embedded, Format};
use tokio::sync::OwnedSemaphorePermit;

use crate::Error;

/// One part of a backup.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What it will be of.
    Header(Header),
    /// The next bytes.
    Piece(Bytes),
    /// What it has become.
    Trailer(Trailer),
}

/// What a backup has become.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trailer {
    /// What it says of itself.
    pub summary: BackupSummary,
    /// The CRC-32C of all bytes of it.
    pub checksum: u32,
}

/// What a backup will be of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The service.
    pub service: &'static str,
    /// The store, and the layout of its rows.
    pub format: Format,
    /// A revision that is in it.
    pub least_revision: Revision,
}

/// The parts of a backup, in order.
pub(crate) type Parts = Pin<Box<dyn Stream<Item = Result<Part, Error>> + Send>>;

/// How a backup is made.
pub(crate) struct Running {
    /// The service that it is of.
    pub service: &'static str,
    /// At most so many bytes in a second.
    pub rate: u64,
    /// Whose time is waited in.
    pub env: Env,
    /// Held as long as it is under way.
    pub _place: OwnedSemaphorePermit,
}

/// Where it stands.
struct Underway {
    running: Running,
    backup: Backup,
    header: Option<Header>,
    /// The CRC-32C of what was sent.
    checksum: u32,
    /// How long to wait before the next piece.
    wait: Duration,
    ended: bool,
}

impl Running {
    /// Begins a backup of `store`. It goes on as its parts are taken, and ends when they are dropped.
    ///
    /// # Errors
    /// [`Error::BackupBroken`].
    pub fn begin(self, store: &Arc<Embedded>, principal: &Principal) -> Result<Parts, Error> {
        let least_revision = store.stats().revision;
        let backup = store.backup().map_err(Error::BackupBroken)?;
        tracing::info!(%principal, rate = self.rate, least_revision, "a backup begins");
        let header = Some(Header { service: self.service, format: store.format(), least_revision });
        let underway = Underway { running: self, backup, header, checksum: 0, wait: Duration::ZERO, ended: false };
        Ok(Box::pin(stream::try_unfold(underway, Underway::next)))
    }
}

impl Underway {
    async fn next(mut self) -> Result<Option<(Part, Self)>, Error> {
        if self.ended {
            return Ok(None);
        }
        if let Some(header) = self.header.take() {
            return Ok(Some((Part::Header(header), self)));
        }
        self.running.env.pause(self.wait).await;
        let mut backup = self.backup;
        // A step reads from the disk.
        let step = tokio::task::spawn_blocking(move || (backup.next(), backup)).await;
        let (piece, backup) = step.map_err(|_| Error::BackupBroken(slipway_store::Error::Closed))?;
        self.backup = backup;
        match piece {
            Some(Ok(piece)) => {
                self.wait = time_of(piece.len(), self.running.rate);
                self.checksum = crc32c::crc32c_append(self.checksum, &piece);
                Ok(Some((Part::Piece(piece), self)))
            }
            Some(Err(error)) => {
                tracing::error!(%error, "a backup broke off");
                Err(Error::BackupBroken(error))
            }
            None => {
                let summary = self.backup.summary().ok_or(Error::BackupBroken(slipway_store::Error::Closed))?;
                tracing::info!(revision = summary.revision, bytes = summary.bytes, "a backup is complete");
                self.ended = true;
                let trailer = Trailer { summary, checksum: self.checksum };
                Ok(Some((Part::Trailer(trailer), self)))
            }
        }
    }
}

/// How long so many bytes take at `rate` bytes in a second.
fn time_of(bytes: usize, rate: u64) -> Duration {
    Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_followed_by_the_time_that_it_may_take() {
        assert_eq!(time_of(256 << 10, 1 << 20), Duration::from_millis(250));
        assert_eq!(time_of(0, 1), Duration::ZERO);
    }
}
