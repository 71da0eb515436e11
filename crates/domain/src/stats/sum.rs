//! An exact sum: a fixed-point number that gives the same total in whatever order it is added, and from which an
//! addend can be taken away again without a trace.

use std::ops::AddAssign;

/// Binary digits behind the point.
///
/// 2⁻⁴⁷ is 7·10⁻¹⁵: every f32 prediction of 2⁻²⁴ or more is represented exactly, and the mean of any column is off by
/// less than 10⁻¹⁴.
pub const FRACTION_BITS: u32 = 47;

const SCALE: f64 = (1u64 << FRACTION_BITS) as f64;

/// A sum of reals in units of 2⁻⁴⁷.
///
/// Floating-point addition depends on the order; this does not, so a roll-up of minutes equals the hour that was
/// folded at once, bit for bit, and the same cells always give the same answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sum(i128);

impl Sum {
    /// Nothing summed yet.
    pub const ZERO: Self = Self(0);

    /// The sum that stands for `units` times 2⁻⁴⁷.
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// The sum in units of 2⁻⁴⁷.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The sum of `count` ones.
    pub const fn from_count(count: u64) -> Self {
        Self((count as i128) << FRACTION_BITS)
    }

    /// Adds one finite number, rounded to a multiple of 2⁻⁴⁷. Numbers beyond the range of the sum saturate.
    pub fn add(&mut self, addend: f64) {
        let scaled = addend * SCALE;
        // The short conversion is one instruction, the long one is a call.
        let units = if scaled.abs() < 4e18 { i128::from(scaled as i64) } else { scaled as i128 };
        self.0 = self.0.saturating_add(units);
    }

    /// The nearest floating-point number.
    pub fn value(self) -> f64 {
        self.0 as f64 / SCALE
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}
