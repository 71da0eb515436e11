//! Answers as the wire shows them.

use jiff::{SignedDuration, Timestamp};
use slipway_domain::gate::{Arm, Estimate, Evidence, Verdict};
use slipway_domain::stats::auc::Auc;
use slipway_domain::stats::{Interval, Judged, Metrics, Stability};
use slipway_proto::health::v1 as pb;
use slipway_proto::r#type::v1 as pb_type;

use crate::service::{Acknowledged, ModelPolicy, RefusedRows, VersionHealth};
use crate::window::Window;

/// An acknowledgement.
#[must_use]
pub fn acknowledged(answer: Acknowledged) -> pb::ReportResponse {
    let Acknowledged { epoch, sequence, accepted_rows, refused_rows } = answer;
    pb::ReportResponse {
        sequence: signed(sequence),
        epoch: signed(epoch),
        accepted_rows: signed(accepted_rows),
        refused_rows: refused(&refused_rows),
    }
}

/// The health of a version.
#[must_use]
pub fn version_health(answer: VersionHealth) -> pb::GetHealthResponse {
    let VersionHealth {
        version,
        judged,
        explanation,
        metrics,
        refused_rows,
        missing_outcomes,
        window: Window { from, until },
        mature_through,
        revision,
        policy: ModelPolicy { label_window, health },
        assumed_policy,
    } = answer;
    let Judged { stability, calibration, interval, tolerated, overdispersion, .. } = judged;
    let Metrics {
        predicted, labelled, positives, log_loss, normalized_entropy, auc, ece, label_rate, coverage, ..
    } = metrics;
    pb::GetHealthResponse {
        name: version.to_string(),
        verdict: health_verdict(stability).into(),
        explanation,
        calibration: Some(around(calibration, interval)),
        log_loss,
        normalized_entropy,
        auc: Some(auc.map_or_else(pb_type::Estimate::default, bounded)),
        expected_calibration_error: ece.map(|ece| ece.value),
        base_rate: label_rate,
        rows: signed(labelled),
        positives: signed(positives),
        predicted: signed(predicted.max(labelled)),
        coverage,
        refused_rows: refused(&refused_rows),
        missing_outcomes: signed(missing_outcomes),
        overdispersion,
        tolerated_calibration: Some(around(Some(1.0), tolerated)),
        alpha: health.alpha,
        start_time: instant(from.start()),
        end_time: instant(until.start()),
        mature_through: mature_through.and_then(instant),
        revision: signed(revision),
        label_window: span(label_window),
        assumed_policy,
    }
}

/// The evidence of a gate.
#[must_use]
pub fn evidence(answer: Evidence) -> pb_type::Evidence {
    let Evidence {
        verdict,
        explanation,
        deciding,
        calibration_ratio,
        relative_loss,
        calibration_e_value,
        candidate,
        baseline,
        overdispersion,
        mature_through,
        since,
        missing_rows,
        missing_positives,
        allowed_share,
        evaluated_at,
    } = answer;
    pb_type::Evidence {
        verdict: gate_verdict(verdict).into(),
        explanation,
        deciding,
        calibration_ratio: calibration_ratio.map(estimate),
        relative_loss: relative_loss.map(estimate),
        calibration_e_value,
        candidate: candidate.map(arm),
        baseline: baseline.map(arm),
        overdispersion,
        mature_through: mature_through.and_then(instant),
        since: since.and_then(instant),
        missing_rows: signed(missing_rows),
        missing_positives: signed(missing_positives),
        allowed_share,
        evaluate_time: instant(evaluated_at),
    }
}

fn arm(arm: Arm) -> pb_type::Arm {
    let Arm { version, rows, positives, predicted, calibration, log_loss, normalized_entropy } = arm;
    pb_type::Arm {
        version: version.to_string(),
        rows: signed(rows),
        positives: signed(positives),
        predicted: signed(predicted),
        calibration,
        log_loss,
        normalized_entropy,
    }
}

fn estimate(estimate: Estimate) -> pb_type::Estimate {
    let Estimate { value, lower, upper } = estimate;
    pb_type::Estimate { value, lower, upper }
}

/// An end that is infinite says nothing, and is left out.
fn around(value: Option<f64>, interval: Interval) -> pb_type::Estimate {
    let finite = |number: f64| number.is_finite().then_some(number);
    pb_type::Estimate { value, lower: finite(interval.low), upper: finite(interval.high) }
}

fn bounded(auc: Auc) -> pb_type::Estimate {
    let Auc { value, bound } = auc;
    pb_type::Estimate { value: Some(value), lower: Some(value - bound), upper: Some(value + bound) }
}

fn health_verdict(stability: Stability) -> pb::HealthVerdict {
    match stability {
        Stability::Stable => pb::HealthVerdict::Stable,
        Stability::Unstable => pb::HealthVerdict::Unstable,
        Stability::Unknown => pb::HealthVerdict::Unknown,
    }
}

fn gate_verdict(verdict: Verdict) -> pb_type::GateVerdict {
    match verdict {
        Verdict::Pass => pb_type::GateVerdict::Pass,
        Verdict::Fail => pb_type::GateVerdict::Fail,
        Verdict::Inconclusive => pb_type::GateVerdict::Inconclusive,
        Verdict::NoData => pb_type::GateVerdict::NoData,
        Verdict::Error => pb_type::GateVerdict::Error,
    }
}

fn refused(rows: &RefusedRows) -> std::collections::HashMap<String, i64> {
    rows.iter().map(|(reason, rows)| ((*reason).to_owned(), signed(*rows))).collect()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn instant(instant: Timestamp) -> Option<prost_types::Timestamp> {
    // The wire counts nanoseconds forwards, also before 1970.
    let seconds = instant.as_second() - i64::from(instant.subsec_nanosecond() < 0);
    let nanos = instant.subsec_nanosecond().rem_euclid(1_000_000_000);
    Some(prost_types::Timestamp { seconds, nanos })
}

fn span(span: SignedDuration) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds: span.as_secs(), nanos: span.subsec_nanos() })
}
