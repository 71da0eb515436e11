//! The natural logarithm of a whole block at once, the same on every machine.
//!
//! The system's `ln` is a call for each row and differs in its last digit from one C library to the next; this is
//! straight arithmetic, so the compiler can use vector registers and every machine sums the same numbers.

/// The bits of √½: mantissas are taken from [√½, √2), so that the series runs where it is short.
const SQRT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
const EXPONENT_MASK: u64 = 0xfff << 52;
/// Keeps the shifted exponent above zero, so that a logical shift serves.
const BIAS: u64 = 1024;
/// 2⁵² as bits: an integer below 2⁵² put into its mantissa is that integer as a float, plus 2⁵².
const TWO_52_BITS: u64 = 0x4330_0000_0000_0000;
const TWO_52: f64 = 4_503_599_627_370_496.0;

/// ln x for positive, normal x, within 4·10⁻¹⁶ of |ln x| + 1.
///
/// x = 2ᵏ·m with m in [√½, √2); ln m = 2 artanh f with f = (m − 1)/(m + 1), |f| < 0.172, by its Taylor series (ten
/// terms leave less than 10⁻¹⁶).
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let biased = shifted.wrapping_add(BIAS << 52) >> 52;
    let exponent = f64::from_bits(TWO_52_BITS | biased) - (TWO_52 + BIAS as f64);
    let mantissa = f64::from_bits(x.to_bits().wrapping_sub(shifted & EXPONENT_MASK));
    let f = (mantissa - 1.0) / (mantissa + 1.0);
    let s = f * f;
    let low = 1.0 / 3.0 + s * (1.0 / 5.0 + s * (1.0 / 7.0 + s * (1.0 / 9.0 + s * (1.0 / 11.0))));
    let high = 1.0 / 13.0 + s * (1.0 / 15.0 + s * (1.0 / 17.0 + s * (1.0 / 19.0)));
    let s5 = s * s * s * s * s;
    exponent * std::f64::consts::LN_2 + 2.0 * f * (1.0 + s * low + s5 * s * high)
}

/// Predictions are clipped to [CLIP, 1 − CLIP], inside the log loss and nowhere else.
pub const CLIP: f64 = 1e-6;

/// The log loss −[y ln p + (1 − y) ln(1 − p)] of one row, in nats, between 10⁻⁶ and 13.82.
#[inline(always)]
pub fn log_loss(prediction: f64, outcome: f64) -> f64 {
    let clipped = prediction.clamp(CLIP, 1.0 - CLIP);
    // p for a positive, 1 − p for a negative, without a branch.
    -ln((1.0 - outcome - clipped).abs())
}
