//! The use cases of the registry. Each reads the picture, decides, and writes one transaction.

mod access;
mod affected;
mod aggregate;
mod aliases;
mod answers;
mod apply;
mod census;
mod changes;
mod commit;
mod consequences;
mod diff;
mod judging;
mod ledger;
mod list;
mod listed_model;
mod model_types;
mod models;
mod namespaces;
mod owners;
mod past;
mod policies;
mod print;
mod protected;
mod purge;
mod sightings;
mod signing;
mod standard;
mod teams;
mod traffic;
mod triage;
mod versions;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use slipway_chassis::env::Env;
use slipway_chassis::page::Pictures;
use slipway_domain::ledger::note::Signer;
use slipway_store::picture::Feed;
use slipway_store::{Revision, Store};

pub use aggregate::{Aggregate, Aggregated, Group};
pub use aliases::{Expected, Move};
pub use apply::{Action as PlanAction, Applied, Apply, Item, Planned, Refusal};
pub use changes::{Entry, ListChanges};
pub use diff::{Diff, Differences, Differing};
pub use judging::{Finding, Findings};
pub use ledger::{Exported, Included, Moment, Signed, Which};
pub use list::{ListQuery, Listed, Show};
pub use protected::{Propose, Protection};
pub use sightings::{ListedSighting, Reported, SightingsReport};
pub use standard::Delete;
pub use traffic::SetTraffic;
pub use triage::{Triage, Triaged};
pub(crate) use versions::any_model;
pub use watch::{Batch, Event, Happened, Last, Part, Scope, Seen};

use crate::Error;
use crate::state::State;

/// How long to wait before a store that failed is read again.
const PAUSE: Duration = Duration::from_millis(200);

/// The registry's use cases over one store.
pub struct Registry {
    store: Arc<dyn Store>,
    /// Which history its revisions belong to: a store that is made from a backup begins another one.
    history: Arc<str>,
    feed: Feed<State>,
    env: Env,
    pictures: Pictures<State>,
    pasts: past::Pasts,
    censuses: census::Censuses,
    /// Signs what the ledger is.
    signer: Signer,
    /// What is watched.
    views: watch::Views,
    /// What was seen again since it was written.
    latest: sightings::Latest,
    /// How often changes left models that break policies.
    findings: Findings,
    settings: Settings,
}

/// What can be set about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How old a watch gets at most.
    pub watch_max_age: Duration,
    /// After which time without a report a sighting is forgotten.
    pub sightings_expiry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { watch_max_age: Duration::from_secs(60 * 60), sightings_expiry: Duration::from_secs(24 * 60 * 60) }
    }
}

/// Which fields an update changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Mask {
    /// All that the caller set.
    Populated,
    /// All.
    Everything,
    /// These.
    Paths(Vec<String>),
}

/// A change of some fields of a resource.
#[derive(Debug, Clone)]
pub struct Update<T> {
    /// The new values, under the name of what is to be changed.
    pub wanted: T,
    /// Which of them.
    pub mask: Mask,
    /// What the caller believes the current etag to be; empty for no belief.
    pub etag: String,
    /// What happens when it is not there.
    pub missing: Missing,
}

/// What happens when the resource that a mutation is about is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The mutation is refused.
    Refused,
    /// An update creates it; a deletion has nothing to do.
    Allowed,
}

impl From<bool> for Missing {
    /// What `allow_missing` says.
    fn from(allowed: bool) -> Self {
        if allowed { Self::Allowed } else { Self::Refused }
    }
}

impl Registry {
    /// Reads the store, whose revisions belong to `history` and which is given a key for its ledger if it has none, and
    /// builds the use cases over it. [`Registry::run`] must run beside them.
    ///
    /// # Errors
    /// [`Error`] if the store can't be read or a row is damaged.
    pub async fn open(store: Arc<dyn Store>, history: &str, env: Env) -> Result<Arc<Self>, Error> {
        Self::open_with(store, history, env, Settings::default()).await
    }

    /// As [`Registry::open`], with other settings.
    ///
    /// # Errors
    /// As there.
    pub async fn open_with(
        store: Arc<dyn Store>,
        history: &str,
        env: Env,
        settings: Settings,
    ) -> Result<Arc<Self>, Error> {
        let signer = signing::signer(&*store, &env).await?;
        let feed = Feed::open(&*store).await?;
        Ok(Arc::new(Self {
            store,
            history: history.into(),
            feed,
            env,
            pictures: Pictures::default(),
            pasts: past::Pasts::default(),
            censuses: census::Censuses::default(),
            signer,
            views: watch::Views::default(),
            latest: sightings::Latest::default(),
            findings: Findings::default(),
            settings,
        }))
    }

    /// Keeps the picture up to date, forgets old answers and what was deleted long ago, and writes when
    /// models were seen; never ends.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.keep_current(), self.forget_answers(), self.purge(), self.keep_sightings());
    }

    async fn keep_current(&self) {
        loop {
            let error = self.feed.follow(&*self.store).await;
            tracing::error!(%error, "the picture of the store stands still; trying again");
            self.env.sleep(PAUSE).await;
        }
    }

    /// The revision that reads see now.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.feed.look().revision
    }

    /// Which history its revisions belong to.
    #[must_use]
    pub fn history(&self) -> &str {
        &self.history
    }

    /// How often changes left models that break policies.
    #[must_use]
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// How many models and versions are known.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let state = self.feed.look();
        (state.models.len(), state.versions.len())
    }
}
