//! The writing end of the journal: a group of records, one sync, and what to do when that fails.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::journal::Journal;
use super::record::{self, Place, Tip};
use super::segment::{self, Rest, Scanner, Segment};
use crate::{Commit, Error};

/// Room is taken in pieces of this size, filled with zeros, and then written over: a sync of a file
/// whose length and blocks do not change is about twice as fast, and a full disk is met before
/// anything of a record is written.
const ROOM: u64 = 1024 * 1024;

/// Appends to the last segment.
#[derive(Debug)]
pub(super) struct Appender {
    journal: Arc<Journal>,
    segment: Arc<Segment>,
    segment_bytes: u64,
    /// The end of the durable records.
    tip: Tip,
    end: u64,
    /// The end of the file, of which what lies behind `end` is zeros.
    allocated: u64,
    /// A write or sync failed, and what lies behind `end` must be cut off before anything is written again.
    suspect: bool,
    buffer: Vec<u8>,
}

/// What a successful append cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Appended {
    pub sync: Duration,
    /// The group went to a new segment.
    pub rolled: bool,
}

impl Appender {
    /// Opens the end of `journal`: finds the last whole record, and cuts off what a crash has torn.
    pub(super) fn open(journal: &Arc<Journal>, segment_bytes: u64) -> Result<Self, Error> {
        let segment = journal.last();
        let (tip, end) = last_record(&segment).map_err(|error| segment.failed(&error))?;
        let rest = segment::judge(&segment, end, tip).map_err(|error| segment.failed(&error))?;
        match rest {
            Rest::Clean => {}
            Rest::Damaged => return Err(segment.damaged(end, tip.revision + 1)),
            Rest::Torn => {
                tracing::info!(segment = %segment.path.display(), revision = tip.revision, byte = end,
                    "cut off a group of transactions that was never acknowledged");
            }
        }
        let mut appender = Self {
            journal: Arc::clone(journal),
            segment,
            segment_bytes,
            tip,
            end,
            allocated: end,
            suspect: true,
            buffer: Vec::new(),
        };
        // Also where nothing is torn: records that a killed process had written and not synced become
        // durable here, before anybody is told of them.
        appender.repair()?;
        Ok(appender)
    }

    /// The end of the history.
    pub(super) fn tip(&self) -> Tip {
        self.tip
    }

    /// Makes `commits` durable as one group.
    ///
    /// # Errors
    /// Definite ones leave nothing behind. After [`Error::Unknown`] the group may come back when the
    /// store is opened again, unless the next append succeeds, which cuts it off.
    pub(super) fn append(&mut self, commits: &[Arc<Commit>]) -> Result<Appended, Error> {
        if self.suspect {
            self.repair()?;
        }
        // A segment without a record has the name of the one that would follow it.
        let rolled = self.end > segment::HEADER as u64 && self.end >= self.segment_bytes;
        if rolled {
            self.roll()?;
        }
        let tip = self.encode(commits);
        self.reserve().map_err(|error| self.segment.failed(&error))?;
        let buffer = std::mem::take(&mut self.buffer);
        let written = self.segment.file.write_at(&buffer, self.end);
        self.buffer = buffer;
        if let Err(error) = written {
            return Err(self.erase(&error));
        }
        let began = Instant::now();
        if let Err(error) = self.segment.file.sync() {
            self.suspect = true;
            return Err(unknown(&self.segment, &error));
        }
        self.end += self.buffer.len() as u64;
        self.tip = tip;
        Ok(Appended { sync: began.elapsed(), rolled })
    }

    /// Gives the unused room back. The last call.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        self.repair()
    }

    fn encode(&mut self, commits: &[Arc<Commit>]) -> Tip {
        self.buffer.clear();
        let (mut tip, mut place) = (self.tip, Place::First);
        for commit in commits {
            tip = record::encode(&mut self.buffer, self.segment.salt, (tip, place), commit);
            place = Place::Following;
        }
        tip
    }

    /// Sees to it that the buffer fits in the allocated part of the file.
    fn reserve(&mut self) -> io::Result<()> {
        let needed = self.end + self.buffer.len() as u64;
        if needed > self.allocated {
            let piece = ROOM.min(self.segment_bytes);
            let until = needed.next_multiple_of(piece.max(1));
            let zeros = usize::try_from(until - self.allocated).map_err(|_| io::ErrorKind::FileTooLarge)?;
            self.segment.file.write_at(&vec![0; zeros], self.allocated)?;
            self.allocated = until;
        }
        Ok(())
    }

    /// After a write that failed half way: it is definite only once the pieces are gone.
    fn erase(&mut self, cause: &io::Error) -> Error {
        self.suspect = true;
        match self.repair() {
            Ok(()) => self.segment.failed(cause),
            Err(_) => unknown(&self.segment, cause),
        }
    }

    /// Cuts the segment behind its last durable record.
    fn repair(&mut self) -> Result<(), Error> {
        let cut = self.segment.file.set_len(self.end).and_then(|()| self.segment.file.sync());
        cut.map_err(|error| self.segment.failed(&error))?;
        self.allocated = self.end;
        self.suspect = false;
        Ok(())
    }

    fn roll(&mut self) -> Result<(), Error> {
        self.repair()?;
        self.segment = self.journal.roll(self.tip)?;
        self.end = segment::HEADER as u64;
        self.allocated = self.end;
        Ok(())
    }
}

fn unknown(segment: &Segment, error: &io::Error) -> Error {
    Error::Unknown { reason: format!("{}: {error}", segment.path.display()) }
}

/// The last valid record of `segment` that follows from those before it, and where it ends.
pub(super) fn last_record(segment: &Segment) -> io::Result<(Tip, u64)> {
    let mut scanner = Scanner::new(segment, segment::HEADER as u64);
    let (mut tip, mut end) = (segment.before, scanner.offset());
    while let Some(record) = scanner.next()?.filter(|record| record.follows(tip)) {
        tip = record.tip();
        end = scanner.offset();
    }
    Ok((tip, end))
}
