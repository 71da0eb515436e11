//! How the threads of an open store tell each other that there is something to do.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Error;

/// Work that somebody must be told of, and that ends.
#[derive(Debug, Default)]
pub(super) struct Signal {
    told: Mutex<Told>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Told {
    work: bool,
    closing: bool,
}

impl Signal {
    /// Says that there is work.
    pub(super) fn wake(&self) {
        let known = std::mem::replace(&mut self.told().work, true);
        if !known {
            self.news.notify_all();
        }
    }

    /// Says that no more work will come.
    pub(super) fn close(&self) {
        self.told().closing = true;
        self.news.notify_all();
    }

    /// No more work will come.
    pub(super) fn is_closing(&self) -> bool {
        self.told().closing
    }

    /// Waits for work; false once there is none and no more will come.
    pub(super) fn wait(&self) -> bool {
        let mut told = self.told();
        while !told.work && !told.closing {
            told = self.news.wait(told).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut told.work)
    }

    /// Waits for `time` to pass, or until no more work will come.
    pub(super) fn linger(&self, time: Duration) {
        let wait = self.news.wait_timeout_while(self.told(), time, |told| !told.closing);
        drop(wait.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits for work, but no longer than `time`.
    pub(super) fn wait_for(&self, time: Duration) -> Waited {
        let wait = self.news.wait_timeout_while(self.told(), time, |told| !told.work && !told.closing);
        let mut told = wait.unwrap_or_else(PoisonError::into_inner).0;
        if std::mem::take(&mut told.work) {
            Waited::Work
        } else if told.closing {
            Waited::Closing
        } else {
            Waited::Nothing
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        // Nothing can panic while it is held.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a bounded wait came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// There is work.
    Work,
    /// There is none, and no more will come.
    Closing,
    /// The time is over.
    Nothing,
}

/// The bound on what may wait in memory to be written into the state: whoever adds waits for room,
/// unless there will be none.
#[derive(Debug)]
pub(super) struct Room {
    limit: usize,
    /// Why nothing is written into the state at present.
    blocked: Mutex<Option<String>>,
    changed: Condvar,
}

impl Room {
    /// Room for about `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, blocked: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until what is `used` is less than the limit.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it cannot become less at present.
    pub(super) fn wait(&self, used: impl Fn() -> usize) -> Result<(), Error> {
        if used() < self.limit {
            return Ok(());
        }
        let mut blocked = self.blocked();
        while used() >= self.limit {
            if let Some(reason) = &*blocked {
                return Err(Error::Unavailable { reason: reason.clone() });
            }
            blocked = self.changed.wait(blocked).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Says that less is used.
    pub(super) fn freed(&self) {
        *self.blocked() = None;
        self.changed.notify_all();
    }

    /// Says that nothing gets less at present, and why.
    pub(super) fn block(&self, reason: String) {
        *self.blocked() = Some(reason);
        self.changed.notify_all();
    }

    fn blocked(&self) -> MutexGuard<'_, Option<String>> {
        self.blocked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
