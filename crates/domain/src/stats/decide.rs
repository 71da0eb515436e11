//! From what was found to a gate's answer: the one rule of all gates.

mod failures;
mod lacks;

use super::cell::Cell;
use super::interval::Interval;
use super::metrics::Metrics;
use crate::gate::{Deciding, Estimate, Policy, Verdict};
use failures::{Failure, failures};
use lacks::{Lack, lacks};

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
    /// The e-value against "in no stratum the relative calibration is off by more than half" (split only).
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
    /// Whether nothing of the interval is tolerated.
    fn is_beyond(&self) -> bool {
        self.interval.low > self.tolerated.high || self.interval.high < self.tolerated.low
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

/// Evidence against "the relative calibration lies nowhere far beyond what is tolerated".
#[derive(Clone, Copy)]
pub(super) struct EValue {
    pub value: f64,
    /// From here on it convicts.
    pub convicts: f64,
}

/// What a candidate showed while it served alone.
pub(super) struct Alone {
    /// Its own calibration, beside what that of its baseline makes tolerable.
    pub calibration: Contrast,
    /// What that rests on.
    pub rows: Cell,
}

/// What a gate found.
pub(super) struct Findings<'a> {
    pub candidate: &'a Cell,
    pub baseline: &'a Cell,
    pub calibration: Option<Contrast>,
    pub normalized_entropy: Option<Contrast>,
    /// What the candidate showed while it served alone.
    pub alone: Option<Alone>,
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

/// FAIL when an interval lies beyond what is tolerated or the e-value convicts, on enough outcomes; else PASS when nothing
/// is lacking.
pub(super) fn decide(findings: &Findings<'_>, question: &Question<'_>) -> Judgement {
    let policy = question.policy;
    let lacks = lacks(findings, question);
    let Answer { verdict, deciding, reasons } = answer(findings, question, &lacks);
    let open = matches!(verdict, Verdict::Inconclusive | Verdict::NoData);
    let positives = findings.candidate.positives();
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

struct Answer {
    verdict: Verdict,
    deciding: Option<Deciding>,
    reasons: Vec<String>,
}

fn answer(findings: &Findings<'_>, question: &Question<'_>, lacks: &[Lack]) -> Answer {
    let empty = empty_sides(findings);
    let (proven, suspected): (Vec<Failure>, Vec<Failure>) =
        failures(findings, question.policy).into_iter().partition(|failure| failure.lacks.is_empty());
    if empty.contains(&"candidate") {
        let reasons = empty.iter().map(|side| format!("The {side} has no mature outcome yet.")).collect();
        Answer { verdict: Verdict::NoData, deciding: Some(Deciding::MinimumRows), reasons }
    } else if let Some(first) = proven.first() {
        let deciding = Some(first.deciding);
        Answer { verdict: Verdict::Fail, deciding, reasons: proven.into_iter().map(|failure| failure.reason).collect() }
    } else if let Some(first) = suspected.first() {
        let deciding = first.lacks.first().map(|lack| lack.deciding);
        let missing = first.lacks.iter().map(|lack| lack.reason.clone());
        let reasons = missing.chain([format!("So far: {}", first.reason)]).collect();
        Answer { verdict: Verdict::Inconclusive, deciding, reasons }
    } else if lacks.is_empty() {
        Answer { verdict: Verdict::Pass, deciding: None, reasons: vec![pass_reason(question)] }
    } else if !empty.is_empty() {
        let reasons = vec!["The baseline has no mature outcome to compare the candidate with.".to_owned()];
        Answer { verdict: Verdict::Inconclusive, deciding: Some(Deciding::MinimumRows), reasons }
    } else {
        let deciding = lacks.iter().map(|lack| lack.deciding).min();
        let reasons = lacks.iter().map(|lack| lack.reason.clone()).collect();
        Answer { verdict: Verdict::Inconclusive, deciding, reasons }
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

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
