//! What goes on on a connection: whether calls are under way, and whether its peer takes what it is answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::env::{Env, Stopwatch};

/// How many bytes of answers may wait for a peer to make room for them. The next call on its connection waits until there
/// are fewer: else one that asks and does not read would have us hold an answer for each of its calls.
const MOST_UNTAKEN: usize = 1 << 20;

/// How long a connection lives on after a caller was told that its certificate has ended: for the words on their way.
const FAREWELL: Duration = Duration::from_millis(250);

/// What goes on on one connection.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    room: Notify,
    /// Told when the connection has to part.
    parting: Notify,
}

#[derive(Debug)]
struct State {
    calls: usize,
    /// Since the last call ended, or since the connection was taken.
    quiet: Stopwatch,
    /// Bytes of answers for which its peer has made no room.
    untaken: usize,
    /// Whether its socket takes no more.
    blocked: bool,
    /// Whether its certificate has ended, which only another connection mends.
    over: bool,
}

impl State {
    fn has_room(&self) -> bool {
        self.untaken < MOST_UNTAKEN && !self.blocked
    }
}

impl Activity {
    pub fn new(env: &Env) -> Self {
        let state = State { calls: 0, quiet: env.stopwatch(), untaken: 0, blocked: false, over: false };
        Self { state: Mutex::new(state), room: Notify::new(), parting: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and tells those who wait for room if there is some now.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        let had_room = state.has_room();
        change(&mut state);
        let has_room = state.has_room();
        drop(state);
        if has_room && !had_room {
            self.room.notify_waiters();
        }
    }

    /// How much longer the connection may be without a call, if it may be so for `patience`.
    pub fn left(&self, patience: Duration) -> Duration {
        let state = self.state();
        let patience = if state.over { patience.min(FAREWELL) } else { patience };
        let quiet = if state.calls > 0 { Duration::ZERO } else { state.quiet.elapsed() };
        patience.saturating_sub(quiet)
    }

    /// Its certificate has ended.
    pub fn part(&self, env: &Env) {
        let mut state = self.state();
        if !state.over {
            (state.over, state.quiet) = (true, env.stopwatch());
            self.parting.notify_one();
        }
    }

    /// Waits until the connection has to part.
    pub async fn parted(&self) {
        self.parting.notified().await;
    }

    /// The socket takes no more.
    pub fn block(&self) {
        self.change(|state| state.blocked = true);
    }

    /// The socket takes bytes again.
    pub fn unblock(&self) {
        self.change(|state| state.blocked = false);
    }

    /// A call begins.
    pub fn busy(self: &Arc<Self>, env: &Env) -> Busy {
        self.state().calls += 1;
        Busy { activity: Arc::clone(self), env: env.clone() }
    }
}

/// A call under way on a connection; the connection is not idle before this is dropped.
#[derive(Debug)]
pub(crate) struct Busy {
    activity: Arc<Activity>,
    env: Env,
}

impl Busy {
    /// Whether the peer takes its answers, so that it can be answered more.
    pub fn has_room(&self) -> bool {
        self.activity.state().has_room()
    }

    /// Waits until it does.
    pub async fn room(&self) {
        loop {
            let mut told = std::pin::pin!(self.activity.room.notified());
            // From here on nothing is missed, so that what is asked next may be out of date without harm.
            told.as_mut().enable();
            if self.has_room() {
                return;
            }
            told.await;
        }
    }

    /// An answer of so many bytes waits for the peer.
    pub fn untaken(&self, bytes: usize) -> Untaken {
        self.activity.change(|state| state.untaken += bytes);
        Untaken { activity: Arc::clone(&self.activity), bytes }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.calls -= 1;
        state.quiet = self.env.stopwatch();
    }
}

/// An answer that waits until this is dropped.
#[derive(Debug)]
pub(crate) struct Untaken {
    activity: Arc<Activity>,
    bytes: usize,
}

impl Drop for Untaken {
    fn drop(&mut self) {
        self.activity.change(|state| state.untaken -= self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_waits_while_answers_are_not_taken_and_while_the_socket_takes_nothing() {
        let (activity, env) = (Arc::new(Activity::new(&Env::system())), Env::system());
        let busy = activity.busy(&env);
        let (first, second) = (busy.untaken(MOST_UNTAKEN - 1), busy.untaken(1));
        let waits = async || env.patience(Duration::from_millis(50), busy.room()).await.is_err();
        assert!(waits().await);
        activity.block();
        drop(first);
        assert!(waits().await);
        let (room, ()) = tokio::join!(env.patience(Duration::from_secs(10), busy.room()), async { activity.unblock() });
        assert!(room.is_ok() && busy.has_room());
        drop(second);
        assert_eq!(activity.state().untaken, 0);
    }
}
