//! A clock that moves only when its driver says so, for tests, simulations and demonstrations: the same program and the
//! same seed give the same history.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::Timestamp;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::later;

/// How often the driver steps aside after it woke sleepers. On a current-thread runtime one turn runs all that is
/// ready; the others are for tasks which step aside themselves.
const TURNS: usize = 8;

/// The state that an environment and its driver share.
#[derive(Debug)]
pub(super) struct Timeline(Mutex<State>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    registered: u64,
    /// Sleepers by due time, then by the order in which they lay down.
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
    random: ChaCha12Rng,
}

impl Timeline {
    pub(super) fn new(start: Timestamp, seed: u64) -> Self {
        let random = ChaCha12Rng::seed_from_u64(seed);
        Self(Mutex::new(State { now: start, registered: 0, sleepers: BTreeMap::new(), random }))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.state().now
    }

    pub(super) fn fill(&self, bytes: &mut [u8]) {
        self.state().random.fill_bytes(bytes);
    }

    pub(super) fn sleep_until(self: &Arc<Self>, due: Timestamp) -> Sleep {
        Sleep { timeline: self.clone(), due, place: None }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no code panics while it holds this lock")
    }
}

/// One sleeper; dropping it takes it off the timeline.
pub(super) struct Sleep {
    timeline: Arc<Timeline>,
    due: Timestamp,
    place: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let timeline = self.timeline.clone();
        let mut state = timeline.state();
        if state.now >= self.due {
            return Poll::Ready(());
        }
        let place = self.place.unwrap_or_else(|| {
            state.registered += 1;
            state.registered
        });
        self.place = Some(place);
        state.sleepers.insert((self.due, place), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.timeline.state().sleepers.remove(&(self.due, place));
        }
    }
}

/// Moves a driven clock. The clock never goes back: an instant that has passed leaves it where it stands.
#[derive(Debug, Clone)]
pub struct Driver {
    timeline: Arc<Timeline>,
}

impl Driver {
    pub(super) fn new(timeline: Arc<Timeline>) -> Self {
        Self { timeline }
    }

    /// What the clock reads.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.timeline.now()
    }

    /// When the next sleeper is due; none when nobody sleeps.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timeline.state().sleepers.keys().next().map(|(due, _)| *due)
    }

    /// Moves the clock by `duration`, as [`Driver::advance_to`] does.
    pub async fn advance(&self, duration: Duration) {
        self.advance_to(later(self.now(), duration)).await;
    }

    /// Moves the clock to `target` and stops at every instant on the way at which somebody is due: those sleepers wake
    /// in the order in which they lay down, and what they do then happens at that instant. Sleepers who lie down on
    /// the way and are due before `target` wake on the way too.
    pub async fn advance_to(&self, target: Timestamp) {
        self.settle().await;
        while let Some(due) = self.next_due().filter(|due| *due <= target) {
            self.jump_to(due);
            self.settle().await;
        }
        self.jump_to(target);
    }

    /// Moves the clock to `target` at once and wakes whoever is due by then, in due order, without letting anybody run
    /// in between: for a driver outside of the runtime, or one that goes in small steps.
    pub fn jump_to(&self, target: Timestamp) {
        let woken: Vec<Waker> = {
            let mut state = self.timeline.state();
            state.now = state.now.max(target);
            let now = state.now;
            std::iter::from_fn(|| {
                state.sleepers.first_entry().filter(|next| next.key().0 <= now).map(|next| next.remove())
            })
            .collect()
        };
        woken.into_iter().for_each(Waker::wake);
    }

    /// Lets every task that is ready run, on a current-thread runtime, until all of them wait for something.
    pub async fn settle(&self) {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
    }
}
