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

    /// How many transactions wait.
    pub(super) fn len(&self) -> usize {
        self.waiting().requests.len()
    }

    /// Refuses further transactions; those that wait are still answered.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.news.notify_one();
    }

    /// Refuses further transactions, and gives up those that wait: what becomes of them is unknown.
    pub(super) fn abandon(&self) {
        self.close();
        self.waiting().requests.clear();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing can panic while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_a_receiver_that_is_gone() {
        let queue = Queue::default();
        let waiting = queue.push(Txn::new()).expect("open");
        queue.abandon();
        assert!(waiting.await.is_err());
        assert_eq!(queue.push(Txn::new()).err(), Some(Error::Closed));
    }

    #[test]
    fn a_closed_queue_still_hands_out_what_waits_in_order() {
        let queue = Queue::default();
        let waiting: Vec<_> = ["a", "b"].map(|key| queue.push(Txn::new().put(key, "1"))).into_iter().collect();
        queue.close();
        let mut taken = Vec::new();
        assert!(queue.take(&mut taken));
        let keys: Vec<_> = taken.drain(..).flat_map(|request| request.txn.into_writes().into_keys()).collect();
        assert_eq!(keys, ["a", "b"]);
        assert!(!queue.take(&mut taken));
        drop(waiting);
    }
}
