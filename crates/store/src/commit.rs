//! What a watch sees of a transaction.

use bytes::Bytes;

use crate::{KeyRange, Revision};

/// The changes that one transaction made, as far as they lie in the watched range: never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The revision of the transaction, which is the `mod_revision` of everything it put.
    pub revision: Revision,
    /// The changes in the order of their keys, each key at most once.
    pub changes: Vec<Change>,
}

/// A change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The key was created or its value replaced.
    Put {
        /// The key.
        key: Bytes,
        /// Its new value.
        value: Bytes,
    },
    /// The key existed and was removed.
    Delete {
        /// The key.
        key: Bytes,
    },
}

impl Change {
    /// The key that changed.
    pub fn key(&self) -> &Bytes {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }

    /// The new value; `None` if the key was removed.
    pub fn value(&self) -> Option<&Bytes> {
        match self {
            Self::Put { value, .. } => Some(value),
            Self::Delete { .. } => None,
        }
    }
}

impl Commit {
    /// The part of this commit that lies in `range`; `None` if nothing of it does.
    pub fn within(&self, range: &KeyRange) -> Option<Self> {
        let inside = |change: &&Change| range.contains(change.key());
        let changes: Vec<_> = self.changes.iter().filter(inside).cloned().collect();
        (!changes.is_empty()).then_some(Self { revision: self.revision, changes })
    }

    /// The bytes of all keys and values.
    pub(crate) fn size(&self) -> usize {
        self.changes.iter().map(|change| change.key().len() + change.value().map_or(0, Bytes::len)).sum()
    }
}
