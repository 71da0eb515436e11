//! What a gate found, as evidence that can stand by itself.

use jiff::Timestamp;
use slipway_domain::gate::{Arm, Comparison, Estimate, Evidence, Verdict};
use slipway_domain::name::VersionName;
use slipway_domain::stats::gate::{self as gates, Judgement};
use slipway_domain::stats::{Interval, Metrics};

use super::{Found, Gate};

/// What a gate without data waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lacking {
    /// That cohorts which were reported grow old enough.
    Time,
    /// That anything is reported.
    Reports,
}

impl Gate {
    /// All that the answer rests on.
    pub(super) fn evidence(
        &self,
        found: Found,
        mature: Option<Timestamp>,
        lacking: Lacking,
        now: Timestamp,
    ) -> Evidence {
        let Found { judgement, overdispersion } = found;
        let minimum = self.policy.minimum;
        Evidence {
            verdict: verdict(judgement.verdict),
            explanation: self.explanation(&judgement, mature, lacking),
            deciding: self.deciding(&judgement, lacking).to_owned(),
            calibration_ratio: judgement.calibration.map(estimate),
            relative_loss: judgement.normalized_entropy.map(estimate),
            calibration_e_value: judgement.calibration_e_value,
            candidate: Some(arm(&self.candidate, &judgement.candidate)),
            baseline: Some(arm(&self.baseline, &judgement.baseline)),
            overdispersion,
            mature_through: mature,
            since: Some(self.since),
            missing_rows: judgement.missing_rows.unwrap_or(0),
            missing_positives: match judgement.verdict {
                gates::Verdict::Pass | gates::Verdict::Fail => 0,
                gates::Verdict::Inconclusive | gates::Verdict::NoData => {
                    minimum.positives.saturating_sub(judgement.candidate.positives)
                }
            },
            allowed_share: allowed_share(&judgement, self.policy.harm_budget),
            evaluated_at: now,
        }
    }

    /// What decided a failure, or what holds a pass back.
    fn deciding(&self, judgement: &Judgement, lacking: Lacking) -> &'static str {
        match judgement.verdict {
            gates::Verdict::Pass => "",
            gates::Verdict::Fail => failed_on(judgement),
            gates::Verdict::NoData => match lacking {
                Lacking::Time => "maturity",
                Lacking::Reports => "minimum_rows",
            },
            gates::Verdict::Inconclusive => self.held_by(judgement),
        }
    }

    /// The first thing that must change before a gate can pass.
    fn held_by(&self, judgement: &Judgement) -> &'static str {
        let minimum = self.policy.minimum;
        // On the same rows what was seen must itself be tolerable; two halves of a split differ by chance.
        let amiss = |found: &gates::Comparison| {
            self.comparison == Comparison::Paired && !found.tolerated.contains(found.estimate)
        };
        match (&judgement.calibration, &judgement.normalized_entropy) {
            _ if judgement.candidate.labelled < minimum.rows => "minimum_rows",
            _ if judgement.candidate.positives < minimum.positives => "minimum_positives",
            // Neither can be compared before both sides saw both outcomes.
            (None, _) | (_, None) => "minimum_positives",
            (Some(calibration), _) if amiss(calibration) => "calibration",
            (_, Some(loss)) if amiss(loss) => "normalized_entropy",
            (Some(_), Some(_)) => "harm_budget",
        }
    }

    fn explanation(&self, judgement: &Judgement, mature: Option<Timestamp>, lacking: Lacking) -> String {
        let reasons = judgement.reasons.join(" ");
        if !matches!(judgement.verdict, gates::Verdict::NoData) {
            return reasons;
        }
        match (lacking, mature) {
            (Lacking::Time, Some(mature)) => {
                format!("{reasons} There are younger ones; cohorts are mature up to {mature}.")
            }
            (Lacking::Time, None) => format!("{reasons} There are younger ones."),
            (Lacking::Reports, _) => format!("{reasons} None was reported since {} at all.", self.since),
        }
    }
}

fn verdict(verdict: gates::Verdict) -> Verdict {
    match verdict {
        gates::Verdict::Pass => Verdict::Pass,
        gates::Verdict::Fail => Verdict::Fail,
        gates::Verdict::Inconclusive => Verdict::Inconclusive,
        gates::Verdict::NoData => Verdict::NoData,
    }
}

/// An NE beyond its band failed the candidate by itself; everything else that can is about calibration.
fn failed_on(judgement: &Judgement) -> &'static str {
    let apart = |found: &gates::Comparison| found.interval.is_disjoint(&found.tolerated);
    if judgement.normalized_entropy.as_ref().is_some_and(apart) && !judgement.calibration.as_ref().is_some_and(apart) {
        "normalized_entropy"
    } else {
        "calibration"
    }
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

fn estimate(found: gates::Comparison) -> Estimate {
    let Interval { low, high } = found.interval;
    Estimate { value: finite(found.estimate), lower: finite(low), upper: finite(high) }
}

fn arm(version: &VersionName, metrics: &Metrics) -> Arm {
    Arm {
        version: version.clone(),
        rows: metrics.labelled,
        positives: metrics.positives,
        predicted: metrics.predicted.max(metrics.labelled),
        calibration: metrics.calibration,
        log_loss: metrics.log_loss,
        normalized_entropy: metrics.normalized_entropy,
    }
}

/// The share at which the worst plausible error would use the harm budget up; 0 for a candidate that failed, or of which
/// too little is known.
fn allowed_share(judgement: &Judgement, harm_budget: f64) -> f64 {
    if judgement.verdict == gates::Verdict::Fail {
        return 0.0;
    }
    let (Some(calibration), Some(loss)) = (&judgement.calibration, &judgement.normalized_entropy) else { return 0.0 };
    let worst = (calibration.interval.high - 1.0).max(1.0 - calibration.interval.low).max(loss.interval.high);
    if worst > harm_budget { harm_budget / worst } else { 1.0 }
}
