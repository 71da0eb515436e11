//! An interval for an unknown number.

/// From `low` to `high`, where either may be infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Everything: nothing is known.
    pub const UNBOUNDED: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// The band from 1 − `tolerance` to 1 + `tolerance`.
    pub fn around_one(tolerance: f64) -> Self {
        Self { low: 1.0 - tolerance, high: 1.0 + tolerance }
    }

    /// Whether all of this lies in `other`.
    pub fn is_inside(&self, other: &Self) -> bool {
        self.low >= other.low && self.high <= other.high
    }

    /// Whether this and `other` have no number in common.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.low > other.high || self.high < other.low
    }

    /// Whether `number` lies in it.
    pub fn contains(&self, number: f64) -> bool {
        (self.low..=self.high).contains(&number)
    }

    /// Half of its width; infinite when an end is.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// The same interval for the number plus `shift`.
    pub fn shifted(&self, shift: f64) -> Self {
        Self { low: self.low + shift, high: self.high + shift }
    }
}
