//! Transactions that wait for the writer.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::{Error, Outcome, Txn};

/// A transaction and who waits for it.
pub(super) struct Request {
    pub txn: Txn,
    pub answer: oneshot::Sender<Result<Outcome, Error>>,
}

/// A queue with any number of senders and one receiver.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    news: Condvar,
}

#[derive(Default)]
struct Waiting {
    requests: Vec<Request>,
    closed: bool,
    /// The receiver sleeps and must be woken.
    idle: bool,
}

impl Queue {
    /// Adds a transaction.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub(super) fn push(&self, txn: Txn) -> Result<oneshot::Receiver<Result<Outcome, Error>>, Error> {
        let (answer, outcome) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(Error::Closed);
        }
        waiting.requests.push(Request { txn, answer });
        let wake = std::mem::take(&mut waiting.idle);
        drop(waiting);
        if wake {
            self.news.notify_one();
        }
        Ok(outcome)
    }

    /// Moves all waiting transactions into `taken`, waiting until there are some; false once the queue
    /// is closed and empty.
    pub(super) fn take(&self, taken: &mut Vec<Request>) -> bool {
        let mut waiting = self.waiting();
        while waiting.requests.is_empty() && !waiting.closed {
            waiting.idle = true;
            waiting = self.news.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.idle = false;
        std::mem::swap(&mut waiting.requests, taken);
        !taken.is_empty()
    }

    /// Refuses further transactions; those that wait are still answered.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.news.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing can panic while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
