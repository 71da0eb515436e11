//! The verdict on one model's calibration against its tolerated band, true however often it is looked at.

use super::cell::Totals;
use super::interval::Interval;
use super::metrics;
use super::sequence::poisson_interval;

/// What is tolerated of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// How far the calibration may be from 1.
    pub calibration: f64,
    /// The probability with which the interval may ever miss the truth, in (0, 1).
    pub alpha: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { calibration: 0.10, alpha: 0.05 }
    }
}

/// Whether a model is healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stability {
    /// Certainly within what is tolerated.
    Stable,
    /// Certainly beyond it.
    Unstable,
    /// The evidence does not say. Never counted as stable.
    Unknown,
}

/// A model's calibration, judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The verdict.
    pub stability: Stability,
    /// Σwp / Σwy; absent without a positive.
    pub calibration: Option<f64>,
    /// Where the calibration lies.
    pub interval: Interval,
    /// What is tolerated.
    pub tolerated: Interval,
    /// By how much variances were scaled, at least 1.
    pub overdispersion: f64,
    /// While unknown: about how many more positives it takes.
    pub missing_positives: Option<u64>,
    /// While unknown: about how many more labelled rows it takes, at the label rate so far.
    pub missing_outcomes: Option<u64>,
}

/// The interval's half-width times the root of the positives, near the number it is tuned for, at 95 %.
const HALF_WIDTH: f64 = 3.04;

/// Judges the calibration of the rows summed in `totals`. `overdispersion` is the model's φ
/// ([`super::overdispersion::overdispersion`]), or 1 where it is not known yet.
///
/// The gamma–Poisson confidence sequence ([`poisson_interval`]) for the expected number of positives, turned over into
/// one for the calibration. Exact for independent rows of weight 1. Otherwise sums are divided by
/// max(1, φ)·Σw²/Σw, to stand for the independent positives they are worth: a plug-in, so the guarantee is asymptotic.
pub fn judge_calibration(totals: &Totals, overdispersion: f64, tolerance: &Tolerance) -> Judged {
    let overdispersion = overdispersion.max(1.0);
    let mean_weight = if totals.weight > 0.0 { totals.weight_squared / totals.weight } else { 1.0 };
    let scale = overdispersion * mean_weight.max(f64::MIN_POSITIVE);
    let tightest = (HALF_WIDTH / tolerance.calibration).powi(2);
    let expected = poisson_interval(totals.outcome / scale, tightest, tolerance.alpha);
    let predicted = totals.prediction / scale;
    let high = if expected.low > 0.0 { predicted / expected.low } else { f64::INFINITY };
    let interval = Interval { low: predicted / expected.high, high };
    let tolerated = Interval::around_one(tolerance.calibration);
    let stability = stability(&interval, &tolerated);
    let missing = missing_positives(totals, scale, &tolerated).filter(|_| stability == Stability::Unknown);
    Judged {
        stability,
        calibration: metrics::calibration(totals),
        interval,
        tolerated,
        overdispersion,
        missing_positives: missing.map(whole),
        missing_outcomes: missing
            .filter(|_| totals.outcome > 0.0)
            .map(|more| whole(more * totals.weight / totals.outcome)),
    }
}

/// Stable inside the band, unstable apart from it, unknown otherwise.
pub fn stability(interval: &Interval, tolerated: &Interval) -> Stability {
    if interval.is_inside(tolerated) {
        Stability::Stable
    } else if interval.is_disjoint(tolerated) {
        Stability::Unstable
    } else {
        Stability::Unknown
    }
}

/// How many more positives it takes until an interval around the present estimate r lies on one side of both edges of
/// the band. The expected number of positives is known to ± h = 3.04/√Y, relative, so the ends are r/(1 ± h), and h must
/// fall below |1 − r/edge| for both. An estimate on the edge itself could never be told; there a quarter of the band's
/// half-width is asked for.
fn missing_positives(totals: &Totals, scale: f64, tolerated: &Interval) -> Option<f64> {
    let estimate = metrics::calibration(totals).unwrap_or(1.0);
    let distance = (1.0 - estimate / tolerated.low).abs().min((1.0 - estimate / tolerated.high).abs());
    let needed = scale * (HALF_WIDTH / distance.max(tolerated.half_width() / 4.0)).powi(2);
    let missing = needed - totals.outcome;
    missing.is_finite().then_some(missing.max(1.0))
}

fn whole(number: f64) -> u64 {
    number.ceil() as u64
}
