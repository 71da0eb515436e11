//! The event log of a launch: each entry carries a hash over itself and the entry before it, so that nobody can change,
//! reorder or cut it unnoticed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Event, Launch};
use crate::principal::Principal;

/// A SHA-256 hash, written in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// The text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hash has 64 hexadecimal digits")]
pub struct NotAHash;

impl TryFrom<String> for Hash {
    type Error = NotAHash;
    fn try_from(text: String) -> Result<Self, NotAHash> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAHash);
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| NotAHash)?;
        }
        Ok(Self(bytes))
    }
}

/// Where a log stands. The launch keeps it, so that a log that lost its last entries is noticed too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Head {
    /// The number of the last entry; 0 while there is none.
    pub sequence: u64,
    /// The last entry's hash; all zeros while there is none.
    pub hash: Hash,
}

/// One event of a launch's log, as it is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1.
    pub sequence: u64,
    /// When the event was taken.
    pub at: Timestamp,
    /// Who caused it.
    pub principal: Principal,
    /// What it was, as `GATE_ANSWERED`.
    pub kind: String,
    /// What it was, as one sentence.
    pub description: String,
    /// Where the launch stood after it, as `RAMPING`.
    pub state: String,
    /// The whole event as JSON, exactly as it was written then: the hash is over these bytes, so a later program that
    /// would write the event differently still verifies it.
    pub event: String,
    /// SHA-256 over all of the above and the hash before.
    pub hash: Hash,
}

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing, doubled or out of order.
    #[error("entry {found} stands where entry {wanted} belongs")]
    Order {
        /// The number that belongs there.
        wanted: u64,
        /// The number that stands there.
        found: u64,
    },
    /// An entry, or one before it, is not what was written.
    #[error("entry {sequence} is not what was written")]
    Altered {
        /// Its number.
        sequence: u64,
    },
    /// The log ends before, or after, the entry that the launch knows as its last.
    #[error("the log ends at entry {found}, the launch knows {wanted}")]
    Cut {
        /// The last entry that the launch knows.
        wanted: u64,
        /// The last entry that is there.
        found: u64,
    },
}

/// Appends `event` to the log of `launch`, the state that the event has led to.
///
/// The entry is to be stored in the same transaction as the launch.
pub fn append(launch: &mut Launch, event: &Event, now: Timestamp) -> Entry {
    let mut entry = Entry {
        sequence: launch.log.sequence + 1,
        at: now,
        principal: event.principal(),
        kind: event.kind().to_owned(),
        description: super::describe(event),
        state: launch.stage.name().to_owned(),
        event: serde_json::to_string(event).expect("every key of an event is a text, which is all that JSON asks for"),
        hash: Hash::default(),
    };
    entry.hash = hash(&entry, launch.log.hash);
    launch.log = Head { sequence: entry.sequence, hash: entry.hash };
    entry
}

/// Checks that `entries`, from the first, are exactly what was written up to `head`.
///
/// # Errors
/// [`Broken`], at the first entry that is not as it was written.
pub fn verify<'a>(entries: impl IntoIterator<Item = &'a Entry>, head: Head) -> Result<(), Broken> {
    let mut at = Head::default();
    for entry in entries {
        let wanted = at.sequence + 1;
        if entry.sequence != wanted {
            return Err(Broken::Order { wanted, found: entry.sequence });
        }
        if hash(entry, at.hash) != entry.hash {
            return Err(Broken::Altered { sequence: entry.sequence });
        }
        at = Head { sequence: entry.sequence, hash: entry.hash };
    }
    if at.sequence != head.sequence {
        return Err(Broken::Cut { wanted: head.sequence, found: at.sequence });
    }
    if at.hash == head.hash { Ok(()) } else { Err(Broken::Altered { sequence: at.sequence }) }
}

fn hash(entry: &Entry, before: Hash) -> Hash {
    let Entry { sequence, at, principal, kind, description, state, event, hash: _ } = entry;
    let mut digest = Sha256::new();
    digest.update(before.0);
    digest.update(sequence.to_be_bytes());
    digest.update(at.as_nanosecond().to_be_bytes());
    for text in [principal.as_str(), kind, description, state, event] {
        // Each text with its length, so that no letter can move from one to the next.
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    Hash(digest.finalize().into())
}
