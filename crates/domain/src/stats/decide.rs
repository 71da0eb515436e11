//! From what was found to a gate's answer: the one rule of all gates.

use super::cell::Cell;
use super::gate::{Comparison, Judgement, Policy, Verdict};
use super::metrics::Metrics;

/// How a gate spends alpha, the probability of ever failing a healthy candidate. The NE's interval has confidence
/// 1 − alpha, and only its lower end convicts: one half. Both ends of the calibration's convict. What a split's e-value
/// may spend is taken from the calibration's half.
pub(super) struct Spending {
    /// 1 − confidence of the NE's interval.
    pub normalized_entropy: f64,
    /// 1 − confidence of the calibration's interval.
    pub calibration: f64,
    /// The e-value convicts from one over this.
    pub e_value: f64,
}

impl Spending {
    /// In shadow, where no e-value is.
    pub fn in_shadow(alpha: f64) -> Self {
        Self { normalized_entropy: alpha, calibration: alpha / 2.0, e_value: 0.0 }
    }

    /// On a split.
    pub fn on_split(alpha: f64) -> Self {
        Self { normalized_entropy: alpha, calibration: alpha * 3.0 / 8.0, e_value: alpha / 8.0 }
    }
}

/// Whether what was observed must itself be tolerable before a gate passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Observed {
    /// Yes: both versions scored the same rows, so a difference between them is a fact about these rows.
    MustBeTolerable,
    /// No: two halves of a split differ by chance.
    MayBeChance,
}

/// Evidence against "the relative calibration is tolerated".
#[derive(Clone, Copy)]
pub(super) struct EValue {
    pub value: f64,
    /// From here on it convicts.
    pub convicts: f64,
}

/// What a gate found.
pub(super) struct Findings<'a> {
    pub candidate: &'a Cell,
    pub baseline: &'a Cell,
    pub calibration: Option<Comparison>,
    pub normalized_entropy: Option<Comparison>,
    pub e_value: Option<EValue>,
    pub samples: usize,
}

/// Something that stands between the evidence and a pass.
struct Lack {
    reason: String,
    rows: Option<u64>,
}

impl Lack {
    fn new(reason: String, rows: Option<u64>) -> Self {
        Self { reason, rows }
    }
}

/// FAIL when an interval lies beyond what is tolerated or the e-value convicts; else PASS when nothing is lacking.
pub(super) fn decide(findings: &Findings<'_>, policy: &Policy, observed: Observed) -> Judgement {
    let empty: Vec<&str> = [("candidate", findings.candidate), ("baseline", findings.baseline)]
        .into_iter()
        .filter_map(|(side, cell)| (cell.labelled() == 0).then_some(side))
        .collect();
    let failures = failures(findings);
    let lacks = lacks(findings, policy, observed);
    let (verdict, reasons) = if !empty.is_empty() {
        (Verdict::NoData, empty.iter().map(|side| format!("The {side} has no mature outcome yet.")).collect())
    } else if !failures.is_empty() {
        (Verdict::Fail, failures)
    } else if lacks.is_empty() {
        (Verdict::Pass, vec![pass_reason(policy)])
    } else {
        (Verdict::Inconclusive, lacks.iter().map(|lack| lack.reason.clone()).collect())
    };
    let missing_rows = lacks.iter().filter_map(|lack| lack.rows).max();
    Judgement {
        verdict,
        reasons,
        missing_rows: missing_rows.filter(|_| matches!(verdict, Verdict::Inconclusive | Verdict::NoData)),
        calibration: findings.calibration,
        normalized_entropy: findings.normalized_entropy,
        calibration_e_value: findings.e_value.map(|e_value| e_value.value),
        candidate: Metrics::of(findings.candidate),
        baseline: Metrics::of(findings.baseline),
        samples: findings.samples,
    }
}

fn pass_reason(policy: &Policy) -> String {
    format!(
        "At {} of the traffic even the worst plausible error stays within the harm budget of {}.",
        percent(policy.next_share),
        percent(policy.harm_budget)
    )
}

