//! Minutes, hours and windows of them: the time of a prediction as cells keep it.

use jiff::Timestamp;

const MINUTE: i64 = 60;

/// A minute, counted from 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Minute(u32);

impl Minute {
    /// The first minute that there is.
    pub const FIRST: Self = Self(0);

    /// The minute of this number, counted from 1970.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The number of the minute, counted from 1970.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// The minute in which `instant` lies. Instants before 1970 lie in the first one.
    #[must_use]
    pub fn of(instant: Timestamp) -> Self {
        // The last representable instant, in the year 9999, is minute 4,223,371,679.
        Self(u32::try_from(instant.as_second().max(0) / MINUTE).unwrap_or(u32::MAX))
    }

    /// The first minute that begins at `instant` or later.
    #[must_use]
    pub fn at_or_after(instant: Timestamp) -> Self {
        let minute = Self::of(instant);
        if minute.start() < instant { minute.next() } else { minute }
    }

    /// The instant at which the minute begins.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_second(i64::from(self.0) * MINUTE).unwrap_or(Timestamp::MAX)
    }

    /// The minute after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The hour that the minute is part of.
    #[must_use]
    pub fn hour(self) -> Hour {
        Hour(self.0 / 60)
    }
}

/// An hour, counted from 1970 in UTC: the stratum of every comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hour(u32);

impl Hour {
    /// The instant at which the hour begins.
    #[must_use]
    pub fn start(self) -> Timestamp {
        self.window().from.start()
    }

    /// All minutes of the hour.
    #[must_use]
    pub fn window(self) -> Window {
        let first = self.0.saturating_mul(60);
        Window { from: Minute(first), until: Minute(first.saturating_add(60)) }
    }
}

/// The minutes from one to before another; none if they are the wrong way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first minute inside.
    pub from: Minute,
    /// The first minute behind.
    pub until: Minute,
}

impl Window {
    /// Whether no minute lies inside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until <= self.from
    }

    /// The minutes that lie in both windows.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    /// Whether every minute of `other` lies inside.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        self.from <= other.from && other.until <= self.until
    }

    /// The hours of which at least one minute lies inside, in order.
    #[must_use]
    pub fn hours(&self) -> Option<(Hour, Hour)> {
        (!self.is_empty()).then(|| (self.from.hour(), Minute(self.until.0 - 1).hour()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_instant_inside_a_minute_belongs_to_it_and_the_next_minute_is_the_first_after_it() {
        let inside = at("2013-06-01T12:00:30Z");
        assert_eq!(Minute::of(inside).start(), at("2013-06-01T12:00:00Z"));
        assert_eq!(Minute::at_or_after(inside).start(), at("2013-06-01T12:01:00Z"));
        assert_eq!(Minute::at_or_after(at("2013-06-01T12:00:00Z")), Minute::of(inside));
    }

    #[test]
    fn the_ends_of_time_are_minutes_too() {
        assert_eq!(Minute::of(Timestamp::MIN), Minute::FIRST);
        assert!(Minute::of(Timestamp::MAX).start() <= Timestamp::MAX);
    }

    #[test]
    fn a_window_touches_the_hours_of_its_first_and_last_minute() {
        let window = Window { from: Minute(119), until: Minute(180) };
        assert_eq!(window.hours(), Some((Hour(1), Hour(2))));
        assert!(window.holds(&Hour(2).window()));
        assert!(!window.holds(&Hour(1).window()));
        assert_eq!(Window { from: Minute(5), until: Minute(5) }.hours(), None);
    }
}
