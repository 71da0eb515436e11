//! Where a service is found, whichever of its lives that is: a call reaches one life, and is lost when that one dies.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::chronicle::Life;

/// The address of a service.
pub struct Place<S> {
    found: Mutex<Option<Found<S>>>,
    /// Nobody can reach it, though it lives.
    cut: AtomicBool,
}

/// The life that is reached at an address.
pub struct Found<S> {
    /// Which life.
    pub life: Life,
    /// Its use cases.
    pub service: Arc<S>,
    /// Is cancelled at its end.
    pub died: CancellationToken,
}

impl<S> Clone for Found<S> {
    fn clone(&self) -> Self {
        Self { life: self.life, service: Arc::clone(&self.service), died: self.died.clone() }
    }
}

/// Nobody answered. Whether what was asked was done is unknown.
#[derive(Clone, Copy, Debug)]
pub struct Away;

impl<S> Place<S> {
    /// An address at which nobody is found yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { found: Mutex::default(), cut: AtomicBool::new(false) })
    }

    fn slot(&self) -> MutexGuard<'_, Option<Found<S>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this life is found here, unless a later one is.
    pub fn settle(&self, found: Found<S>) {
        let mut slot = self.slot();
        if slot.as_ref().is_none_or(|earlier| earlier.life.number < found.life.number) {
            *slot = Some(found);
        }
    }

    /// The life that is found here now, if it lives.
    pub fn living(&self) -> Option<Found<S>> {
        self.slot().clone().filter(|found| !found.died.is_cancelled())
    }

    /// Takes the service off the network, or puts it back.
    pub fn set_cut(&self, cut: Cut) {
        self.cut.store(cut == Cut::Off, Ordering::Relaxed);
    }

    /// The life that is found here now, if it can be reached.
    pub fn reached(&self) -> Option<Found<S>> {
        self.living().filter(|_| !self.cut.load(Ordering::Relaxed))
    }

    /// Asks the service something.
    pub async fn call<T, F: Future<Output = T>>(&self, ask: impl FnOnce(Arc<S>) -> F) -> Result<T, Away> {
        let found = self.reached().ok_or(Away)?;
        found.died.run_until_cancelled(ask(found.service)).await.ok_or(Away)
    }
}

/// Whether a service is on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It can be reached.
    On,
    /// Nobody reaches it.
    Off,
}
