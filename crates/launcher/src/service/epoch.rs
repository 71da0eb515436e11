//! The launcher's epoch: a number that rises with every start, so that whoever is in charge last is obeyed alone.

use jiff::Timestamp;
use slipway_chassis::record;
use slipway_store::{Outcome, Revision, Store, Txn};

use crate::Error;
use crate::keys::Key;
use crate::record::Row;

/// How often the epoch is tried for when others start at the same time.
const ATTEMPTS: usize = 16;

/// An epoch that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Epoch {
    /// The number.
    pub number: u64,
    /// The revision that wrote it. Every transaction compares it: what a launcher decides after another has taken
    /// charge is never stored.
    pub revision: Revision,
}

impl Epoch {
    /// Takes an epoch above every one that this store knows, and no lower than the clock's milliseconds: a data folder
    /// that was restored from a backup is not behind what it has told the registry since.
    pub async fn take(store: &dyn Store, now: Timestamp) -> Result<Self, Error> {
        let mut last = Error::Refused(slipway_store::Error::Unavailable { reason: "others start as well".to_owned() });
        for _ in 0..ATTEMPTS {
            let (highest, seen) = highest(store).await?;
            let clock = u64::try_from(now.as_millisecond()).unwrap_or(0);
            let number = clock.max(highest + 1);
            let key = Key::Epoch.write();
            let txn = Txn::new().compare(key.clone(), seen).put(key, record::encode(&number));
            match store.txn(txn).await.map_err(Error::from) {
                Ok(Outcome::Committed(revision)) => return Ok(Self { number, revision }),
                Ok(Outcome::Conflict { .. }) => {}
                // If it was taken after all, the next one is above it.
                Err(unknown @ Error::OutcomeUnknown(_)) => last = unknown,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}

/// The highest epoch that was ever stated, and the revision of the row that holds the last one taken. A launch can be
/// of a higher epoch than its launcher: it takes over traffic that a person has taken.
async fn highest(store: &dyn Store) -> Result<(u64, Revision), Error> {
    let (mut highest, mut revision) = (0, 0);
    let key = Key::Epoch.write();
    if let Some(entry) = store.get(&key).await?.entry {
        revision = entry.mod_revision;
        if let Row::Epoch(epoch) = crate::record::read(&key, &entry.value)? {
            highest = epoch;
        }
    }
    for entry in store.range(&crate::keys::launches(), 0).await?.entries {
        if let Row::Launch(record) = crate::record::read(&entry.key, &entry.value)? {
            highest = highest.max(record.launch.epoch);
        }
    }
    Ok((highest, revision))
}
