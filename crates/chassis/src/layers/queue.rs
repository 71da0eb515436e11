//! The unary calls that have come and wait for a processor: how many there may be, by how long they wait.
//!
//! A long queue helps nobody. Its calls are answered when their callers have gone, and so are those that are let in
//! behind them: the service works, and what it does is worth nothing. A short one is worked off in time, and what does
//! not fit into it learns at once that it has to come again. Calls that have begun are not counted here: they may wait
//! for a disk while the processors are idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::env::{Env, Stopwatch};
use crate::metrics::{Figure, Gauge, Metrics, one};

/// Over how long waits are looked at together.
const WINDOW: Duration = Duration::from_millis(100);

/// How long a call may wait on average: longer than a burst that is worked off by itself, and much shorter than callers
/// are patient.
const LONGEST: Duration = Duration::from_millis(50);

/// So many may always wait, if the setting allows so many: a machine that stood still for a moment is not overloaded.
const FEWEST: u32 = 32;

/// More than so many are a crowd.
const CROWD: u32 = 8;

const MOST: Figure<Gauge> = Figure::gauge(
    "rpc_server_queue_most",
    "Unary calls that may wait for a processor at once: as many as max-requests, or fewer while they wait long.",
    &[],
);

/// The calls that wait.
#[derive(Debug)]
pub(super) struct Queue {
    /// How many may wait at most, whatever they wait.
    most: u32,
    /// How many may wait now.
    allowed: AtomicU32,
    waiting: AtomicU32,
    waits: Waits,
    /// Since the queue is there.
    open: Stopwatch,
}

/// A call that waits until this is dropped.
#[derive(Debug)]
pub(super) struct Waiting(Arc<Queue>);

impl Queue {
    pub(super) fn new(most: u32, env: &Env, metrics: &Metrics) -> Arc<Self> {
        let (allowed, waiting) = (AtomicU32::new(most), AtomicU32::new(0));
        let queue = Arc::new(Self { most, allowed, waiting, waits: Waits::default(), open: env.stopwatch() });
        let shown = Arc::downgrade(&queue);
        MOST.show(metrics, move || one(shown.upgrade().map(|queue| f64::from(queue.allowed()))));
        queue
    }

    /// Lets a call wait; none when there is no room for it.
    pub(super) fn join(self: &Arc<Self>) -> Option<Waiting> {
        let allowed = self.allowed();
        let one_more = |waiting| (waiting < allowed).then_some(waiting + 1);
        self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Waiting(self.clone()))
    }

    fn allowed(&self) -> u32 {
        self.allowed.load(Ordering::Relaxed)
    }
}

impl Waiting {
    /// Whether many wait. Then connections are read before the next call begins: calls that nobody has read wait too,
    /// unseen, and what would be let in behind them is late already.
    pub(super) fn is_in_a_crowd(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed) > CROWD
    }

    /// The call that `came` then begins `now`.
    pub(super) fn end(self, came: Stopwatch, now: Stopwatch) {
        let Queue { most, allowed, waits, open, .. } = &*self.0;
        if let Some(wait) = waits.note(now.since(*open), now.since(came)) {
            allowed.store(next(allowed.load(Ordering::Relaxed), *most, wait), Ordering::Relaxed);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many calls may wait after a window in which `allowed` might and their average wait was `wait`. The wait grows with
/// the queue, so the queue becomes shorter by as much as the wait was too long; when it was short, longer again, up to
/// `most`.
fn next(allowed: u32, most: u32, wait: Duration) -> u32 {
    let factor = LONGEST.div_duration_f64(wait.max(Duration::from_micros(1))).clamp(0.5, 1.5);
    let next = (f64::from(allowed) * factor).ceil() as u32;
    next.clamp(FEWEST.min(most), most)
}

/// How long calls waited in one window.
#[derive(Debug, Default)]
struct Waits {
    /// When the window began, in microseconds.
    since: AtomicU64,
    /// All waits together, in microseconds.
    sum: AtomicU64,
    count: AtomicU64,
}

impl Waits {
    /// Notes at the time `now` that a call has `waited`; gives the average of the window, once, when it is over.
    fn note(&self, now: Duration, waited: Duration) -> Option<Duration> {
        self.sum.fetch_add(micros(waited), Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
        let (since, now) = (self.since.load(Ordering::Relaxed), micros(now));
        if now.saturating_sub(since) < micros(WINDOW) {
            return None;
        }
        self.since.compare_exchange(since, now, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        let (sum, count) = (self.sum.swap(0, Ordering::Relaxed), self.count.swap(0, Ordering::Relaxed));
        Some(Duration::from_micros(sum / count.max(1)))
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: u32 = 1024;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_queue_becomes_shorter_by_as_much_as_the_wait_was_too_long() {
        assert_eq!(next(800, MANY, ms(50)), 800);
        assert_eq!(next(800, MANY, ms(80)), 500);
        // One window is not believed in everything.
        assert_eq!(next(800, MANY, ms(10_000)), 400);
    }

    #[test]
    fn some_may_always_wait_and_never_more_than_the_setting_says() {
        let after = |start, most, wait| (0..20).fold(start, |allowed, _| next(allowed, most, wait));
        assert_eq!(after(MANY, MANY, ms(10_000)), FEWEST);
        assert_eq!(after(1, 1, ms(10_000)), 1);
        assert_eq!(after(FEWEST, MANY, ms(0)), MANY);
    }

    #[test]
    fn the_queue_is_as_long_as_ever_within_a_second_after_the_last_long_wait() {
        let windows = Duration::from_secs(1).as_millis() / WINDOW.as_millis();
        assert_eq!((0..windows).fold(FEWEST, |allowed, _| next(allowed, MANY, ms(1))), MANY);
    }

    #[test]
    fn a_window_tells_its_average_once_and_the_next_one_begins_empty() {
        let waits = Waits::default();
        assert_eq!(waits.note(ms(10), ms(30)), None);
        assert_eq!(waits.note(ms(100), ms(50)), Some(ms(40)));
        assert_eq!(waits.note(ms(110), ms(8)), None);
        assert_eq!(waits.note(ms(205), ms(4)), Some(ms(6)));
    }

    #[test]
    fn who_has_begun_or_is_gone_waits_no_more() {
        let (env, metrics) = (Env::system(), Metrics::new().unwrap());
        let queue = Queue::new(2, &env, &metrics);
        let (first, second) = (queue.join().unwrap(), queue.join().unwrap());
        assert!(queue.join().is_none());
        first.end(env.stopwatch(), env.stopwatch());
        let third = queue.join().unwrap();
        drop((second, third));
        assert!(queue.join().is_some());
    }
}
