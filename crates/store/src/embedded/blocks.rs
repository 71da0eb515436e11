//! The bytes of a copy of a store: of a snapshot, which lies beside the journal, and of a backup, which is the same file
//! somewhere else.
//!
//! ```text
//! header: magic 8 | version 4 | layout of the rows 4 | id of the store 16
//!         | milliseconds since 1970 at which it was begun 8 | checksum 4
//! block:  kind 1 | length 4 | checksum 4 | contents
//! kinds:  entries: per entry mod revision 8 | key length 4 | key | value length 4 | value
//!         changes: revision 8 | the changes of that transaction as in the journal
//!         end:     revision 8 | checksum of that revision's record 4 | blocks before 8
//! ```
//! The entries are read while transactions go on, so some may be newer than others; the changes made meanwhile follow
//! them, and with those applied all is exactly as of the revision at the end. Each block's checksum is begun with that
//! of the block before, so no block can be missing or moved, and the last one is of the whole file. Magic and version
//! keep their places for ever.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use super::format::{Format, StoreId};
use super::record::{self, Reader, Tip};
use super::view::Slot;
use crate::disk::definite;
use crate::{Change, Commit, Error, Revision};

const MAGIC: [u8; 8] = *b"SLIPSNAP";
const VERSION: u32 = 1;
const HEADER: usize = 44;
const BLOCK_HEADER: usize = 9;

/// Entries are gathered into blocks of about this size.
pub(super) const BLOCK: usize = 256 * 1024;

/// A longer block is no block: no record of the journal is longer.
const BLOCK_LIMIT: usize = record::BODY_LIMIT + 64;

const ENTRIES: u8 = b'E';
const CHANGES: u8 = b'C';
const END: u8 = b'Z';

/// What a copy says of itself at its beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub format: Format,
    /// When it was begun, since 1970, in whole milliseconds.
    pub written_at: Duration,
}

/// What a copy that was read or written to its end was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole {
    pub header: Header,
    /// What it is a copy of.
    pub tip: Tip,
    pub bytes: u64,
    pub checksum: u32,
}

/// Makes the bytes of a copy.
pub(super) struct Encoder {
    header: Header,
    /// Bytes that are ready to be taken.
    ready: Vec<u8>,
    taken: u64,
    /// Entries that are not in a block yet.
    entries: Vec<u8>,
    checksum: u32,
    blocks: u64,
}

impl Encoder {
    pub(super) fn begin(header: Header) -> Self {
        let ready = encode_header(&header);
        let checksum = crc32c::crc32c(&ready);
        Self { header, ready, taken: 0, entries: Vec::new(), checksum, blocks: 0 }
    }

    /// Adds an entry, behind all that were added before. True once there are enough for a block.
    pub(super) fn entry(&mut self, key: &Bytes, mod_revision: Revision, value: &Bytes) -> bool {
        self.entries.extend_from_slice(&mod_revision.to_le_bytes());
        for bytes in [key, value] {
            self.entries.extend_from_slice(&record::length(bytes.len()));
            self.entries.extend_from_slice(bytes);
        }
        self.entries.len() >= BLOCK
    }

    /// Puts the entries that were added into a block.
    pub(super) fn end_entries(&mut self) {
        if !self.entries.is_empty() {
            let mut contents = std::mem::take(&mut self.entries);
            self.block(ENTRIES, &contents);
            contents.clear();
            self.entries = contents;
        }
    }

    /// Adds a transaction that was committed while the entries were read.
    pub(super) fn commit(&mut self, commit: &Commit) {
        let mut contents = commit.revision.to_le_bytes().to_vec();
        record::encode_changes(&mut contents, &commit.changes);
        self.block(CHANGES, &contents);
    }

    /// Ends the copy at `tip`.
    pub(super) fn end(&mut self, tip: Tip) -> Whole {
        let mut contents = tip.revision.to_le_bytes().to_vec();
        contents.extend_from_slice(&tip.checksum.to_le_bytes());
        contents.extend_from_slice(&self.blocks.to_le_bytes());
        self.block(END, &contents);
        let bytes = self.taken + self.ready.len() as u64;
        Whole { header: self.header, tip, bytes, checksum: self.checksum }
    }

