//! The ratio of two sums over samples that hang together, with an interval that may be looked at all day.

use super::interval::Interval;
use super::student;

/// One sample: what it adds to the numerator and to the denominator.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Added to the numerator.
    pub above: f64,
    /// Added to the denominator.
    pub below: f64,
}

/// An estimate of a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Σ above / Σ below.
    pub estimate: f64,
    /// Where the ratio lies, at the confidence that was asked for.
    pub interval: Interval,
    /// How many samples it rests on.
    pub samples: usize,
}

/// Σa/Σb over `samples`, with an interval at confidence 1 − `alpha`. Nothing when either sum is not positive.
///
/// The residuals u = a − ρ̂b have sum 0 and, at the true ratio, samples of mean 0; [`student`] says how far their sum may
/// stray. The interval is taken on the logarithm of the ratio (delta method), so it never reaches below 0. The variance
/// is that of whole samples: rows within one sample may hang together as they like. With too few samples the interval
/// is (0, ∞).
///
/// The guarantee is asymptotic in the number of samples, and assumes that different samples are independent.
pub fn ratio_of_sums(samples: &[Sample], alpha: f64) -> Option<Ratio> {
    let above: f64 = samples.iter().map(|sample| sample.above).sum();
    let below: f64 = samples.iter().map(|sample| sample.below).sum();
    if !(above > 0.0 && below > 0.0) {
        return None;
    }
    let estimate = above / below;
    let spread: f64 = samples.iter().map(|sample| (sample.above - estimate * sample.below).powi(2)).sum();
    let n = samples.len();
    let interval = student::critical_t(n, alpha).map_or(Interval { low: 0.0, high: f64::INFINITY }, |t| {
        let half_width = t * (n as f64 / (n - 1) as f64 * spread).sqrt() / above;
        around(estimate, half_width)
    });
    Some(Ratio { estimate, interval, samples: n })
}

/// The interval of a ratio whose logarithm lies within `half_width` of the estimate's.
pub fn around(estimate: f64, half_width: f64) -> Interval {
    Interval { low: estimate * (-half_width).exp(), high: estimate * half_width.exp() }
}
