//! Each way in which a candidate can be certainly worse than tolerated.

use std::cmp::Reverse;

use super::lacks::{Lack, conviction_lacks};
use super::{Contrast, Findings, percent};
use crate::gate::{Deciding, Policy};
use crate::stats::auc::auc;
use crate::stats::cell::Cell;

/// By how much a candidate's AUC lies below its baseline's when it has lost the sense of who is likelier than whom.
const LOST_DISCRIMINATION: f64 = 0.1;

/// Why a gate fails.
pub(super) struct Failure {
    pub deciding: Deciding,
    pub reason: String,
    /// What is missing before it may convict.
    pub lacks: Vec<Lack>,
}

/// Each way in which the candidate is certainly worse than tolerated, what is to be mended first.
///
/// A candidate that ranks as well as its baseline is miscalibrated, whatever that costs in NE: recalibrating heals it. One
/// that ranks worse has lost what it predicts by, and no recalibration brings it back (the two terms of Murphy's
/// decomposition of a score, 1973).
pub(super) fn failures(findings: &Findings<'_>, policy: &Policy) -> Vec<Failure> {
    let of_both = || {
        let of_candidate = conviction_lacks("candidate", findings.candidate, policy);
        let of_baseline = conviction_lacks("baseline", findings.baseline, policy);
        of_candidate.into_iter().chain(of_baseline).collect()
    };
    let beyond = |contrast: Option<Contrast>| contrast.filter(Contrast::is_beyond);
    let calibration = beyond(findings.calibration).map(|found| Failure {
        deciding: Deciding::Calibration,
        reason: format!("Calibration is {:.3} times the baseline's, {}.", found.estimate, bounds(&found)),
        lacks: of_both(),
    });
    let alone = findings.alone.as_ref().filter(|found| found.calibration.is_beyond()).map(|found| Failure {
        deciding: Deciding::Calibration,
        reason: format!(
            "Since it serves alone the candidate's calibration is {:.3}, {} by that of its baseline.",
            found.calibration.estimate,
            bounds(&found.calibration)
        ),
        lacks: conviction_lacks("candidate since it serves alone", &found.rows, policy),
    });
    let normalized_entropy = beyond(findings.normalized_entropy).map(|found| Failure {
        deciding: Deciding::NormalizedEntropy,
        reason: format!(
            "NE is worse than the baseline's by {}, by at least {}; tolerated is {}.",
            percent(found.estimate),
            percent(found.interval.low),
            percent(found.tolerated.high)
        ),
        lacks: of_both(),
    });
    let e_value = findings.e_value.filter(|e_value| e_value.value >= e_value.convicts).map(|e_value| Failure {
        deciding: Deciding::Calibration,
        reason: format!(
            "Calibration is off by more than half: positives fall to the two arms as no swing of a sound candidate explains (e-value {:.3e}, {:.0} convicts).",
            e_value.value, e_value.convicts
        ),
        lacks: of_both(),
    });
    let mut failures: Vec<Failure> = [calibration, alone, normalized_entropy, e_value].into_iter().flatten().collect();
    let first = match ranks_worse(findings.candidate, findings.baseline) {
        true => Deciding::NormalizedEntropy,
        false => Deciding::Calibration,
    };
    failures.sort_by_key(|failure| Reverse(failure.deciding == first));
    failures
}

/// Whether the candidate ranks its rows much worse than its baseline. Their order has no part in whether it fails.
fn ranks_worse(candidate: &Cell, baseline: &Cell) -> bool {
    let area = |cell: &Cell| auc(cell.histogram()).map(|auc| auc.value);
    area(candidate).zip(area(baseline)).is_some_and(|(candidate, baseline)| candidate < baseline - LOST_DISCRIMINATION)
}

fn bounds(found: &Contrast) -> String {
    let Contrast { interval, tolerated, .. } = found;
    format!(
        "at least {:.3} and at most {:.3}; tolerated is {:.3} to {:.3}",
        interval.low, interval.high, tolerated.low, tolerated.high
    )
}