    /// Takes the bytes that are ready.
    pub(super) fn take(&mut self) -> Bytes {
        self.taken += self.ready.len() as u64;
        std::mem::take(&mut self.ready).into()
    }

    fn block(&mut self, kind: u8, contents: &[u8]) {
        self.checksum = block_checksum(self.checksum, kind, contents);
        self.ready.reserve(BLOCK_HEADER + contents.len());
        self.ready.push(kind);
        self.ready.extend_from_slice(&record::length(contents.len()));
        self.ready.extend_from_slice(&self.checksum.to_le_bytes());
        self.ready.extend_from_slice(contents);
        self.blocks += 1;
    }
}

/// Why bytes are no copy.
#[derive(Debug)]
pub(super) enum Broken {
    /// They could not be read.
    Unread(io::Error),
    /// The piece that ends at this byte is not what was written.
    Damaged { at: u64 },
    /// They are of a format that this program does not know.
    Newer { found: u32 },
}

impl Broken {
    /// What it means where the copy is the file at `path` of a data folder.
    pub(super) fn in_folder(self, path: &Path) -> Error {
        let path = path.to_owned();
        match self {
            Self::Unread(error) => definite(&path, &error),
            Self::Damaged { at } => {
                Error::Corrupt { path, what: format!("the piece that ends at byte {at} is not what was written") }
            }
            Self::Newer { found } => Error::Newer { path, part: "files", found, supported: VERSION },
        }
    }

    /// What it means where the copy is a backup.
    pub(super) fn in_backup(self) -> Error {
        match self {
            Self::Unread(error) => Error::Unavailable { reason: format!("the backup cannot be read: {error}") },
            Self::Damaged { at } => {
                Error::BadBackup { what: format!("the piece that ends at byte {at} is not what was written") }
            }
            Self::Newer { found } => Error::BadBackup {
                what: format!("it has format {found}, and this version of slipway reads up to {VERSION}"),
            },
        }
    }
}

/// What a copy holds, in order.
pub(super) enum Piece {
    Entry(Bytes, Slot),
    Changes(Revision, Vec<Change>),
}

/// What a block is.
enum Block {
    Entries(Bytes),
    Changes(Revision, Vec<Change>),
    End(Tip),
}

/// Reads the bytes of a copy.
pub(super) struct Decoder<R> {
    from: R,
    pub header: Header,
    offset: u64,
    checksum: u32,
    blocks: u64,
}

impl<R: Read> Decoder<R> {
    /// Reads the header.
    pub(super) fn open(from: R) -> Result<Self, Broken> {
        let header = Header { format: Format { rows: 0, store: StoreId(0) }, written_at: Duration::ZERO };
        let mut decoder = Self { from, header, offset: 0, checksum: 0, blocks: 0 };
        let bytes = decoder.take(12)?;
        let version = parse_start(&bytes).ok_or(Broken::Damaged { at: decoder.offset })?;
        if version > VERSION {
            return Err(Broken::Newer { found: version });
        }
        let header = [bytes, decoder.take(HEADER - 12)?].concat();
        decoder.header = parse_header(&header).ok_or(Broken::Damaged { at: decoder.offset })?;
        decoder.checksum = crc32c::crc32c(&header);
        Ok(decoder)
    }

    /// Reads to the end, handing out the pieces; answers what it is a copy of.
    ///
    /// # Errors
    /// Whatever `take` answers, and what `tell` makes of what is broken, which may be found only after pieces have been
    /// handed out.
    pub(super) fn read(
        mut self,
        tell: impl Fn(Broken) -> Error,
        mut take: impl FnMut(Piece) -> Result<(), Error>,
    ) -> Result<Whole, Error> {
        loop {
            match self.next().map_err(&tell)? {
                Block::Entries(contents) => {
                    let mut reader = Reader(&contents);
                    while !reader.0.is_empty() {
                        let entry = parse_entry(&contents, &mut reader);
                        let (key, slot) = entry.ok_or_else(|| tell(Broken::Damaged { at: self.offset }))?;
                        take(Piece::Entry(key, slot))?;
                    }
                }
                Block::Changes(revision, changes) => take(Piece::Changes(revision, changes))?,
                Block::End(tip) => {
                    self.expect_nothing().map_err(&tell)?;
                    return Ok(Whole { header: self.header, tip, bytes: self.offset, checksum: self.checksum });
                }
            }
        }
    }

