//! The bytes of one record of the journal: one transaction.
//!
//! ```text
//! magic 4 | body length 4 | revision 8 | checksum of the record before 4 | checksum 4 | body
//! body: count 4 | per change: kind 1 | key length 4 | key | (puts:) value length 4 | value
//! ```
//! Numbers are little-endian. The checksum is CRC-32C over the header before it and the body, begun
//! with the segment's salt: so bytes of another journal, stored as a value, are not taken for records
//! of this one. Each record names the checksum of the one before, so a checksum stands for all of
//! the history up to it.

use bytes::Bytes;

use crate::{Change, Commit, Revision};

/// The bytes before the body.
pub(super) const HEADER: usize = 24;

/// A longer body is no body: what the largest transaction can need, with room to spare.
pub(super) const BODY_LIMIT: usize = 2 * crate::txn::TXN_LIMIT;

/// Begins a record that is the first of its group: everything before it was synced when it was written.
pub(super) const FIRST: [u8; 4] = *b"SLJ1";

/// Begins every other record.
const FOLLOWING: [u8; 4] = *b"SLJ+";

const PUT: u8 = 1;
const DELETE: u8 = 2;

/// The end of a stretch of history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tip {
    pub revision: Revision,
    /// The checksum of that revision's record; 0 before the first.
    pub checksum: u32,
}

/// A header that was read; only the body's checksum can show that it was one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub body: usize,
    revision: Revision,
    before: u32,
    checksum: u32,
}

/// A record whose checksum is right.
#[derive(Debug)]
pub(super) struct Record {
    pub commit: Commit,
    /// The checksum of the record before.
    pub before: u32,
    pub checksum: u32,
}

impl Record {
    pub(super) fn tip(&self) -> Tip {
        Tip { revision: self.commit.revision, checksum: self.checksum }
    }

    /// This record is the next one after `tip`.
    pub(super) fn follows(&self, tip: Tip) -> bool {
        self.commit.revision == tip.revision + 1 && self.before == tip.checksum
    }
}

/// The place of a record in its group, the records that are written and synced together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    First,
    Following,
}

/// Appends the record of `commit`, which follows `before`, to `buffer`; answers the new tip.
pub(super) fn encode(buffer: &mut Vec<u8>, salt: u32, (before, place): (Tip, Place), commit: &Commit) -> Tip {
    let start = buffer.len();
    buffer.extend_from_slice(match place {
        Place::First => &FIRST,
        Place::Following => &FOLLOWING,
    });
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&commit.revision.to_le_bytes());
    buffer.extend_from_slice(&before.checksum.to_le_bytes());
    buffer.extend_from_slice(&[0; 4]);
    encode_changes(buffer, &commit.changes);
    let body = length(buffer.len() - start - HEADER);
    buffer[start + 4..start + 8].copy_from_slice(&body);
    let record = &buffer[start..];
    let checksum = checksum(salt, &record[..HEADER - 4], &record[HEADER..]);
    buffer[start + HEADER - 4..start + HEADER].copy_from_slice(&checksum.to_le_bytes());
    Tip { revision: commit.revision, checksum }
}

/// Reads a header from the beginning of `bytes`; `None` if none begins there.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let mut reader = Reader(bytes);
    let magic = reader.array::<4>()?;
    let body = reader.length()?;
    let header = Header {
        body,
        revision: u64::from_le_bytes(reader.array()?),
        before: u32::from_le_bytes(reader.array()?),
        checksum: u32::from_le_bytes(reader.array()?),
    };
    ((magic == FIRST || magic == FOLLOWING) && body <= BODY_LIMIT).then_some(header)
}

/// Reads the record that begins `bytes` and has `header`; `None` if its checksum is wrong.
pub(super) fn decode(header: Header, bytes: &[u8], salt: u32) -> Option<Record> {
    let body = bytes.get(HEADER..HEADER + header.body)?;
    if checksum(salt, &bytes[..HEADER - 4], body) != header.checksum {
        return None;
    }
    // One allocation a record, so that who keeps a value keeps no more than its transaction.
    let changes = decode_changes(&Bytes::copy_from_slice(body))?;
    let commit = Commit { revision: header.revision, changes };
    Some(Record { commit, before: header.before, checksum: header.checksum })
}

/// Appends `changes` to `buffer`.
pub(super) fn encode_changes(buffer: &mut Vec<u8>, changes: &[Change]) {
    buffer.extend_from_slice(&length(changes.len()));
    for change in changes {
        let (kind, key) = match change {
            Change::Put { key, .. } => (PUT, key),
            Change::Delete { key } => (DELETE, key),
        };
        buffer.push(kind);
        buffer.extend_from_slice(&length(key.len()));
        buffer.extend_from_slice(key);
        if let Some(value) = change.value() {
            buffer.extend_from_slice(&length(value.len()));
            buffer.extend_from_slice(value);
        }
    }
}

/// Reads what [`encode_changes`] wrote and nothing else; `None` if it is something else.
pub(super) fn decode_changes(body: &Bytes) -> Option<Vec<Change>> {
    let mut reader = Reader(body);
    let count = reader.length()?;
    let mut changes = Vec::with_capacity(count.min(body.len() / 6));
    for _ in 0..count {
        let [kind] = reader.array()?;
        let key = body.slice_ref(reader.prefixed()?);
        changes.push(match kind {
            PUT => Change::Put { key, value: body.slice_ref(reader.prefixed()?) },
            DELETE => Change::Delete { key },
            _ => return None,
        });
    }
    reader.0.is_empty().then_some(changes)
}

fn checksum(salt: u32, header: &[u8], body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(salt, header), body)
}

/// A length as it is written. Transactions are bounded far below four gigabytes.
pub(super) fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("a transaction is bounded by TXN_LIMIT").to_le_bytes()
}

/// Takes numbers and bytes from the front of a slice, or nothing if it is too short.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.array()?)).ok()
    }

    /// Bytes behind their length.
    pub(super) fn prefixed(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.bytes(length)
    }
}
