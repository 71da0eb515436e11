//! One file of the journal: a header, then records, then perhaps zeros that wait to be written over.
//!
//! ```text
//! magic 8 | version 4 | salt 4 | last revision before 8 | its checksum 4 | checksum of the header 4
//! ```
//! A segment gets its name only when its header is durable, so a named file without a good header is
//! damaged and not half made.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::record::{self, Reader, Record, Tip};
use crate::disk::{Disk, File, definite};
use crate::{Error, Revision};

/// The bytes before the first record.
pub(super) const HEADER: usize = 32;

const MAGIC: [u8; 8] = *b"SLIPJRNL";
const VERSION: u32 = 1;
const PREFIX: &str = "journal-";

/// How much a scanner reads at once.
const CHUNK: usize = 256 * 1024;

/// An open segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub path: PathBuf,
    pub name: String,
    pub file: Arc<dyn File>,
    pub salt: u32,
    /// The end of the history before this segment.
    pub before: Tip,
}

impl Segment {
    /// The revision of the first record, whether or not it is written yet.
    pub(super) fn first(&self) -> Revision {
        self.before.revision + 1
    }

    /// Makes the durable, empty segment that goes on after `before`.
    pub(super) fn create(disk: &dyn Disk, before: Tip) -> io::Result<Self> {
        let name = format!("{PREFIX}{:020}", before.revision + 1);
        let temporary = super::temporary(&name);
        let salt = rand::random();
        let file = disk.create(&temporary)?;
        file.write_at(&header(salt, before), 0)?;
        file.sync()?;
        disk.rename(&temporary, &name)?;
        disk.sync()?;
        Ok(Self { path: disk.path(&name), name, file, salt, before })
    }

    /// Opens the segment called `name`.
    pub(super) fn open(disk: &dyn Disk, name: &str) -> Result<Self, Error> {
        let path = disk.path(name);
        let file = disk.open(name).map_err(|error| definite(&path, &error))?;
        let mut bytes = [0; HEADER];
        let read = file.read_at(&mut bytes, 0).map_err(|error| definite(&path, &error))?;
        let damaged = |what: &str| Error::Corrupt { path: path.clone(), what: what.to_owned() };
        let other = || damaged("its header is not that of a journal");
        let found = parse_version(&bytes[..read]).ok_or_else(other)?;
        if found > VERSION {
            return Err(Error::Newer { path, part: "files", found, supported: VERSION });
        }
        let (salt, before) = parse(&bytes[..read]).ok_or_else(other)?;
        if parse_name(name) != Some(before.revision + 1) {
            return Err(damaged("its name is not the first revision in it"));
        }
        Ok(Self { path, name: name.to_owned(), file, salt, before })
    }

    /// Something in this segment is not what was written.
    pub(super) fn damaged(&self, offset: u64, missing: Revision) -> Error {
        let what = format!("byte {offset} does not begin the record of revision {missing}");
        Error::Corrupt { path: self.path.clone(), what }
    }

    pub(super) fn failed(&self, error: &io::Error) -> Error {
        definite(&self.path, error)
    }
}

/// The first revision of the segment called `name`; `None` if it is not a segment's name.
pub(super) fn parse_name(name: &str) -> Option<Revision> {
    super::parse_numbered(name, PREFIX)
}

fn header(salt: u32, before: Tip) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&salt.to_le_bytes());
    bytes.extend_from_slice(&before.revision.to_le_bytes());
    bytes.extend_from_slice(&before.checksum.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// The version of a segment: with the magic, what keeps its place whatever else changes.
fn parse_version(bytes: &[u8]) -> Option<u32> {
    let mut reader = Reader(bytes);
    let magic = reader.array::<8>()?;
    let version = u32::from_le_bytes(reader.array()?);
    (magic == MAGIC).then_some(version)
}

fn parse(bytes: &[u8]) -> Option<(u32, Tip)> {
    let mut reader = Reader(bytes.get(12..)?);
    let salt = u32::from_le_bytes(reader.array()?);
    let revision = u64::from_le_bytes(reader.array()?);
    let checksum = u32::from_le_bytes(reader.array()?);
    let whole = u32::from_le_bytes(reader.array()?) == crc32c::crc32c(&bytes[..HEADER - 4]);
    whole.then_some((salt, Tip { revision, checksum }))
}

/// Reads the records of a segment one after the other.
pub(super) struct Scanner<'a> {
    segment: &'a Segment,
    /// Where the next record begins in the file.
    offset: u64,
    buffer: Vec<u8>,
    /// Where the next record begins in the buffer.
    start: usize,
}

impl<'a> Scanner<'a> {
    /// Begins at `offset`, where a record must begin.
    pub(super) fn new(segment: &'a Segment, offset: u64) -> Self {
        Self { segment, offset, buffer: Vec::new(), start: 0 }
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next record; `None` if no valid record begins here, and then the scanner stays here.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        if !self.fill(record::HEADER)? {
            return Ok(None);
        }
        let Some(header) = record::header(&self.buffer[self.start..]) else { return Ok(None) };
        let length = record::HEADER + header.body;
        if !self.fill(length)? {
            return Ok(None);
        }
        let record = record::decode(header, &self.buffer[self.start..self.start + length], self.segment.salt);
        if record.is_some() {
            self.start += length;
            self.offset += length as u64;
        }
        Ok(record)
    }

    /// Brings at least `wanted` bytes from the current offset into the buffer; false if the file ends before.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        if self.buffer.len() - self.start < wanted {
            let have = self.buffer.len() - self.start;
            let mut buffer = vec![0; wanted.max(CHUNK)];
            buffer[..have].copy_from_slice(&self.buffer[self.start..]);
            let read = self.segment.file.read_at(&mut buffer[have..], self.offset + have as u64)?;
            buffer.truncate(have + read);
            self.buffer = buffer;
            self.start = 0;
        }
        Ok(self.buffer.len() - self.start >= wanted)
    }
}

/// What follows the last valid record of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing, or zeros that were to be written over.
    Clean,
    /// The pieces of a group whose sync never ended: nothing of it was acknowledged.
    Torn,
    /// Behind the damage begins a group with a revision after the last valid one, and a group is written only
    /// when everything before it is durable: so what is damaged had been acknowledged.
    Damaged,
}

/// Judges what follows `tip`, which ends at `offset`.
pub(super) fn judge(segment: &Segment, offset: u64, tip: Tip) -> io::Result<Rest> {
    let length = segment.file.len()?.saturating_sub(offset);
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?];
    let read = segment.file.read_at(&mut bytes, offset)?;
    bytes.truncate(read);
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(Rest::Clean);
    }
    let begins_later_group = |at: &usize| {
        let rest = &bytes[*at..];
        let record = record::header(rest).and_then(|header| record::decode(header, rest, segment.salt));
        record.is_some_and(|record| record.commit.revision > tip.revision)
    };
    let mut candidates = bytes.windows(4).enumerate().filter(|(_, magic)| *magic == record::FIRST);
    let damaged = candidates.any(|(at, _)| begins_later_group(&at));
    Ok(if damaged { Rest::Damaged } else { Rest::Torn })
}
