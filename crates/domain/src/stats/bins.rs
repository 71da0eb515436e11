//! The fixed score bins: log-spaced towards 0 and, mirrored, towards 1, taken from the bits of the float.
//!
//! A click model's predictions crowd near 0, so equal-width bins would put them all into one. Here each halving of the
//! distance to the nearer end has 32 bins: a bin is at most 3.2 % wide, relative to that distance.

use std::ops::Range;

/// Bins on either side of one half: nineteen octaves from 2⁻²⁰ to 2⁻¹ of 32 bins, and one for all that is below.
const SIDE: usize = 19 * 32 + 1;

/// How many score bins there are.
pub const BINS: usize = 2 * SIDE;

/// Of the 23 bits of an f32's mantissa, five (32 bins an octave) take part.
const DROPPED_BITS: u32 = 23 - 5;

/// The exponent and the top of the mantissa of 2⁻²⁰, where the second bin begins.
const FIRST: u32 = (127 - 20) << 5;

/// The bin of a prediction in [0, 1]. Bins ascend with the prediction.
#[inline]
pub fn bin(prediction: f32) -> usize {
    let upper = prediction >= 0.5;
    // Exact for predictions of one half and above (Sterbenz), so mirroring loses nothing; `abs` takes away the sign of
    // minus zero.
    let distance = if upper { 1.0 - prediction } else { prediction.abs() };
    let index = ((distance.to_bits() >> DROPPED_BITS) + 1).saturating_sub(FIRST).min(SIDE as u32 - 1) as usize;
    if upper { BINS - 1 - index } else { index }
}

/// The predictions that fall into `bin`: from `start`, up to `end`. (Mirrored bins are open at the other end.)
///
/// # Panics
/// When `bin` is not below [`BINS`].
pub fn bounds(bin: usize) -> Range<f64> {
    assert!(bin < BINS, "there are {BINS} bins, and {bin} is not one of them");
    if bin >= SIDE {
        let mirrored = bounds(BINS - 1 - bin);
        return 1.0 - mirrored.end..1.0 - mirrored.start;
    }
    edge(bin)..edge(bin + 1)
}

/// Where the lower bin `index` begins.
fn edge(index: usize) -> f64 {
    if index == 0 {
        return 0.0;
    }
    f64::from(f32::from_bits((FIRST + index as u32 - 1) << DROPPED_BITS))
}
