//! The only door to time and chance: what the clock says, how to wait, and new identifiers.
//!
//! Three clocks stand behind it: the machine's, a scaled one that several processes share by three settings, and a
//! driven one that moves only when its driver says so.

mod driven;
mod scaled;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rand::RngCore;
use uuid::Uuid;

pub use driven::Driver;
pub use scaled::Scale;

/// The longest single wait on the machine's clock; after it the clock is read again, so that a clock that was set
/// while somebody slept is noticed.
const RECHECK: Duration = Duration::from_secs(60);

/// Time and chance for one process. Cloning is cheap and every clone reads the same clock.
#[derive(Clone, Debug)]
pub struct Env {
    clock: Clock,
}

#[derive(Clone, Debug)]
enum Clock {
    System,
    Scaled(Scale),
    Driven(Arc<driven::Timeline>),
}

/// What was awaited did not come within the patience given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not within {patience:?}")]
pub struct Elapsed {
    /// How long was waited, in real time.
    pub patience: Duration,
}

impl Env {
    /// The machine's clock and its source of randomness.
    #[must_use]
    pub fn system() -> Self {
        Self { clock: Clock::System }
    }

    /// A clock that reads `start` at the real instant `origin` and from there runs `speed` times as fast as the
    /// machine's. Processes with the same three values agree on the time, and a restarted one goes on.
    #[must_use]
    pub fn scaled(origin: Timestamp, start: Timestamp, speed: f64) -> Self {
        Self { clock: Clock::Scaled(Scale { origin, start, speed }) }
    }

    /// A clock that stands at `start` until the driver moves it, and identifiers that follow from `seed` alone.
    #[must_use]
    pub fn driven(start: Timestamp, seed: u64) -> (Self, Driver) {
        let timeline = Arc::new(driven::Timeline::new(start, seed));
        (Self { clock: Clock::Driven(timeline.clone()) }, Driver::new(timeline))
    }

    /// What the clock says.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.clock {
            Clock::System => Timestamp::now(),
            Clock::Scaled(scale) => scale.at(Timestamp::now()),
            Clock::Driven(timeline) => timeline.now(),
        }
    }

    /// Waits until this clock has moved on by `duration`.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(later(self.now(), duration)).await;
    }

    /// Waits until this clock reads `due` or more; returns at once when it already does.
    pub async fn sleep_until(&self, due: Timestamp) {
        match &self.clock {
            Clock::Driven(timeline) => timeline.sleep_until(due).await,
            Clock::System => self.wait_real(due, 1.0).await,
            Clock::Scaled(scale) => self.wait_real(due, scale.speed).await,
        }
    }

    /// Waits in real time for a clock that runs `speed` times as fast, reading it again after every wait.
    async fn wait_real(&self, due: Timestamp, speed: f64) {
        loop {
            let Ok(left) = Duration::try_from(due.duration_since(self.now())) else {
                return;
            };
            if left.is_zero() {
                return;
            }
            let real = Duration::try_from_secs_f64(left.as_secs_f64() / speed).unwrap_or(RECHECK);
            tokio::time::sleep(real.min(RECHECK)).await;
        }
    }

    /// A new random identifier (UUID version 4).
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Sixty-four random bits.
    #[must_use]
    pub fn random_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Thirty-two random bytes, to make a key of.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }

    fn fill(&self, bytes: &mut [u8]) {
        match &self.clock {
            Clock::System | Clock::Scaled(_) => rand::rng().fill_bytes(bytes),
            Clock::Driven(timeline) => timeline.fill(bytes),
        }
    }

    /// Waits for `work` in real time, whatever this clock is: for deadlines of calls, drains and connections, where
    /// the patience is that of the machine on the other side.
    ///
    /// # Errors
    /// [`Elapsed`] when `work` was not done within `patience`; it is dropped.
    pub async fn patience<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        tokio::time::timeout(patience, work).await.map_err(|_| Elapsed { patience })
    }

    /// As [`Env::patience`], until the real instant `deadline`.
    ///
    /// # Errors
    /// [`Elapsed`] when `work` was not done by then; it is dropped.
    pub async fn until<T>(&self, deadline: Instant, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        self.patience(deadline.saturating_duration_since(Instant::now()), work).await
    }

    /// The real instant at which `patience` ends; none when it never does.
    #[must_use]
    pub fn deadline(&self, patience: Duration) -> Option<Instant> {
        Instant::now().checked_add(patience)
    }

    /// Waits for `duration` of real time, whatever this clock is.
    pub async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Starts to measure how long something takes in real time.
    #[must_use]
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(Instant::now())
    }
}

/// A measurement of real time that has begun.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// The real time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The real time from its start to the instant `end`; zero when that was before.
    #[must_use]
    pub fn until(self, end: Instant) -> Duration {
        end.saturating_duration_since(self.0)
    }

    /// The real instant at which a `patience` ends that began with it; none when it never does.
    #[must_use]
    pub fn deadline(self, patience: Duration) -> Option<Instant> {
        self.0.checked_add(patience)
    }
}

/// `instant + duration`, or the last representable instant when that lies beyond it.
fn later(instant: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration).ok().and_then(|step| instant.checked_add(step).ok()).unwrap_or(Timestamp::MAX)
}
