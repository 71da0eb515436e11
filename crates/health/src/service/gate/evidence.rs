//! What a gate found, as evidence that can stand by itself.

use jiff::Timestamp;
use slipway_domain::gate::{Arm, Deciding, Evidence, Verdict};
use slipway_domain::name::VersionName;
use slipway_domain::stats::Metrics;

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
        let mut deciding = judgement.deciding;
        let mut explanation = judgement.reasons.join(" ");
        if judgement.verdict == Verdict::NoData {
            explanation.push_str(&self.absence(mature, lacking));
            deciding = deciding.filter(|_| lacking == Lacking::Reports).or(Some(Deciding::Maturity));
        }
        Evidence {
            verdict: judgement.verdict,
            explanation,
            deciding: deciding.map_or_else(String::new, |deciding| deciding.name().to_owned()),
            calibration_ratio: judgement.calibration_ratio,
            relative_loss: judgement.relative_loss,
            calibration_e_value: judgement.calibration_e_value,
            candidate: Some(arm(&self.candidate, &judgement.candidate)),
            baseline: Some(arm(&self.baseline, &judgement.baseline)),
            overdispersion,
            mature_through: mature,
            since: Some(self.since),
            missing_rows: judgement.missing_rows.unwrap_or(0),
            missing_positives: judgement.missing_positives,
            allowed_share: judgement.allowed_share,
            evaluated_at: now,
        }
    }

    /// Why there is no data.
    fn absence(&self, mature: Option<Timestamp>, lacking: Lacking) -> String {
        match (lacking, mature) {
            (Lacking::Time, Some(mature)) => {
                format!(" There are younger ones; cohorts are mature up to {mature}.")
            }
            (Lacking::Time, None) => " There are younger ones.".to_owned(),
            (Lacking::Reports, _) => format!(" None was reported since {} at all.", self.since),
        }
    }
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
