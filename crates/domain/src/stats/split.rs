//! The gate of a ramp: candidate and baseline on two parts of a split.
//!
//! Always within strata of time and never on totals: while the share grows, the arms see different mixes of days, and
//! totals would hold a storm against a calm (Simpson's paradox). Within a stratum whatever strikes both arms alike cancels.
//! A stratum should not reach across a change of the share, and is best an hour or so: long enough to hold rows of both
//! arms, short enough that its weather is one.

use jiff::Timestamp;

use super::cell::{Cell, Totals};
use super::decide::{Findings, Observed, decide, interval_alpha};
use super::eprocess::{self, Positives};
use super::gate::{Comparison, Judgement, Policy};
use super::interval::Interval;
use super::ratio::{Ratio, Sample, ratio_of_sums};

/// The cells of both arms in one stratum of time.
#[derive(Clone, Copy, Debug)]
pub struct Stratum<'a> {
    /// When it begins. Strata are told apart and ordered by it.
    pub start: Timestamp,
    /// The candidate's rows.
    pub candidate: &'a Cell,
    /// The baseline's rows.
    pub baseline: &'a Cell,
}

/// Judges the candidate on all strata since it was first exposed; the evidence of earlier steps counts.
///
/// With harmonic weights w = W_A·W_B/(W_A + W_B) and means within the stratum, the relative NE is Σw·l̄_A / Σw·l̄_B and the
/// relative calibration Σw·p̄_A·ȳ_B / Σw·p̄_B·ȳ_A (Mantel and Haenszel's weights), each with the interval of
/// [`ratio_of_sums`] over strata: the guarantee is asymptotic in the number of strata. The e-value of [`eprocess`] is
/// exact, if positives within a stratum fall to the arms independently, which a hashed split makes them do.
///
/// `policy.alpha` and the tolerances must lie in (0, 1).
pub fn judge(strata: &[Stratum<'_>], policy: &Policy) -> Judgement {
    let mut strata = strata.to_vec();
    strata.sort_by_key(|stratum| stratum.start);
    let candidate = Cell::merged(strata.iter().map(|stratum| stratum.candidate));
    let baseline = Cell::merged(strata.iter().map(|stratum| stratum.baseline));
    let arms: Vec<Arms> = strata.iter().filter_map(Arms::of).collect();
    let alpha = interval_alpha(policy);
    let ratio = |sample: fn(&Arms) -> Sample| ratio_of_sums(&arms.iter().map(sample).collect::<Vec<_>>(), alpha);
    let findings = Findings {
        candidate: &candidate,
        baseline: &baseline,
        calibration: ratio(Arms::calibration).map(|ratio| calibration(ratio, policy)),
        normalized_entropy: ratio(Arms::loss).map(|ratio| normalized_entropy(ratio, policy)),
        calibration_e_value: e_value(&arms, policy),
        samples: arms.len(),
    };
    decide(&findings, policy, Observed::MayBeChance)
}

/// A ratio of calibrations beside what is tolerated.
pub(super) fn calibration(ratio: Ratio, policy: &Policy) -> Comparison {
    Comparison { estimate: ratio.estimate, interval: ratio.interval, tolerated: policy.calibration_band() }
}

/// A ratio of log losses over the same hours, where the label rate is the same, as the relative loss of NE.
pub(super) fn normalized_entropy(ratio: Ratio, policy: &Policy) -> Comparison {
    Comparison {
        estimate: ratio.estimate - 1.0,
        interval: ratio.interval.shifted(-1.0),
        tolerated: Interval { low: f64::NEG_INFINITY, high: policy.ne_tolerance },
    }
}

fn e_value(arms: &[Arms], policy: &Policy) -> Option<f64> {
    let positives: Vec<Positives> = arms.iter().map(Arms::positives).collect();
    (!positives.is_empty()).then(|| eprocess::log_e_value(&positives, &policy.calibration_band()).exp())
}

/// A stratum in which both arms have rows.
struct Arms {
    candidate: Totals,
    baseline: Totals,
    weight: f64,
}

impl Arms {
    fn of(stratum: &Stratum<'_>) -> Option<Self> {
        let (candidate, baseline) = (stratum.candidate.totals(), stratum.baseline.totals());
        let both = candidate.weight > 0.0 && baseline.weight > 0.0;
        let weight = candidate.weight * baseline.weight / (candidate.weight + baseline.weight);
        both.then_some(Self { candidate, baseline, weight })
    }

    fn loss(&self) -> Sample {
        Sample {
            above: self.weight * self.candidate.loss / self.candidate.weight,
            below: self.weight * self.baseline.loss / self.baseline.weight,
        }
    }

    fn calibration(&self) -> Sample {
        let scale = self.weight / (self.candidate.weight * self.baseline.weight);
        Sample {
            above: scale * self.candidate.prediction * self.baseline.outcome,
            below: scale * self.baseline.prediction * self.candidate.outcome,
        }
    }

    /// Masses and positives, scaled down to what they would be with weights of 1, so that weighted rows do not pass for
    /// more evidence than they are.
    fn positives(&self) -> Positives {
        let mean_weight = |totals: &Totals| totals.weight_squared / totals.weight;
        let scale = mean_weight(&self.candidate).max(mean_weight(&self.baseline));
        Positives {
            candidate_predicted: self.candidate.prediction / scale,
            baseline_predicted: self.baseline.prediction / scale,
            candidate: self.candidate.outcome / scale,
            baseline: self.baseline.outcome / scale,
        }
    }
}
