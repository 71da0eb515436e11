//! A share of the units, in whole buckets.

use serde::{Deserialize, Serialize};

use super::BUCKETS;

/// A share of a model's units, counted in buckets so that shares compare exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(u32);

impl Share {
    /// No unit.
    pub const NONE: Self = Self(0);
    /// Every unit.
    pub const ALL: Self = Self(BUCKETS);

    /// So many buckets; all of them if `buckets` is more than there are.
    #[must_use]
    pub fn of_buckets(buckets: u32) -> Self {
        Self(buckets.min(BUCKETS))
    }

    /// The share nearest to `fraction`; none unless it is a number from 0 to 1.
    #[must_use]
    pub fn of_fraction(fraction: f64) -> Option<Self> {
        // A float is cast to the nearest whole number that fits, and NaN to 0, so nothing is cut off unnoticed.
        let whole = libm::round(fraction * f64::from(BUCKETS)) as u32;
        (0.0..=1.0).contains(&fraction).then_some(Self(whole))
    }

    /// How many buckets it has, 0 to 100,000.
    #[must_use]
    pub fn buckets(self) -> u32 {
        self.0
    }

    /// The share as a fraction, 0 to 1.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / f64::from(BUCKETS)
    }
}

/// As a percentage, as `25 %` or `0.125 %`.
impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} %", f64::from(self.0) / 1000.0)
    }
}
