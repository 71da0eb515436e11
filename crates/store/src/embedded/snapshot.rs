//! Snapshot files: all entries as of one revision, from which a store can begin again.
//!
//! ```text
//! header: magic 8 | version 4 | milliseconds since 1970 at which it was written 8 | checksum 4
//! block:  kind 1 | length 4 | checksum 4 | contents
//! kinds:  entries: per entry mod revision 8 | key length 4 | key | value length 4 | value
//!         changes: revision 8 | the changes of that transaction as in the journal
//!         end:     revision 8 | checksum of that revision's record 4 | blocks before 8
//! ```
//! The entries are read while transactions go on, so some may be newer than others; the changes made
//! meanwhile follow them, and with those applied all is exactly as of the revision at the end. Each
//! block's checksum is begun with that of the block before, so no block can be missing or moved.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::record::{self, Reader, Tip};
use super::view::Slot;
use crate::disk::{Disk, File, definite};
use crate::{Change, Commit, Error, Revision};

const MAGIC: [u8; 8] = *b"SLIPSNAP";
const VERSION: u32 = 1;
const HEADER: usize = 24;
const BLOCK_HEADER: usize = 9;
const PREFIX: &str = "snapshot-";

/// Entries are gathered into blocks of about this size.
const BLOCK: usize = 256 * 1024;

const ENTRIES: u8 = b'E';
const CHANGES: u8 = b'C';
const END: u8 = b'Z';

/// A snapshot that is complete and named.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub name: String,
    pub revision: Revision,
    pub bytes: u64,
    /// When it was written, since 1970.
    pub written_at: Duration,
}

impl Snapshot {
    /// Finds the snapshot called `name`. Only reading it shows whether it is whole.
    pub(super) fn open(disk: &dyn Disk, name: &str) -> Result<Self, Error> {
        let reader = BlockReader::open(disk, name)?;
        let revision = parse_name(name).ok_or_else(|| reader.damaged())?;
        Ok(Self { name: name.to_owned(), revision, bytes: reader.length, written_at: reader.written_at })
    }
}

/// The revision of the snapshot called `name`; `None` if it is not a snapshot's name.
pub(super) fn parse_name(name: &str) -> Option<Revision> {
    super::parse_numbered(name, PREFIX)
}

/// Writes a snapshot.
pub(super) struct SnapshotWriter {
    disk: Arc<dyn Disk>,
    temporary: String,
    path: PathBuf,
    file: Arc<dyn File>,
    written_at: Duration,
    offset: u64,
    blocks: u64,
    checksum: u32,
    pending: Vec<u8>,
}

impl SnapshotWriter {
    pub(super) fn create(disk: &Arc<dyn Disk>) -> Result<Self, Error> {
        let temporary = super::temporary(PREFIX);
        let path = disk.path(&temporary);
        let written_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let file = disk.create(&temporary).map_err(|error| definite(&path, &error))?;
        let header = header(written_at);
        let checksum = crc32c::crc32c(&header);
        let disk = Arc::clone(disk);
        let mut writer =
            Self { disk, temporary, path, file, written_at, offset: 0, blocks: 0, checksum, pending: Vec::new() };
        writer.write(&header)?;
        Ok(writer)
    }

