//! What a gate is asked, what it tolerates, and what it answers with the evidence that the answer rests on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::Violation;
use crate::name::VersionName;
use crate::stats::Interval;

/// What a gate can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// The evidence is good enough to raise exposure to the asked share.
    Pass,
    /// The candidate is worse than the policy tolerates.
    Fail,
    /// There is evidence, but not enough of it to tell.
    Inconclusive,
    /// Nothing was observed that could be judged.
    NoData,
    /// The gate could not be evaluated.
    Error,
}

impl Verdict {
    /// The name for programs, as `NO_DATA`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::NoData => "NO_DATA",
            Self::Error => "ERROR",
        }
    }
}

/// What decides a FAIL or holds a PASS back. Of several the least is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deciding {
    /// What was observed is too young.
    Maturity,
    /// There are too few labelled rows.
    MinimumRows,
    /// There are too few positive outcomes.
    MinimumPositives,
    /// The calibration is off.
    Calibration,
    /// The normalized entropy is worse.
    NormalizedEntropy,
    /// The worst plausible error is too much for the asked share.
    HarmBudget,
}

impl Deciding {
    /// The name for programs, as `minimum_rows`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Maturity => "maturity",
            Self::MinimumRows => "minimum_rows",
            Self::MinimumPositives => "minimum_positives",
            Self::Calibration => "calibration",
            Self::NormalizedEntropy => "normalized_entropy",
            Self::HarmBudget => "harm_budget",
        }
    }
}

/// How candidate and baseline were observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// Both scored the same rows (shadow).
    Paired,
    /// Each scored its own rows of the same hours (ramp).
    Split,
}

/// A figure with the interval that holds it, valid however often it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// The point estimate; none while the data leaves it undefined.
    #[serde(default)]
    pub value: Option<f64>,
    /// The lower end of the interval; none while there is none.
    #[serde(default)]
    pub lower: Option<f64>,
    /// The upper end of the interval; none while there is none.
    #[serde(default)]
    pub upper: Option<f64>,
}

impl Estimate {
    /// `value` with the interval that holds it. An end that is infinite says nothing, and is left out.
    #[must_use]
    pub fn of(value: Option<f64>, interval: Interval) -> Self {
        let finite = |number: &f64| number.is_finite();
        Self { value, lower: Some(interval.low).filter(finite), upper: Some(interval.high).filter(finite) }
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// The version.
    pub version: VersionName,
    /// Rows with a known outcome.
    #[serde(default)]
    pub rows: u64,
    /// Of these, rows whose outcome was positive.
    #[serde(default)]
    pub positives: u64,
    /// Rows predicted, with or without a known outcome.
    #[serde(default)]
    pub predicted: u64,
    /// Sum of predictions over sum of outcomes.
    #[serde(default)]
    pub calibration: Option<f64>,
    /// Mean negative log likelihood of the outcomes, natural logarithm.
    #[serde(default)]
    pub log_loss: Option<f64>,
    /// Log loss over the entropy of the base rate.
    #[serde(default)]
    pub normalized_entropy: Option<f64>,
}

/// What a gate found: a verdict with everything it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What the gate answers.
    pub verdict: Verdict,
    /// Why, as one sentence for a person.
    pub explanation: String,
    /// The name of what decided a FAIL or holds a PASS back, see [`Deciding`]; empty for a PASS.
    #[serde(default)]
    pub deciding: String,
    /// The candidate's calibration over the baseline's; 1 is no difference.
    #[serde(default)]
    pub calibration_ratio: Option<Estimate>,
    /// The relative change of the log loss from baseline to candidate, as a fraction: 0.02 is 2 % worse.
    #[serde(default)]
    pub relative_loss: Option<Estimate>,
    /// The e-value against "the calibration ratio is nowhere off by more than half"; none for paired gates.
    #[serde(default)]
    pub calibration_e_value: Option<f64>,
    /// The candidate's own figures over the same cohorts.
    #[serde(default)]
    pub candidate: Option<Arm>,
    /// The baseline's own figures over the same cohorts.
    #[serde(default)]
    pub baseline: Option<Arm>,
    /// The variance of the outcomes of a stratum over what independent outcomes would have; at least 1.
    #[serde(default = "one")]
    pub overdispersion: f64,
    /// Only cohorts predicted before this instant were counted.
    #[serde(default)]
    pub mature_through: Option<Timestamp>,
    /// Cohorts predicted at or after this instant were counted.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// How many more labelled rows of the candidate are needed at least.
    #[serde(default)]
    pub missing_rows: u64,
    /// How many more positive outcomes of the candidate are needed at least.
    #[serde(default)]
    pub missing_positives: u64,
    /// The largest share of traffic that the harm budget would allow on this evidence, 0 to 1.
    #[serde(default)]
    pub allowed_share: f64,
    /// The time of the evaluation by the health monitor's clock.
    pub evaluated_at: Timestamp,
}

