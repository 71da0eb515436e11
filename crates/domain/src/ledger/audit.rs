//! Whether a ledger, leaf by leaf, is what its checkpoints say: what whoever has a copy of it can tell without anybody's
//! help.

use super::checkpoint::Checkpoint;
use super::hash::Hash;
use super::leaf::{self, Leaf};
use super::proof::Head;
use super::tree::Tree;

/// What is wrong with a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The bytes of an entry are none.
    NoEntry {
        /// Which, from 0.
        index: u64,
        /// Why.
        why: leaf::Error,
    },
    /// An entry stands behind one that came later, or stands there twice.
    OutOfOrder {
        /// Which, from 0.
        index: u64,
    },
    /// There are fewer entries than the ledger had when it was signed.
    Cut {
        /// How many there are.
        found: u64,
        /// How many there were.
        signed: u64,
    },
    /// There are more entries than the ledger had when it was signed.
    Longer {
        /// How many there are.
        found: u64,
        /// How many there were.
        signed: u64,
    },
    /// There are as many entries as there were, and they are others.
    Others {
        /// How many.
        size: u64,
        /// So many from the first on are known to be what they were.
        known: u64,
    },
    /// A checkpoint from before is of more entries than there are now.
    CutSince {
        /// How many there are.
        found: u64,
        /// How many there were then.
        kept: u64,
    },
    /// The entries that a checkpoint from before is of are others now.
    OthersSince {
        /// How many they are.
        kept: u64,
    },
    /// Two checkpoints of one ledger say different things of the same entries: its signer told two stories.
    TwoStories {
        /// How many entries both are of.
        size: u64,
    },
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoEntry { index, why } => write!(f, "entry {index} is none: {why}"),
            Self::OutOfOrder { index } => {
                write!(f, "entry {index} is not later than the one before it: it was moved there, or inserted")
            }
            Self::Cut { found, signed } => {
                write!(f, "there are {found} entries, and {signed} were signed: {} were cut out", signed - found)
            }
            Self::Longer { found, signed } => {
                write!(f, "there are {found} entries, and {signed} were signed: {} were inserted", found - signed)
            }
            Self::Others { size, known: 0 } => {
                write!(f, "the {size} entries are not those that were signed: at least one was changed")
            }
            Self::Others { size, known } => write!(
                f,
                "the {size} entries are not those that were signed: at least one behind the first {known} was changed"
            ),
            Self::CutSince { found, kept } => write!(
                f,
                "the ledger has {found} entries, and had {kept} when the older checkpoint was signed: it was cut"
            ),
            Self::OthersSince { kept } => write!(
                f,
                "the first {kept} entries are not those of the older checkpoint: what was written then was changed"
            ),
            Self::TwoStories { size } => {
                write!(f, "both checkpoints are of {size} entries and differ: one ledger was signed in two versions")
            }
        }
    }
}

/// A ledger that is being read, from its first entry on.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    tree: Tree,
    last: Option<(u64, Vec<u8>)>,
    problems: Vec<Problem>,
}

impl Audit {
    /// Takes in the bytes of the next entry; its hash.
    pub fn take(&mut self, bytes: &[u8]) -> Hash {
        let index = self.tree.size();
        match Leaf::decode(bytes) {
            Ok(leaf) => {
                let is_later = self.last.as_ref().is_none_or(|(revision, key)| (*revision, &**key) < leaf.place());
                if !is_later {
                    self.problems.push(Problem::OutOfOrder { index });
                }
                self.last = Some((leaf.revision, leaf.key.to_vec()));
            }
            Err(why) => self.problems.push(Problem::NoEntry { index, why }),
        }
        let hash = super::hash::leaf([bytes]);
        self.tree.push(hash);
        hash
    }

    /// What is wrong with the entries, of which `signed` is the checkpoint, and `older` one that somebody kept from before.
    /// Nothing, if they are what they were.
    #[must_use]
    pub fn finish(self, signed: &Checkpoint, older: Option<&Checkpoint>) -> Vec<Problem> {
        let Self { tree, mut problems, .. } = self;
        let since = older.and_then(|older| since(&tree, &signed.head, &older.head));
        let known = older.filter(|_| since.is_none()).map_or(0, |older| older.head.size);
        problems.extend(now(&tree, &signed.head, known));
        problems.extend(since);
        problems
    }
}

fn now(tree: &Tree, signed: &Head, known: u64) -> Option<Problem> {
    let found = tree.size();
    match found.cmp(&signed.size) {
        std::cmp::Ordering::Less => Some(Problem::Cut { found, signed: signed.size }),
        std::cmp::Ordering::Greater => Some(Problem::Longer { found, signed: signed.size }),
        std::cmp::Ordering::Equal if tree.root(found) == Some(signed.root) => None,
        std::cmp::Ordering::Equal => Some(Problem::Others { size: found, known }),
    }
}

fn since(tree: &Tree, signed: &Head, older: &Head) -> Option<Problem> {
    if older.size == signed.size && older.root != signed.root {
        return Some(Problem::TwoStories { size: older.size });
    }
    match tree.root(older.size) {
        None => Some(Problem::CutSince { found: tree.size(), kept: older.size }),
        Some(root) if root != older.root => Some(Problem::OthersSince { kept: older.size }),
        Some(_) => None,
    }
}
