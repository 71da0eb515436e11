//! A clock that runs at a multiple of the machine's, the same in every process that has the same settings.

use jiff::{SignedDuration, Timestamp};

/// Where a scaled clock begins and how fast it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The real instant at which the clock reads [`Scale::start`].
    pub origin: Timestamp,
    /// What the clock reads at [`Scale::origin`].
    pub start: Timestamp,
    /// Seconds of this clock in a real second; more than zero.
    pub speed: f64,
}

impl Scale {
    /// What the clock reads at the real instant `real`: `start + (real − origin) · speed`, bounded by the instants that
    /// can be represented.
    #[must_use]
    pub fn at(&self, real: Timestamp) -> Timestamp {
        let passed = real.duration_since(self.origin).as_secs_f64() * self.speed;
        let moved = SignedDuration::try_from_secs_f64(passed).ok().and_then(|step| self.start.checked_add(step).ok());
        moved.unwrap_or(if passed < 0.0 { Timestamp::MIN } else { Timestamp::MAX })
    }
}
