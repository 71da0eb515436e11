//! The use cases of the launcher, and what it does by itself.
//!
//! What people ask for stands in `create`, `steer`, `list`, `watch` and `explain`; every change of a launch, whoever
//! wants it, goes through `commit`; `run` keeps the commands, the timers and the picture going.

mod access;
mod answers;
mod causes;
mod command;
mod commit;
mod create;
mod deliver;
mod epoch;
mod explain;
mod list;
mod meters;
mod owners;
mod run;
mod steer;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use slipway_chassis::Caller;
use slipway_chassis::env::Env;
use slipway_chassis::metrics::Metrics;
use slipway_chassis::page::Pictures;
use slipway_domain::name::LaunchName;
use slipway_store::Store;
use slipway_store::picture::{Feed, Kept};

pub use create::NewLaunch;
pub use explain::Explained;
pub use list::{ListQuery, Listed};
pub use steer::Target;
pub use watch::{Event, Moment, Scope};

use crate::record::Record;
use crate::state::State;
use crate::{Error, Peers};
use causes::Causes;
use epoch::Epoch;
use meters::Meters;

/// How long to wait before a store that failed is read again.
const PAUSE: Duration = Duration::from_millis(200);

/// What a launcher is made of.
pub struct Parts {
    /// Where it keeps everything.
    pub store: Arc<dyn Store>,
    /// Whom it asks.
    pub peers: Arc<dyn Peers>,
    /// Its clock and its chance.
    pub env: Env,
    /// Where it shows its figures.
    pub metrics: Metrics,
    /// How many commands may be under way at each peer.
    pub concurrency: usize,
}

/// The launcher's use cases over one store.
pub struct Launcher {
    store: Arc<dyn Store>,
    peers: Arc<dyn Peers>,
    env: Env,
    concurrency: usize,
    feed: Arc<Feed<State>>,
    epoch: Epoch,
    causes: Causes,
    pictures: Pictures<State>,
    meters: Meters,
}

impl Launcher {
    /// Reads the store, takes charge of it under a new epoch, and builds the use cases over it. [`Launcher::run`] must
    /// run beside them.
    ///
    /// # Errors
    /// [`Error`] if the store can't be used or a row is damaged.
    pub async fn open(parts: Parts) -> Result<Arc<Self>, Error> {
        let Parts { store, peers, env, metrics, concurrency } = parts;
        let epoch = Epoch::take(&*store, env.now()).await?;
        let feed = Arc::new(Feed::<State>::open(&*store).await?);
        tracing::info!(epoch = epoch.number, launches = feed.look().active.len(), "in charge");
        let meters = Meters::new(&metrics, &feed);
        let (causes, pictures) = (Causes::default(), Pictures::default());
        Ok(Arc::new(Self { store, peers, env, concurrency, feed, epoch, causes, pictures, meters }))
    }

    /// Keeps the picture up to date, runs commands and timers, and forgets old answers; never ends.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.keep_current(), self.forget_answers(), Arc::clone(&self).work());
    }

    async fn keep_current(&self) {
        loop {
            let error = self.feed.follow(&*self.store).await;
            tracing::error!(%error, "the picture of the store stands still; trying again");
            self.env.sleep(PAUSE).await;
        }
    }

    /// Waits until a newer launcher has taken charge of the same store; returns its epoch.
    pub async fn fenced(&self) -> u64 {
        loop {
            let state = self.feed.current();
            if state.epoch > self.epoch.number {
                return state.epoch;
            }
            self.feed.reached(state.revision + 1).await;
        }
    }

    /// Returns a launch.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn get_launch(&self, caller: &Caller, name: &LaunchName) -> Result<Kept<Record>, Error> {
        access::find(caller, &self.feed.look(), name)
    }

    /// The picture: everything but the event logs, as it is now.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.feed.current()
    }

    /// The epoch of this launcher: every change of traffic states it.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.number
    }
}

fn find(state: &State, name: &LaunchName) -> Result<Kept<Record>, Error> {
    state.launches.get(name).cloned().ok_or_else(|| Error::NotFound { name: name.to_string() })
}
