//! Tells the registry at intervals what a fleet really runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::Rng as _;
use slipway_domain::name::NamespaceName;
use tokio::task::AbortHandle;

use crate::error::Error;
use crate::pb;
use crate::registry::Registry;

/// The most sightings of one report.
const LARGEST_REPORT: usize = 1000;

/// Where and how often a fleet reports.
#[derive(Debug, Clone)]
pub struct LookoutSettings {
    /// The namespace that its models are registered in.
    pub namespace: NamespaceName,
    /// How long it waits from one report to the next: a quarter less to a quarter more, so that the members of a fleet do
    /// not report together.
    pub every: Duration,
}

impl LookoutSettings {
    /// Reports of models in `namespace`, every five minutes.
    #[must_use]
    pub fn new(namespace: NamespaceName) -> Self {
        Self { namespace, every: Duration::from_secs(300) }
    }
}

/// Reports what runs until it is dropped. A report that fails is repeated in time with what runs by then; nothing that
/// serves waits for it.
#[derive(Debug)]
pub struct Lookout {
    last: Arc<Mutex<Option<Result<(), Error>>>>,
    task: AbortHandle,
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Lookout {
    /// Reports to `registry` what `look` sees, first at once, and then at intervals.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(
        registry: &Registry,
        settings: LookoutSettings,
        look: impl Fn() -> Vec<pb::Running> + Send + Sync + 'static,
    ) -> Self {
        let (registry, last) = (registry.clone(), Arc::new(Mutex::new(None)));
        let told = Arc::clone(&last);
        let task = tokio::spawn(async move {
            loop {
                let outcome = report(&registry, &settings.namespace, look()).await;
                if let Err(failure) = &outcome {
                    tracing::info!(%failure, "what runs was not reported; it will be in time");
                }
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
                let spread = rand::rng().random_range(0.75..1.25);
                tokio::time::sleep(settings.every.mul_f64(spread)).await;
            }
        });
        Self { last, task: task.abort_handle() }
    }

    /// What became of the last report; none before the first has ended.
    #[must_use]
    pub fn last(&self) -> Option<Result<(), Error>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn report(registry: &Registry, namespace: &NamespaceName, running: Vec<pb::Running>) -> Result<(), Error> {
    for part in running.chunks(LARGEST_REPORT) {
        let request = pb::ReportSightingsRequest { parent: namespace.to_string(), running: part.to_vec() };
        let answer = registry.report_sightings(request).await?;
        if answer.left_out > 0 {
            tracing::warn!(left_out = answer.left_out, "the registry has no room for more of what runs here");
        }
    }
    Ok(())
}