    fn next(&mut self) -> Result<Block, Broken> {
        let header = self.take(BLOCK_HEADER)?;
        let parsed = parse_block_header(&header).filter(|(_, length, _)| *length <= BLOCK_LIMIT);
        let (kind, length, checksum) = parsed.ok_or(Broken::Damaged { at: self.offset })?;
        let contents = self.take(length)?;
        self.checksum = block_checksum(self.checksum, kind, &contents);
        let damaged = Broken::Damaged { at: self.offset };
        if self.checksum != checksum {
            return Err(damaged);
        }
        let block = self.parse(kind, Bytes::from(contents)).ok_or(damaged)?;
        self.blocks += 1;
        Ok(block)
    }

    fn parse(&self, kind: u8, contents: Bytes) -> Option<Block> {
        match kind {
            ENTRIES => Some(Block::Entries(contents)),
            CHANGES => parse_changes(&contents).map(|(revision, changes)| Block::Changes(revision, changes)),
            END => parse_end(&contents).filter(|(_, blocks)| *blocks == self.blocks).map(|(tip, _)| Block::End(tip)),
            _ => None,
        }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, Broken> {
        // It grows as bytes come, so that a damaged length takes no memory.
        let mut bytes = Vec::with_capacity(length.min(2 * BLOCK));
        let read = (&mut self.from).take(length as u64).read_to_end(&mut bytes).map_err(Broken::Unread)?;
        self.offset += read as u64;
        if read < length { Err(Broken::Damaged { at: self.offset }) } else { Ok(bytes) }
    }

    fn expect_nothing(&mut self) -> Result<(), Broken> {
        let mut rest = Vec::new();
        let read = (&mut self.from).take(1).read_to_end(&mut rest).map_err(Broken::Unread)?;
        if read == 0 { Ok(()) } else { Err(Broken::Damaged { at: self.offset + 1 }) }
    }
}

fn encode_header(Header { format: Format { rows, store }, written_at }: &Header) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&rows.to_le_bytes());
    bytes.extend_from_slice(&store.0.to_le_bytes());
    let milliseconds = u64::try_from(written_at.as_millis()).unwrap_or(u64::MAX);
    bytes.extend_from_slice(&milliseconds.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// The version behind the magic.
fn parse_start(bytes: &[u8]) -> Option<u32> {
    let mut reader = Reader(bytes);
    let magic = reader.array::<8>()?;
    let version = u32::from_le_bytes(reader.array()?);
    (magic == MAGIC).then_some(version)
}

fn parse_header(bytes: &[u8]) -> Option<Header> {
    let mut reader = Reader(bytes.get(12..)?);
    let rows = u32::from_le_bytes(reader.array()?);
    let store = StoreId(u128::from_le_bytes(reader.array()?));
    let written_at = Duration::from_millis(u64::from_le_bytes(reader.array()?));
    let whole = u32::from_le_bytes(reader.array()?) == crc32c::crc32c(&bytes[..HEADER - 4]);
    whole.then_some(Header { format: Format { rows, store }, written_at })
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
    reader.0.is_empty().then_some((Tip { revision, checksum }, blocks))
}

fn parse_block_header(bytes: &[u8]) -> Option<(u8, usize, u32)> {
    let mut reader = Reader(bytes);
    let [kind] = reader.array()?;
    Some((kind, reader.length()?, u32::from_le_bytes(reader.array()?)))
}

fn block_checksum(before: u32, kind: u8, contents: &[u8]) -> u32 {
    let head = crc32c::crc32c_append(before, &[kind]);
    crc32c::crc32c_append(crc32c::crc32c_append(head, &record::length(contents.len())), contents)
}