fn one() -> f64 {
    1.0
}

/// What a gate tolerates, and how sure it must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// The error probability over all looks together, 0.0001 to 0.5.
    pub alpha: f64,
    /// The tolerated relative distance of the calibrations from each other, above 0, at most 1.
    pub calibration_tolerance: f64,
    /// The tolerated relative loss, above 0, at most 1.
    pub ne_tolerance: f64,
    /// The largest tolerated product of exposed share and upper end of the relative loss, above 0, at most 1.
    pub harm_budget: f64,
    /// Labelled rows of the candidate before a PASS, at most 1 billion; 100 if none. Below it and below 100, no FAIL.
    pub minimum_rows: Option<u64>,
    /// Positive outcomes of the candidate before a PASS, at most 1 billion; 20 if none. While as few came and were
    /// predicted, and fewer than 20, no FAIL.
    pub minimum_positives: Option<u64>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            calibration_tolerance: 0.05,
            ne_tolerance: 0.02,
            harm_budget: 0.1,
            minimum_rows: None,
            minimum_positives: None,
        }
    }
}

/// No more rows than this are ever asked for.
const MOST_ROWS: u64 = 1_000_000_000;

impl Policy {
    /// The labelled rows of the candidate that are asked for unless the plan says otherwise.
    pub const LEAST_ROWS: u64 = 100;
    /// The positive outcomes of the candidate that are asked for unless the plan says otherwise.
    pub const LEAST_POSITIVES: u64 = 20;

    /// The labelled rows that are asked of the candidate.
    #[must_use]
    pub fn least_rows(&self) -> u64 {
        self.minimum_rows.unwrap_or(Self::LEAST_ROWS)
    }

    /// The positive outcomes that are asked of the candidate.
    #[must_use]
    pub fn least_positives(&self) -> u64 {
        self.minimum_positives.unwrap_or(Self::LEAST_POSITIVES)
    }

    /// Everything that is wrong with it, with field paths that begin with `prefix`, as `plan.gate`.
    #[must_use]
    pub fn check(&self, prefix: &str) -> Vec<Violation> {
        let Self { alpha, calibration_tolerance, ne_tolerance, harm_budget, minimum_rows, minimum_positives } = self;
        let mut found = Vec::new();
        let mut unless = |holds: bool, field: &str, bounds: &str| {
            if !holds {
                found.push(Violation::new(format!("{prefix}.{field}"), "OUT_OF_BOUNDS", bounds));
            }
        };
        // Written so that NaN, which compares with nothing, is refused.
        unless((0.0001..=0.5).contains(alpha), "alpha", "must be a number from 0.0001 to 0.5");
        for (value, field) in [
            (calibration_tolerance, "calibration_tolerance"),
            (ne_tolerance, "ne_tolerance"),
            (harm_budget, "harm_budget"),
        ] {
            unless(*value > 0.0 && *value <= 1.0, field, "must be a number above 0, at most 1");
        }
        for (value, field) in [(minimum_rows, "minimum_rows"), (minimum_positives, "minimum_positives")] {
            unless(value.is_none_or(|rows| rows <= MOST_ROWS), field, "must be at most 1,000,000,000");
        }
        found
    }
}
