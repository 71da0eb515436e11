//! What is missing before a gate passes, and before it may fail.

use super::{Contrast, Findings, Observed, Question, percent};
use crate::gate::{Deciding, Policy};
use crate::stats::cell::Cell;

/// Something that stands between the evidence and an answer.
pub(super) struct Lack {
    pub deciding: Deciding,
    pub reason: String,
    /// About how many more labelled rows of the candidate would do, where that can be said.
    pub rows: Option<u64>,
}

impl Lack {
    fn new(deciding: Deciding, reason: String, rows: Option<u64>) -> Self {
        Self { deciding, reason, rows }
    }
}

/// Everything that is missing for a pass.
pub(super) fn lacks(findings: &Findings<'_>, question: &Question<'_>) -> Vec<Lack> {
    let mut lacks = minimum_lacks(findings.candidate, question.policy);
    let rows = findings.candidate.labelled();
    match findings.calibration {
        None => {
            let reason = "Calibration cannot be compared before both versions saw a positive.".to_owned();
            lacks.push(Lack::new(Deciding::MinimumPositives, reason, None));
        }
        Some(found) => {
            let worst = (found.interval.high - 1.0).max(1.0 - found.interval.low);
            let error = Deviation { what: "Calibration may be off", estimate: (found.estimate - 1.0).abs(), worst };
            lacks.extend(budget_lack(&error, rows, question));
            let is = format!("calibration is {:.3} times the baseline's", found.estimate);
            let tolerated = format!("{:.3} to {:.3}", found.tolerated.low, found.tolerated.high);
            let what = format!("{is}; tolerated is {tolerated}");
            lacks.extend(observed_lack(Deciding::Calibration, &found, question, &what));
        }
    }
    match findings.normalized_entropy {
        None => {
            let reason = "NE cannot be compared before both versions saw both outcomes.".to_owned();
            lacks.push(Lack::new(Deciding::MinimumPositives, reason, None));
        }
        Some(found) => {
            let (estimate, worst) = (found.estimate.max(0.0), found.interval.high);
            lacks.extend(budget_lack(&Deviation { what: "NE may be worse", estimate, worst }, rows, question));
            let is = format!("NE is worse than the baseline's by {}", percent(found.estimate));
            let what = format!("{is}; tolerated is {}", percent(found.tolerated.high));
            lacks.extend(observed_lack(Deciding::NormalizedEntropy, &found, question, &what));
        }
    }
    lacks
}

fn minimum_lacks(candidate: &Cell, policy: &Policy) -> Vec<Lack> {
    let (rows, positives) = (candidate.labelled(), candidate.positives());
    let (least_rows, least_positives) = (policy.least_rows(), policy.least_positives());
    let mut lacks = Vec::new();
    if rows < least_rows {
        let reason = format!("The candidate has {rows} outcomes of the {least_rows} that the plan asks for.");
        lacks.push(Lack::new(Deciding::MinimumRows, reason, Some(least_rows - rows)));
    }
    if positives < least_positives {
        let reason =
            format!("The candidate has {positives} positives of the {least_positives} that the plan asks for.");
        let rate = positives as f64 / rows as f64;
        let more = (positives > 0).then(|| ((least_positives - positives) as f64 / rate).ceil() as u64);
        lacks.push(Lack::new(Deciding::MinimumPositives, reason, more));
    }
    lacks
}

/// How far a metric may be from what it should be, relative, at least 0.
struct Deviation {
    what: &'static str,
    estimate: f64,
    worst: f64,
}

/// What is missing when the worst plausible error is too much for the next share: intervals narrow with the root of the
/// rows, so the part beyond the estimate must shrink into the room that the estimate leaves.
fn budget_lack(error: &Deviation, rows: u64, question: &Question<'_>) -> Option<Lack> {
    let (what, tolerable) = (error.what, question.tolerable_error());
    if error.worst <= tolerable {
        return None;
    }
    let (allowed, share) = (percent(tolerable), percent(question.next_share));
    let reason = if error.worst.is_finite() {
        let worst = percent(error.worst);
        format!("{what} by up to {worst} as far as can be told yet; at {share} of the traffic {allowed} is tolerable.")
    } else {
        format!("{what} by any amount as far as can be told from so few samples.")
    };
    let room = tolerable - error.estimate;
    let factor = ((error.worst - error.estimate) / room).powi(2) - 1.0;
    let countable = room > 0.0 && factor.is_finite();
    Some(Lack::new(Deciding::HarmBudget, reason, countable.then(|| (rows as f64 * factor).ceil() as u64)))
}

/// What is missing when the same rows already show more than is tolerated.
fn observed_lack(deciding: Deciding, found: &Contrast, question: &Question<'_>, what: &str) -> Option<Lack> {
    if question.observed == Observed::MayBeChance || found.tolerated.contains(found.estimate) {
        return None;
    }
    let reason = format!("On the same rows the candidate's {what}. So few spans may be the exception.");
    Some(Lack::new(deciding, reason, None))
}

/// What `side` lacks before it may convict or be convicted: no interval is to be trusted on a handful of rows. A plan
/// that asks for more before a pass is not to be slower to fail, so no more is asked for than by default. Positives count
/// whether they came or were predicted: of who predicts what never comes there is no point in waiting for it.
pub(super) fn conviction_lacks(side: &str, cell: &Cell, policy: &Policy) -> Vec<Lack> {
    let least_rows = policy.least_rows().min(Policy::LEAST_ROWS);
    let least_positives = policy.least_positives().min(Policy::LEAST_POSITIVES);
    let (rows, totals) = (cell.labelled(), cell.totals());
    let predicted = if totals.weight > 0.0 { rows as f64 * totals.prediction / totals.weight } else { 0.0 };
    let mut lacks = Vec::new();
    if rows < least_rows {
        let reason = format!("The {side} has {rows} outcomes, and no gate fails on fewer than {least_rows}.");
        lacks.push(Lack::new(Deciding::MinimumRows, reason, Some(least_rows - rows)));
    }
    if cell.positives() < least_positives && predicted < least_positives as f64 {
        let positives = cell.positives();
        let reason = format!(
            "The {side} has {positives} positives of {predicted:.1} predicted, and no gate fails on fewer than {least_positives}."
        );
        lacks.push(Lack::new(Deciding::MinimumPositives, reason, None));
    }
    lacks
}
