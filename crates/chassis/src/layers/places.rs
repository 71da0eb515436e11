//! How many calls of one kind are under way, and that they are never too many. Taking and giving back a place is one
//! atomic step: a lock here would be the one that all calls of a server meet at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::env::Env;

/// How often a stopping server looks whether its last call has ended.
const LOOK: Duration = Duration::from_millis(10);

/// The places for calls of one kind.
#[derive(Debug)]
pub(super) struct Places {
    most: u32,
    taken: AtomicU32,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Places>);

impl Places {
    pub(super) fn new(most: u32) -> Arc<Self> {
        Arc::new(Self { most, taken: AtomicU32::new(0) })
    }

    /// A place; none when all are taken.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        let one_more = |taken| (taken < self.most).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Place(self.clone()))
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> u32 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Waits, in real time, until none is taken.
    pub(super) async fn empty(&self, env: &Env) {
        while self.taken() > 0 {
            env.pause(LOOK).await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}