    /// Adds an entry, behind all that were added before.
    pub(super) fn entry(&mut self, key: &Bytes, mod_revision: Revision, value: &Bytes) -> Result<(), Error> {
        self.pending.extend_from_slice(&mod_revision.to_le_bytes());
        for bytes in [key, value] {
            self.pending.extend_from_slice(&record::length(bytes.len()));
            self.pending.extend_from_slice(bytes);
        }
        if self.pending.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    /// Adds a transaction that was committed while the entries were read.
    pub(super) fn commit(&mut self, commit: &Commit) -> Result<(), Error> {
        self.flush()?;
        let mut contents = commit.revision.to_le_bytes().to_vec();
        record::encode_changes(&mut contents, &commit.changes);
        self.block(CHANGES, &contents)
    }

    /// Ends the snapshot at `tip`, makes it durable and gives it its name.
    pub(super) fn finish(&mut self, tip: Tip) -> Result<Snapshot, Error> {
        self.flush()?;
        let mut contents = tip.revision.to_le_bytes().to_vec();
        contents.extend_from_slice(&tip.checksum.to_le_bytes());
        contents.extend_from_slice(&self.blocks.to_le_bytes());
        self.block(END, &contents)?;
        let name = format!("{PREFIX}{:020}", tip.revision);
        let named = self.file.sync().and_then(|()| self.disk.rename(&self.temporary, &name));
        named.and_then(|()| self.disk.sync()).map_err(|error| definite(&self.path, &error))?;
        Ok(Snapshot { name, revision: tip.revision, bytes: self.offset, written_at: self.written_at })
    }

    /// Removes what was written so far.
    pub(super) fn abandon(self) {
        if let Err(error) = self.disk.remove(&self.temporary) {
            tracing::warn!(path = %self.path.display(), %error, "an unfinished snapshot stays until the next start");
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let contents = std::mem::take(&mut self.pending);
        self.block(ENTRIES, &contents)?;
        self.pending = contents;
        self.pending.clear();
        Ok(())
    }

    fn block(&mut self, kind: u8, contents: &[u8]) -> Result<(), Error> {
        let length = record::length(contents.len());
        self.checksum = block_checksum(self.checksum, kind, contents);
        let mut block = Vec::with_capacity(BLOCK_HEADER + contents.len());
        block.push(kind);
        block.extend_from_slice(&length);
        block.extend_from_slice(&self.checksum.to_le_bytes());
        block.extend_from_slice(contents);
        self.blocks += 1;
        self.write(&block)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_at(bytes, self.offset).map_err(|error| definite(&self.path, &error))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

/// What a snapshot holds, in order.
pub(super) enum Piece {
    Entry(Bytes, Slot),
    Changes(Revision, Vec<Change>),
}

/// Reads the snapshot called `name` to its end, handing out its pieces; answers what it is a snapshot of.
///
/// # Errors
/// Whatever `take` answers; [`Error::Corrupt`] if a byte is not what was written, which may be found
/// only after pieces have been handed out.
pub(super) fn read(
    disk: &dyn Disk,
    name: &str,
    mut take: impl FnMut(Piece) -> Result<(), Error>,
) -> Result<Tip, Error> {
    let mut reader = BlockReader::open(disk, name)?;
    let mut blocks = 0;
    loop {
        let (kind, contents) = reader.next()?;
        let damaged = || reader.damaged();
        match kind {
            ENTRIES => entries(&contents, &mut take, damaged)?,
            CHANGES => {
                let (revision, changes) = parse_changes(&contents).ok_or_else(damaged)?;
                take(Piece::Changes(revision, changes))?;
            }
            END => {
                let (tip, counted) = parse_end(&contents).ok_or_else(damaged)?;
                if counted != blocks || parse_name(name) != Some(tip.revision) {
                    return Err(damaged());
                }
                return Ok(tip);
            }
            _ => return Err(damaged()),
        }
        blocks += 1;
    }
}

struct BlockReader {
    path: PathBuf,
    file: Arc<dyn File>,
    written_at: Duration,
    offset: u64,
    length: u64,
    checksum: u32,
}

impl BlockReader {
    fn open(disk: &dyn Disk, name: &str) -> Result<Self, Error> {
        let path = disk.path(name);
        let opened = disk.open(name).and_then(|file| Ok((file.len()?, file)));
        let (length, file) = opened.map_err(|error| definite(&path, &error))?;
        let mut reader = Self { path, file, written_at: Duration::ZERO, offset: 0, length, checksum: 0 };
        let header = reader.take(HEADER)?;
        let (version, written_at) = parse_header(&header).ok_or_else(|| reader.damaged())?;
        if version > VERSION {
            return Err(Error::Newer { path: reader.path, found: version, supported: VERSION });
        }
        reader.written_at = written_at;
        reader.checksum = crc32c::crc32c(&header);
        Ok(reader)
    }

    fn next(&mut self) -> Result<(u8, Bytes), Error> {
        let header = self.take(BLOCK_HEADER)?;
        let (kind, length, checksum) = parse_block_header(&header).ok_or_else(|| self.damaged())?;
        let contents = self.take(length)?;
        self.checksum = block_checksum(self.checksum, kind, &contents);
        if self.checksum != checksum {
            return Err(self.damaged());
        }
        Ok((kind, Bytes::from(contents)))
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, Error> {
        if length as u64 > self.length - self.offset {
            return Err(self.damaged());
        }
        let mut bytes = vec![0; length];
        let read = self.file.read_at(&mut bytes, self.offset);
        let read = read.map_err(|error: io::Error| definite(&self.path, &error))?;
        if read < length {
            return Err(self.damaged());
        }
        self.offset += length as u64;
        Ok(bytes)
    }

    fn damaged(&self) -> Error {
        Error::Corrupt {
            path: self.path.clone(),
            what: format!("the piece that ends at byte {} is not what was written", self.offset),
        }
    }
}

fn entries(
    contents: &Bytes,
    take: &mut impl FnMut(Piece) -> Result<(), Error>,
    damaged: impl Fn() -> Error,
) -> Result<(), Error> {
    let mut reader = Reader(contents);
    while !reader.0.is_empty() {
        let (key, slot) = parse_entry(contents, &mut reader).ok_or_else(&damaged)?;
        take(Piece::Entry(key, slot))?;
    }
    Ok(())
}

fn parse_entry(contents: &Bytes, reader: &mut Reader<'_>) -> Option<(Bytes, Slot)> {
    let mod_revision = u64::from_le_bytes(reader.array()?);
    let key = contents.slice_ref(reader.prefixed()?);
    let value = contents.slice_ref(reader.prefixed()?);
    Some((key, Slot { mod_revision, value: Some(value) }))
}

fn parse_changes(contents: &Bytes) -> Option<(Revision, Vec<Change>)> {
    let revision = contents.first_chunk()?;
    let changes = record::decode_changes(&contents.slice(8..))?;
    Some((u64::from_le_bytes(*revision), changes))
}

fn parse_end(contents: &[u8]) -> Option<(Tip, u64)> {
    let mut reader = Reader(contents);
    let revision = u64::from_le_bytes(reader.array()?);
    let checksum = u32::from_le_bytes(reader.array()?);
    let blocks = u64::from_le_bytes(reader.array()?);
    Some((Tip { revision, checksum }, blocks))
}

fn parse_block_header(bytes: &[u8]) -> Option<(u8, usize, u32)> {
    let mut reader = Reader(bytes);
    let [kind] = reader.array()?;
    Some((kind, reader.length()?, u32::from_le_bytes(reader.array()?)))
}

fn header(written_at: Duration) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    let milliseconds = u64::try_from(written_at.as_millis()).unwrap_or(u64::MAX);
    bytes.extend_from_slice(&milliseconds.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

fn parse_header(bytes: &[u8]) -> Option<(u32, Duration)> {
    let mut reader = Reader(bytes);
    let magic = reader.array::<8>()?;
    let version = u32::from_le_bytes(reader.array()?);
    let written_at = Duration::from_millis(u64::from_le_bytes(reader.array()?));
    let whole = u32::from_le_bytes(reader.array()?) == crc32c::crc32c(&bytes[..HEADER - 4]);
    (magic == MAGIC && whole).then_some((version, written_at))
}

fn block_checksum(before: u32, kind: u8, contents: &[u8]) -> u32 {
    let head = crc32c::crc32c_append(before, &[kind]);
    crc32c::crc32c_append(crc32c::crc32c_append(head, &record::length(contents.len())), contents)
}
