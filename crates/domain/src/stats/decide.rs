//! From what was found to a gate's answer: the one rule of all gates.

use super::cell::Cell;
use super::interval::Interval;
use super::metrics::Metrics;
use crate::gate::{Deciding, Estimate, Policy, Verdict};

/// What the statistics answer to a gate, with all that it rests on.
///
/// A pure function of cells, a policy and a share, so the same cells give the same answer. Its intervals hold at all
/// times at once: asking every minute makes no verdict less true.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The answer; never [`Verdict::Error`].
    pub verdict: Verdict,
    /// What decided a FAIL or holds a PASS back; none for a PASS.
    pub deciding: Option<Deciding>,
    /// Why, in whole sentences; for an inconclusive answer, what is missing.
    pub reasons: Vec<String>,
    /// About how many more labelled rows of the candidate the answer needs, where that can be said.
    pub missing_rows: Option<u64>,
    /// How many more positive outcomes of the candidate the policy asks for, while there is no answer.
    pub missing_positives: u64,
    /// Calibration of the candidate over that of the baseline: 1 is the same.
    pub calibration_ratio: Option<Estimate>,
    /// NE of the candidate over that of the baseline, less 1: 0 is the same, above 0 is worse.
    pub relative_loss: Option<Estimate>,
    /// The e-value against "the relative calibration is tolerated" (split only).
    pub calibration_e_value: Option<f64>,
    /// The largest share at which the worst plausible error keeps within the harm budget; 0 for a candidate that
    /// failed, or of which too little is known.
    pub allowed_share: f64,
    /// The candidate's figures over all evidence.
    pub candidate: Metrics,
    /// The baseline's figures over all evidence.
    pub baseline: Metrics,
    /// How many independent samples the intervals rest on: strata of a split, spans of a shadow stage.
    pub samples: usize,
}

/// A relative quantity of candidate over baseline, beside what is tolerated of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contrast {
    /// As observed.
    pub estimate: f64,
    /// Where it lies, at all times at once.
    pub interval: Interval,
    /// What the policy tolerates.
    pub tolerated: Interval,
}

impl Contrast {
    fn is_beyond(&self) -> bool {
        self.interval.is_disjoint(&self.tolerated)
    }

    fn shown(&self) -> Estimate {
        Estimate::of(Some(self.estimate).filter(|estimate| estimate.is_finite()), self.interval)
    }
}

/// What a gate is asked.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub policy: &'a Policy,
    /// The share of traffic that the candidate gets when the gate passes, above 0, at most 1.
    pub next_share: f64,
    pub observed: Observed,
}

impl Question<'_> {
    /// The largest relative error at which the next share keeps within the harm budget.
    fn tolerable_error(&self) -> f64 {
        if self.next_share > 0.0 { self.policy.harm_budget / self.next_share } else { f64::INFINITY }
    }
}

/// How a gate spends alpha, the probability of ever failing a healthy candidate. The NE's interval has confidence
/// 1 − alpha, and only its lower end convicts: one half. Both ends of the calibration's convict. What a split's e-value
/// may spend, and the candidate's own calibration while it serves alone, is taken from the calibration's half.
pub(super) struct Spending {
    /// 1 − confidence of the NE's interval.
    pub normalized_entropy: f64,
    /// 1 − confidence of the calibration's interval.
    pub calibration: f64,
    /// 1 − confidence of the interval of the candidate's own calibration while it serves alone.
    pub alone: f64,
    /// The e-value convicts from one over this.
    pub e_value: f64,
}

impl Spending {
    /// In shadow, where no e-value is.
    pub fn in_shadow(alpha: f64) -> Self {
        Self { normalized_entropy: alpha, calibration: alpha / 2.0, alone: 0.0, e_value: 0.0 }
    }

    /// On a split.
    pub fn on_split(alpha: f64) -> Self {
        Self { normalized_entropy: alpha, calibration: alpha / 4.0, alone: alpha / 8.0, e_value: alpha / 8.0 }
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
    pub calibration: Option<Contrast>,
    pub normalized_entropy: Option<Contrast>,
    /// The candidate's own calibration while it served alone, beside what its baseline makes tolerable.
    pub alone: Option<Contrast>,
    pub e_value: Option<EValue>,
    pub samples: usize,
}

impl Findings<'_> {
    /// The worst plausible relative error, of calibration in either direction or of the NE upwards.
    fn worst(&self) -> Option<f64> {
        let (calibration, ne) = (self.calibration?.interval, self.normalized_entropy?.interval);
        Some((calibration.high - 1.0).max(1.0 - calibration.low).max(ne.high))
    }
}

/// Why a gate fails.
struct Failure {
    deciding: Deciding,
    reason: String,
}

/// Something that stands between the evidence and a pass.
struct Lack {
    deciding: Deciding,
    reason: String,
    rows: Option<u64>,
}

impl Lack {
    fn new(deciding: Deciding, reason: String, rows: Option<u64>) -> Self {
        Self { deciding, reason, rows }
    }
}

