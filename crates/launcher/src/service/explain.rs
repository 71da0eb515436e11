//! Why a launch is where it is.

use slipway_chassis::{Caller, record};
use slipway_domain::launch::{Explanation, explain, log};
use slipway_domain::name::LaunchName;
use slipway_store::picture::Kept;

use super::Launcher;
use crate::record::Record;
use crate::{Error, keys};

/// A launch, why it is where it is, and how it came there.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The launch.
    pub found: Kept<Record>,
    /// Why it is there.
    pub explanation: Explanation,
    /// The last events of its log, newest first.
    pub events: Vec<log::Entry>,
}

impl Launcher {
    /// Explains a launch, with the last `events` entries of its log.
    ///
    /// # Errors
    /// `NOT_FOUND`, `STORE_UNAVAILABLE`.
    pub async fn explain_launch(&self, caller: &Caller, name: &LaunchName, events: u64) -> Result<Explained, Error> {
        let found = self.get_launch(caller, name)?;
        let last = found.value.launch.log.sequence;
        let mut entries = self.events(name, last.saturating_sub(events) + 1, last).await?;
        entries.reverse();
        let explanation = explain(&found.value.launch, self.env.now());
        Ok(Explained { found, explanation, events: entries })
    }

    /// The entries `first` to `last` of a launch's log, oldest first.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; `ROW_DAMAGED`.
    pub async fn events(&self, name: &LaunchName, first: u64, last: u64) -> Result<Vec<log::Entry>, Error> {
        let listing = self.store.range(&keys::events(name, first, last), 0).await?;
        let read = |entry: &slipway_store::Entry| {
            record::decode(&entry.value).map_err(|error| Error::damaged(&entry.key, &error))
        };
        listing.entries.iter().map(read).collect()
    }
}
