//! Each way in which a candidate can be certainly worse than tolerated.

use super::lacks::{Lack, conviction_lacks};
use super::{Contrast, Findings, percent};
use crate::gate::{Deciding, Policy};

/// Why a gate fails.
pub(super) struct Failure {
    pub deciding: Deciding,
    pub reason: String,
    /// By how many tolerances the candidate is beyond what is tolerated at the least.
    pub excess: f64,
    /// What is missing before it may convict.
    pub lacks: Vec<Lack>,
}

/// Each way in which the candidate is certainly worse than tolerated, the grossest first.
pub(super) fn failures(findings: &Findings<'_>, policy: &Policy) -> Vec<Failure> {
    let of_candidate = || conviction_lacks("candidate", findings.candidate, policy);
    let of_both = || {
        let of_baseline = conviction_lacks("baseline", findings.baseline, policy);
        of_candidate().into_iter().chain(of_baseline).collect()
    };
    let beyond = |contrast: Option<Contrast>| contrast.and_then(|found| Some((found, found.excess()?)));
    let calibration = beyond(findings.calibration).map(|(found, excess)| Failure {
        deciding: Deciding::Calibration,
        reason: format!("Calibration is {:.3} times the baseline's, {}.", found.estimate, bounds(&found)),
        excess: excess / policy.calibration_tolerance,
        lacks: of_both(),
    });
    let alone = beyond(findings.alone).map(|(found, excess)| Failure {
        deciding: Deciding::Calibration,
        reason: format!(
            "Since it serves alone the candidate's calibration is {:.3}, {} by that of its baseline.",
            found.estimate,
            bounds(&found)
        ),
        excess: excess / policy.calibration_tolerance,
        lacks: of_candidate(),
    });
    let normalized_entropy = beyond(findings.normalized_entropy).map(|(found, excess)| Failure {
        deciding: Deciding::NormalizedEntropy,
        reason: format!(
            "NE is worse than the baseline's by {}, by at least {}; tolerated is {}.",
            percent(found.estimate),
            percent(found.interval.low),
            percent(found.tolerated.high)
        ),
        excess: excess / policy.ne_tolerance,
        lacks: of_both(),
    });
    let e_value = findings.e_value.filter(|e_value| e_value.value >= e_value.convicts).map(|e_value| Failure {
        deciding: Deciding::Calibration,
        reason: format!(
            "Calibration is off by more than half: positives fall to the two arms as no swing of a sound candidate explains (e-value {:.3e}, {:.0} convicts).",
            e_value.value, e_value.convicts
        ),
        // It says that the calibration is far beyond the band, and not by how much.
        excess: 0.0,
        lacks: of_both(),
    });
    let mut failures: Vec<Failure> = [calibration, alone, normalized_entropy, e_value].into_iter().flatten().collect();
    failures.sort_by(|left, right| right.excess.total_cmp(&left.excess));
    failures
}

fn bounds(found: &Contrast) -> String {
    let Contrast { interval, tolerated, .. } = found;
    format!(
        "at least {:.3} and at most {:.3}; tolerated is {:.3} to {:.3}",
        interval.low, interval.high, tolerated.low, tolerated.high
    )
}
