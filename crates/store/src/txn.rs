//! Transactions: compares, then puts and deletes, all or nothing.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{Error, Revision};

/// The longest key in bytes. The shortest has one byte.
pub const KEY_LIMIT: usize = 4 * 1024;

/// The most bytes that the keys and values written by one transaction may have together.
pub const TXN_LIMIT: usize = 64 * 1024 * 1024;

/// A condition of a transaction: `key` was last modified at `mod_revision`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// The key whose modification is compared.
    pub key: Bytes,
    /// The revision that must have written it last; 0: the key must be absent.
    pub mod_revision: Revision,
}

/// Compares, and the writes to make if all of them hold.
///
/// A transaction writes a key at most once: of several writes of one key the last one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    compares: Vec<Compare>,
    /// What each key becomes; `None` deletes it.
    writes: BTreeMap<Bytes, Option<Bytes>>,
}

impl Txn {
    /// A transaction that requires nothing and writes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires that `key` was last modified at `mod_revision`; 0 requires that it is absent.
    #[must_use]
    pub fn compare(mut self, key: impl Into<Bytes>, mod_revision: Revision) -> Self {
        self.compares.push(Compare { key: key.into(), mod_revision });
        self
    }

    /// Sets `key` to `value`.
    #[must_use]
    pub fn put(mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.writes.insert(key.into(), Some(value.into()));
        self
    }

    /// Removes `key`. Removing an absent key changes nothing and is no error.
    #[must_use]
    pub fn delete(mut self, key: impl Into<Bytes>) -> Self {
        self.writes.insert(key.into(), None);
        self
    }

    /// The conditions, in the order in which they were given and are checked.
    pub fn compares(&self) -> &[Compare] {
        &self.compares
    }

    /// What each written key becomes, in the order of the keys; `None` deletes it.
    pub fn writes(&self) -> &BTreeMap<Bytes, Option<Bytes>> {
        &self.writes
    }

    /// The writes, taken out.
    pub fn into_writes(self) -> BTreeMap<Bytes, Option<Bytes>> {
        self.writes
    }

    /// The bytes of all written keys and values.
    pub fn size(&self) -> usize {
        self.writes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Bytes::len)).sum()
    }

    /// Checks the bounds that are the same for every engine.
    ///
    /// # Errors
    /// [`Error::BadKey`] and [`Error::TooLarge`], both definite.
    pub fn check(&self) -> Result<(), Error> {
        let compared = self.compares.iter().map(|compare| &compare.key);
        for key in compared.chain(self.writes.keys()) {
            if key.is_empty() || key.len() > KEY_LIMIT {
                return Err(Error::BadKey { size: key.len(), limit: KEY_LIMIT });
            }
        }
        let size = self.size();
        if size > TXN_LIMIT {
            return Err(Error::TooLarge { size, limit: TXN_LIMIT });
        }
        Ok(())
    }
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All compares held; the writes carry this revision. If the transaction changed nothing, it is
    /// the revision at which its compares held.
    Committed(Revision),
    /// A compare did not hold, and nothing was written.
    Conflict {
        /// The key of the first compare that did not hold.
        key: Bytes,
        /// The revision at which that key was really modified last; 0: it is absent.
        mod_revision: Revision,
    },
}
