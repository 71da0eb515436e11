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
/// The residuals a − ρ̂b, as shares of Σa, are the samples' influence: see [`Ratio::from_influence`].
pub fn ratio_of_sums(samples: &[Sample], alpha: f64) -> Option<Ratio> {
    let above: f64 = samples.iter().map(|sample| sample.above).sum();
    let below: f64 = samples.iter().map(|sample| sample.below).sum();
    (above > 0.0 && below > 0.0).then(|| {
        let estimate = above / below;
        let influence = samples.iter().map(|sample| (sample.above - estimate * sample.below) / above);
        Ratio::from_influence(estimate, influence, alpha)
    })
}

impl Ratio {
    /// The ratio `estimate`, where `influence` says by how much each sample moved its logarithm (linearly; together they
    /// come to 0), with an interval at confidence 1 − `alpha`.
    ///
    /// At the true ratio a sample's influence has mean 0, and [`student`] says how far their sum may stray at any time;
    /// [`around`] makes an interval of it (delta method). The variance is that of whole samples: rows within one sample
    /// may hang together as they like. With too few samples the interval is (0, ∞).
    /// The guarantee is asymptotic in the number of samples, and assumes that different samples are independent.
    pub fn from_influence(estimate: f64, influence: impl Iterator<Item = f64>, alpha: f64) -> Self {
        let (samples, spread) = influence.fold((0, 0.0), |(samples, spread), u| (samples + 1, spread + u * u));
        let n = samples as f64;
        let interval = student::critical_t(samples, alpha).map_or(Interval { low: 0.0, high: f64::INFINITY }, |t| {
            around(estimate, t * (n / (n - 1.0) * spread).sqrt())
        });
        Self { estimate, interval, samples }
    }
}

/// The interval of a ratio whose relative error is within `half_width`: below the estimate on the linear scale, above it
/// on the logarithmic one, on either side the wider of the two. Few skewed samples have fooled the narrower.
pub fn around(estimate: f64, half_width: f64) -> Interval {
    Interval { low: estimate * (1.0 - half_width).max(0.0), high: estimate * half_width.exp() }
}