/// FAIL when an interval lies beyond what is tolerated or the e-value convicts; else PASS when nothing is lacking.
pub(super) fn decide(findings: &Findings<'_>, question: &Question<'_>) -> Judgement {
    let failures = failures(findings);
    let lacks = lacks(findings, question);
    let empty = empty_sides(findings);
    let (verdict, deciding, reasons) = if empty.contains(&"candidate") {
        let reasons = empty.iter().map(|side| format!("The {side} has no mature outcome yet.")).collect();
        (Verdict::NoData, Some(Deciding::MinimumRows), reasons)
    } else if let Some(first) = failures.first() {
        (Verdict::Fail, Some(first.deciding), failures.into_iter().map(|failure| failure.reason).collect())
    } else if lacks.is_empty() {
        (Verdict::Pass, None, vec![pass_reason(question)])
    } else if !empty.is_empty() {
        let reason = "The baseline has no mature outcome to compare the candidate with.".to_owned();
        (Verdict::Inconclusive, Some(Deciding::MinimumRows), vec![reason])
    } else {
        let deciding = lacks.iter().map(|lack| lack.deciding).min();
        (Verdict::Inconclusive, deciding, lacks.iter().map(|lack| lack.reason.clone()).collect())
    };
    let open = matches!(verdict, Verdict::Inconclusive | Verdict::NoData);
    let (policy, positives) = (question.policy, findings.candidate.positives());
    Judgement {
        verdict,
        deciding,
        reasons,
        missing_rows: lacks.iter().filter_map(|lack| lack.rows).max().filter(|_| open),
        missing_positives: if open { policy.least_positives().saturating_sub(positives) } else { 0 },
        calibration_ratio: findings.calibration.map(|found| found.shown()),
        relative_loss: findings.normalized_entropy.map(|found| found.shown()),
        calibration_e_value: findings.e_value.map(|e_value| e_value.value),
        allowed_share: if verdict == Verdict::Fail { 0.0 } else { allowed_share(findings, policy) },
        candidate: Metrics::of(findings.candidate),
        baseline: Metrics::of(findings.baseline),
        samples: findings.samples,
    }
}

/// The sides without any outcome.
fn empty_sides(findings: &Findings<'_>) -> Vec<&'static str> {
    let sides = [("candidate", findings.candidate), ("baseline", findings.baseline)];
    sides.into_iter().filter_map(|(side, cell)| (cell.labelled() == 0).then_some(side)).collect()
}

fn allowed_share(findings: &Findings<'_>, policy: &Policy) -> f64 {
    let within = |worst: f64| if worst > policy.harm_budget { policy.harm_budget / worst } else { 1.0 };
    findings.worst().map_or(0.0, within)
}

fn pass_reason(question: &Question<'_>) -> String {
    format!(
        "At {} of the traffic even the worst plausible error stays within the harm budget of {}.",
        percent(question.next_share),
        percent(question.policy.harm_budget)
    )
}

/// Each way in which the candidate is certainly worse than tolerated.
fn failures(findings: &Findings<'_>) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut fail = |deciding, reason| failures.push(Failure { deciding, reason });
    if let Some(found) = findings.calibration.filter(Contrast::is_beyond) {
        let Contrast { estimate, interval, tolerated } = found;
        let reason = format!(
            "Calibration is {estimate:.3} times the baseline's, at least {:.3} and at most {:.3}; tolerated is {:.3} to {:.3}.",
            interval.low, interval.high, tolerated.low, tolerated.high
        );
        fail(Deciding::Calibration, reason);
    }
    if let Some(e_value) = findings.e_value.filter(|e_value| e_value.value >= e_value.convicts) {
        let reason = format!(
            "Positives fall to the two arms as no tolerated calibration allows (e-value {:.3e}, {:.0} convicts).",
            e_value.value, e_value.convicts
        );
        fail(Deciding::Calibration, reason);
    }
    if let Some(Contrast { estimate, interval, tolerated }) = findings.alone.filter(Contrast::is_beyond) {
        let reason = format!(
            "Since it serves alone the candidate's calibration is {estimate:.3}, at least {:.3} and at most {:.3}; by that of its baseline {:.3} to {:.3} is tolerated.",
            interval.low, interval.high, tolerated.low, tolerated.high
        );
        fail(Deciding::Calibration, reason);
    }
    if let Some(ne) = findings.normalized_entropy.filter(Contrast::is_beyond) {
        let reason = format!(
            "NE is worse than the baseline's by {}, by at least {}; tolerated is {}.",
            percent(ne.estimate),
            percent(ne.interval.low),
            percent(ne.tolerated.high)
        );
        fail(Deciding::NormalizedEntropy, reason);
    }
    failures
}

/// Everything that is missing for a pass.
fn lacks(findings: &Findings<'_>, question: &Question<'_>) -> Vec<Lack> {
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

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
