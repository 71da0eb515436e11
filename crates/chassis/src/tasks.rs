//! The work that a service does in the background: it lasts until the last call is answered, and when it breaks off the
//! service does not go on as if nothing had happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::env::Env;
use crate::layers::panic;
use crate::readiness::Readiness;

/// The background tasks of one service. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    /// Asks the tasks to end.
    stop: CancellationToken,
    /// Asks the whole service to end.
    service: CancellationToken,
    broken: Arc<AtomicBool>,
    readiness: Readiness,
}

impl Tasks {
    pub(crate) fn new(service: CancellationToken, readiness: Readiness) -> Self {
        panic::install_hook();
        let broken = Arc::new(AtomicBool::new(false));
        Self { tracker: TaskTracker::new(), stop: CancellationToken::new(), service, broken, readiness }
    }

    /// Starts `work`, which ends by itself or soon after [`Tasks::stopping`]. When it panics, that is logged, the
    /// service is not ready any more, and it stops as failed.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let tasks = self.clone();
        self.tracker.spawn(async move {
            if let Err(panic) = panic::caught(work).await {
                tracing::error!(task = name, backtrace = %panic.backtrace, "a task broke off: {}", panic.message);
                tasks.readiness.component(name).not_ready("broke off");
                tasks.broken.store(true, Ordering::Relaxed);
                tasks.service.cancel();
            }
        });
    }

    /// Is cancelled when the tasks have to end: after the last call was answered.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Asks the tasks to end and waits for them, for at most `patience`. Says whether all of them ended well.
    pub(crate) async fn finish(&self, env: &Env, patience: Duration) -> bool {
        self.tracker.close();
        self.stop.cancel();
        if env.patience(patience, self.tracker.wait()).await.is_err() {
            tracing::warn!(tasks = self.tracker.len(), "background tasks are broken off: they did not end in time");
        }
        !self.broken.load(Ordering::Relaxed)
    }
}
