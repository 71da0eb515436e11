//! The calls that have come and wait for a processor, in the order in which they came.
//!
//! The runtime has a queue of its own, in which whatever is ready waits for its turn, connections that have something to
//! read among them. Were all calls in it, each connection would be read as seldom as there are calls, and what nobody has
//! read can't be refused. So a few calls are there at a time, enough for every processor, and the others are here.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::rt::Executor;

/// How many calls wait in the queue of the runtime for each of its threads.
const AHEAD: usize = 8;

/// The queue of one server.
#[derive(Clone)]
pub(super) struct Queue(Arc<Shared>);

struct Shared {
    /// How many calls may wait in the queue of the runtime.
    most: usize,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    /// How many wait in the queue of the runtime.
    ahead: usize,
    /// The others.
    waiting: VecDeque<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Queue {
    /// A queue for the runtime that this is called in.
    pub fn new() -> Self {
        let threads = tokio::runtime::Handle::current().metrics().num_workers();
        Self(Arc::new(Shared { most: AHEAD * threads, calls: Mutex::default() }))
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands `call` to the runtime; as soon as it has begun the next one is.
    fn hand_on(&self, call: impl Future<Output = ()> + Send + 'static) {
        let queue = self.clone();
        tokio::spawn(async move {
            queue.next();
            call.await;
        });
    }

    /// A call has begun.
    fn next(&self) {
        let mut calls = self.calls();
        let next = calls.waiting.pop_front();
        if next.is_none() {
            calls.ahead -= 1;
        }
        drop(calls);
        if let Some(next) = next {
            self.hand_on(next);
        }
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Queue {
    fn execute(&self, call: F) {
        let mut calls = self.calls();
        if calls.ahead < self.0.most {
            calls.ahead += 1;
            drop(calls);
            self.hand_on(call);
        } else {
            calls.waiting.push_back(Box::pin(call));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server and its calls share the only thread of this test.
    #[tokio::test]
    async fn a_few_calls_are_ahead_and_all_begin_in_their_order() {
        let queue = Queue::new();
        let begun: Arc<Mutex<Vec<usize>>> = Arc::default();
        for number in 0..100 {
            let begun = Arc::clone(&begun);
            queue.execute(async move { begun.lock().unwrap().push(number) });
        }
        let counted = |calls: MutexGuard<'_, Calls>| (calls.ahead, calls.waiting.len());
        assert_eq!(counted(queue.calls()), (AHEAD, 100 - AHEAD));
        while counted(queue.calls()) != (0, 0) {
            tokio::task::yield_now().await;
        }
        assert!(begun.lock().unwrap().iter().copied().eq(0..100));
    }
}
