//! Confidence sequences: intervals that hold at all times at once, so looking often costs nothing.

use super::interval::Interval;

/// How far a sum of independent terms of mean 0 may stray once their variances add up to `variance`, at any time, but
/// with probability `alpha`; tightest when `variance` is `tightest` (same unit, above 0).
///
/// √((V + η)·ln((V + η)/(η·α²))), the normal mixture of Robbins, in the asymptotic form of Waudby-Smith et al., arXiv
/// 2103.06476: with an estimated variance the guarantee is asymptotic. η is taken from `tightest` as they do:
/// V/η = −2 ln α + ln(−2 ln α + 1).
pub fn normal_boundary(variance: f64, tightest: f64, alpha: f64) -> f64 {
    let twice = -2.0 * alpha.ln();
    let eta = tightest / (twice + (twice + 1.0).ln());
    let total = variance + eta;
    (total * ((total / eta).ln() + twice)).sqrt()
}

/// Where the expected number of events lies when `observed` have come (real numbers ≥ 0, so that overdispersed counts can
/// be scaled down), at confidence 1 − `alpha` at all times; tightest when `tightest` have come.
///
/// ln e(M) = M + a ln a − lnΓ(a) + lnΓ(a + Y) − (a + Y) ln(a + M) is the log of a gamma mixture of Poisson likelihood
/// ratios (Howard et al., arXiv 1810.08240); the interval is where it stays below ln 1/α. It is exact for independent
/// outcomes with known probabilities, and conservative for common events.
pub fn poisson_interval(observed: f64, tightest: f64, alpha: f64) -> Interval {
    let shape = (tightest / 8.0).max(1e-3);
    let constant = shape * shape.ln() - libm::lgamma(shape) + libm::lgamma(shape + observed);
    let log_e = |expected: f64| expected + constant - (shape + observed) * (shape + expected).ln();
    let goal = -alpha.ln();
    // ln e is convex in M with its minimum at M = Y: one crossing on either side.
    let low = if observed <= 0.0 || log_e(0.0) <= goal { 0.0 } else { crossing(0.0, observed, |m| log_e(m) > goal) };
    let mut beyond = observed + 1.0;
    while log_e(beyond) <= goal {
        beyond *= 2.0;
    }
    Interval { low, high: crossing(observed, beyond, |m| log_e(m) <= goal) }
}

/// Where `holds`, which is true at `from` and false at `to`, stops to hold.
fn crossing(mut from: f64, mut to: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = (from + to) / 2.0;
        if holds(middle) {
            from = middle;
        } else {
            to = middle;
        }
    }
    (from + to) / 2.0
}