/// Each way in which the candidate is certainly worse than tolerated.
fn failures(findings: &Findings<'_>) -> Vec<String> {
    let mut failures = Vec::new();
    if let Some(calibration) = findings.calibration.filter(|found| found.interval.is_disjoint(&found.tolerated)) {
        failures.push(format!(
            "Calibration is {:.3} times the baseline's, at least {:.3} and at most {:.3}; tolerated is {:.3} to {:.3}.",
            calibration.estimate,
            calibration.interval.low,
            calibration.interval.high,
            calibration.tolerated.low,
            calibration.tolerated.high
        ));
    }
    if let Some(e_value) = findings.e_value.filter(|e_value| e_value.value >= e_value.convicts) {
        failures.push(format!(
            "Positives fall to the two arms as no tolerated calibration allows (e-value {:.3e}, {:.0} convicts).",
            e_value.value, e_value.convicts
        ));
    }
    if let Some(ne) = findings.normalized_entropy.filter(|found| found.interval.low > found.tolerated.high) {
        failures.push(format!(
            "NE is worse than the baseline's by {}, by at least {}; tolerated is {}.",
            percent(ne.estimate),
            percent(ne.interval.low),
            percent(ne.tolerated.high)
        ));
    }
    failures
}

/// Everything that is missing for a pass.
fn lacks(findings: &Findings<'_>, policy: &Policy, observed: Observed) -> Vec<Lack> {
    let mut lacks = minimum_lacks(findings.candidate, policy);
    let rows = findings.candidate.labelled();
    match findings.calibration {
        None => {
            lacks.push(Lack::new("Calibration cannot be compared before both versions saw a positive.".into(), None))
        }
        Some(found) => {
            let worst = (found.interval.high - 1.0).max(1.0 - found.interval.low);
            let error = Deviation { metric: "Calibration", estimate: (found.estimate - 1.0).abs(), worst };
            lacks.extend(budget_lack(&error, rows, policy));
            let is = format!("calibration is {:.3} times the baseline's", found.estimate);
            let tolerated = format!("{:.3} to {:.3}", found.tolerated.low, found.tolerated.high);
            lacks.extend(observed_lack(&found, observed, &format!("{is}; tolerated is {tolerated}")));
        }
    }
    match findings.normalized_entropy {
        None => lacks.push(Lack::new("NE cannot be compared before both versions have an outcome.".into(), None)),
        Some(found) => {
            let error = Deviation { metric: "NE", estimate: found.estimate.max(0.0), worst: found.interval.high };
            lacks.extend(budget_lack(&error, rows, policy));
            let is = format!("NE is worse than the baseline's by {}", percent(found.estimate));
            let tolerated = percent(found.tolerated.high);
            lacks.extend(observed_lack(&found, observed, &format!("{is}; tolerated is {tolerated}")));
        }
    }
    lacks
}

fn minimum_lacks(candidate: &Cell, policy: &Policy) -> Vec<Lack> {
    let (rows, positives) = (candidate.labelled(), candidate.positives());
    let mut lacks = Vec::new();
    if rows < policy.minimum.rows {
        let reason =
            format!("The candidate has {rows} outcomes of the {} that the plan asks for.", policy.minimum.rows);
        lacks.push(Lack::new(reason, Some(policy.minimum.rows - rows)));
    }
    if positives < policy.minimum.positives {
        let least = policy.minimum.positives;
        let reason = format!("The candidate has {positives} positives of the {least} that the plan asks for.");
        let rate = positives as f64 / rows as f64;
        lacks.push(Lack::new(reason, (positives > 0).then(|| ((least - positives) as f64 / rate).ceil() as u64)));
    }
    lacks
}

/// How far a metric may be from what it should be, relative, at least 0.
struct Deviation {
    metric: &'static str,
    estimate: f64,
    worst: f64,
}

/// What is missing when the worst plausible error is too much for the next share: intervals narrow with the root of the
/// rows, so the part beyond the estimate must shrink into the room that the estimate leaves.
fn budget_lack(error: &Deviation, rows: u64, policy: &Policy) -> Option<Lack> {
    let (metric, tolerable) = (error.metric, policy.tolerable_error());
    if error.worst <= tolerable {
        return None;
    }
    let reason = if error.worst.is_finite() {
        let (worst, tolerable) = (percent(error.worst), percent(tolerable));
        format!("{metric} may be off by as much as {worst}, and the next share allows {tolerable}.")
    } else {
        format!("{metric} has too few samples for an interval.")
    };
    let room = tolerable - error.estimate;
    let factor = ((error.worst - error.estimate) / room).powi(2) - 1.0;
    let countable = room > 0.0 && factor.is_finite();
    Some(Lack::new(reason, countable.then(|| (rows as f64 * factor).ceil() as u64)))
}

/// What is missing when the same rows already show more than is tolerated.
fn observed_lack(found: &Comparison, observed: Observed, what: &str) -> Option<Lack> {
    if observed == Observed::MayBeChance || found.tolerated.contains(found.estimate) {
        return None;
    }
    Some(Lack::new(format!("On the same rows the candidate's {what}. So few spans may be the exception."), None))
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
