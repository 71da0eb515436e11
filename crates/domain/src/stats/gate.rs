//! What a launch gate asks and answers, in shadow and on the ramp.
//!
//! A gate is a pure function of cells and a policy, so the same cells give the same answer. Its intervals hold at all
//! times at once: asking every minute makes no verdict less true.

use std::time::Duration;

use super::interval::Interval;
use super::metrics::Metrics;

/// What a plan asks of a gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The probability with which a healthy candidate may ever be failed, in (0, 1).
    pub alpha: f64,
    /// How far the candidate's calibration may be from the baseline's, as a share of it.
    pub calibration_tolerance: f64,
    /// How much worse than the baseline's the candidate's NE may be, as a share of it.
    pub ne_tolerance: f64,
    /// The harm that a step may do: the next share times the upper end of what may be wrong stays below it.
    pub harm_budget: f64,
    /// The share of traffic that the candidate gets when the gate passes, in [0, 1].
    pub next_share: f64,
    /// What must have been seen before the gate passes.
    pub minimum: Minimum,
    /// The span of time within which outcomes hang together: a storm delays everybody for a day. In shadow, where no
    /// split takes such a thing out, spans are what is counted, and three are the least that can decide. Zero says that
    /// rows are independent.
    pub cluster: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            calibration_tolerance: 0.05,
            ne_tolerance: 0.02,
            harm_budget: 0.10,
            next_share: 1.0,
            minimum: Minimum::default(),
            cluster: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl Policy {
    /// The tolerated band of the relative calibration.
    pub fn calibration_band(&self) -> Interval {
        Interval::around_one(self.calibration_tolerance)
    }

    /// The largest relative error at which the next share keeps within the harm budget.
    pub fn tolerable_error(&self) -> f64 {
        if self.next_share > 0.0 { self.harm_budget / self.next_share } else { f64::INFINITY }
    }
}

/// The least evidence on the candidate's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minimum {
    /// Labelled rows.
    pub rows: u64,
    /// Labelled rows whose outcome was 1.
    pub positives: u64,
}

impl Default for Minimum {
    fn default() -> Self {
        Self { rows: 100, positives: 20 }
    }
}

/// What a gate answers. Only a pass advances a launch and only a failure takes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The next share is within the harm budget.
    Pass,
    /// The candidate is worse than tolerated.
    Fail,
    /// The evidence does not decide yet.
    Inconclusive,
    /// There is nothing to decide on.
    NoData,
}

/// A relative quantity of candidate over baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// As observed.
    pub estimate: f64,
    /// Where it lies, at all times at once.
    pub interval: Interval,
    /// What the policy tolerates.
    pub tolerated: Interval,
}

/// The answer of a gate with all that it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The answer.
    pub verdict: Verdict,
    /// Why, in whole sentences; for an inconclusive answer, what is missing.
    pub reasons: Vec<String>,
    /// About how many more labelled rows of the candidate the answer needs, where that can be said.
    pub missing_rows: Option<u64>,
    /// Calibration of the candidate over that of the baseline: 1 is the same.
    pub calibration: Option<Comparison>,
    /// NE of the candidate over that of the baseline, less 1: 0 is the same, above 0 is worse.
    pub normalized_entropy: Option<Comparison>,
    /// The e-value against "the relative calibration is tolerated" (split only).
    pub calibration_e_value: Option<f64>,
    /// The candidate's figures over all evidence.
    pub candidate: Metrics,
    /// The baseline's figures over all evidence.
    pub baseline: Metrics,
    /// How many independent samples the intervals rest on: strata of a split, spans of a shadow stage.
    pub samples: usize,
}
