//! The use cases of the service, without a word of the wire: reports in, health and evidence out.
//!
//! Reports are checked ([`report`]), folded, and counted by the committer; questions read one immutable snapshot.

mod access;
mod commit;
mod folding;
mod gate;
mod health;
mod ingest;
mod limits;
mod load;
mod meters;
mod owners;
mod policy;
mod standing;
mod words;

pub mod report;

use std::sync::Arc;

use arc_swap::ArcSwap;
use slipway_chassis::env::Env;
use slipway_chassis::metrics::Metrics;
use slipway_store::Store;
use tokio::sync::{Semaphore, mpsc};

use crate::error::Error;
use crate::state::Snapshot;
use commit::{Desk, Proposal};
use meters::Meters;

pub use commit::{Acknowledged, Committer};
pub use gate::GateQuery;

pub use health::{Cohorts, HealthQuery, VersionHealth};
pub use limits::Limits;
pub use policy::{Defaults, ModelPolicy, Ownership, Policies};

/// The health monitor's use cases over one store.
pub struct Health {
    limits: Limits,
    env: Env,
    state: Arc<ArcSwap<Snapshot>>,
    queue: mpsc::Sender<Proposal>,
    /// The KiB that are left for reports which wait.
    room: Arc<Semaphore>,
    policies: Arc<dyn Policies>,
    meters: Meters,
}

impl Health {
    /// Reads the whole state of `store` and builds the use cases over it. The committer must run beside them: it counts
    /// the reports, and ends when the use cases are gone.
    ///
    /// # Errors
    /// [`Error::Unreadable`] and [`Error::Damaged`].
    pub async fn open(
        limits: Limits,
        store: Arc<dyn Store>,
        env: &Env,
        metrics: &Metrics,
        policies: Arc<dyn Policies>,
    ) -> Result<(Arc<Self>, Committer), Error> {
        let (snapshot, head) = load::load(&*store).await?;
        let state = Arc::new(ArcSwap::from_pointee(snapshot));
        let meters = Meters::new(metrics, &state);
        let (queue, proposals) = mpsc::channel(limits.queue);
        let desk = Desk { state: Arc::clone(&state), queue: proposals, meters: meters.clone() };
        let committer = Committer::new(store, env, desk, head);
        let room = Arc::new(Semaphore::new(limits.pending_kib as usize));
        Ok((Arc::new(Self { limits, env: env.clone(), state, queue, room, policies, meters }), committer))
    }

    /// The state as it is now. It does not change any more, whatever is reported meanwhile.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.state.load_full()
    }
}
