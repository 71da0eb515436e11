//! The bytes of an entry that the ledger's tree is made over, for whoever checks them in any language:
//!
//! ```text
//! 1                 the layout of what follows: one byte
//! revision          the revision that made the entry: 8 bytes, the most significant first
//! length of key     4 bytes, the most significant first
//! key               `ledger/`, the full name of the resource, a zero byte, 16 bytes that make it unique
//! record            the rest: a byte 1, then the change in MessagePack, its fields by name
//! ```
//! Key and record are the row of the registry's store, byte for byte: what was written when the change was made, never
//! written again. The leaves are in the order of their revisions, and of their keys within one.

use super::hash::{self, Hash};

/// The layout that is written.
const LAYOUT: u8 = 1;
/// Layout, revision, length of the key.
const HEADER: usize = 1 + 8 + 4;
/// What keys of the ledger begin with.
const PREFIX: &[u8] = b"ledger/";
/// What makes a key unique, and the zero byte before it.
const SUFFIX: usize = 17;

/// Why bytes are no leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The layout is one that this program does not know.
    #[error("it has the layout {0}, which this program does not know")]
    Layout(u8),
    /// It is too short for what it says to have in it.
    #[error("it is cut")]
    Cut,
    /// The key is none of the ledger.
    #[error("its key is none of the ledger")]
    Key,
}

/// An entry of the ledger as the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// The revision that made it.
    pub revision: u64,
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub record: &'a [u8],
}

impl<'a> Leaf<'a> {
    fn header(&self) -> [u8; HEADER] {
        let mut header = [LAYOUT; HEADER];
        header[1..9].copy_from_slice(&self.revision.to_be_bytes());
        // The store's keys are some thousand bytes at most.
        header[9..].copy_from_slice(&u32::try_from(self.key.len()).unwrap_or(u32::MAX).to_be_bytes());
        header
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&self.header(), self.key, self.record].concat()
    }

    /// Its hash, as a leaf of the tree.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash::leaf([self.header().as_slice(), self.key, self.record])
    }

    /// Reads the bytes of a leaf.
    ///
    /// # Errors
    /// [`Error`] if they are none.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let Some((&layout, rest)) = bytes.split_first() else { return Err(Error::Cut) };
        if layout != LAYOUT {
            return Err(Error::Layout(layout));
        }
        let (revision, rest) = rest.split_first_chunk().ok_or(Error::Cut)?;
        let (length, rest) = rest.split_first_chunk().ok_or(Error::Cut)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Error::Cut)?;
        let (key, record) = rest.split_at_checked(length).ok_or(Error::Cut)?;
        let leaf = Self { revision: u64::from_be_bytes(*revision), key, record };
        leaf.name().map(|_| leaf).ok_or(Error::Key)
    }

    /// What its place in the ledger follows from.
    #[must_use]
    pub fn place(&self) -> (u64, &'a [u8]) {
        (self.revision, self.key)
    }

    /// The full name of the resource that was changed.
    #[must_use]
    pub fn resource(&self) -> &'a str {
        self.name().unwrap_or_default()
    }

    fn name(&self) -> Option<&'a str> {
        let rest = self.key.strip_prefix(PREFIX)?;
        let (name, suffix) = rest.split_at_checked(rest.len().checked_sub(SUFFIX)?)?;
        if suffix[0] == 0 { std::str::from_utf8(name).ok() } else { None }
    }
}
