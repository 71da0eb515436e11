//! Answers as the wire shows them.

use jiff::{SignedDuration, Timestamp};
use slipway_domain::gate::Estimate;
use slipway_domain::stats::auc::Auc;
use slipway_domain::stats::{Judged, Metrics, RefusedRows, Stability};
use slipway_proto::health::v1 as pb;
use slipway_proto::r#type::v1 as pb_type;

use crate::service::{Acknowledged, ModelPolicy, VersionHealth};
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
        calibration: Some(estimate(Estimate::of(calibration, interval))),
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
        tolerated_calibration: Some(estimate(Estimate::of(Some(1.0), tolerated))),
        alpha: health.alpha,
        start_time: instant(from.start()),
        end_time: instant(until.start()),
        mature_through: mature_through.and_then(instant),
        revision: signed(revision),
        label_window: span(label_window),
        assumed_policy,
    }
}

fn estimate(Estimate { value, lower, upper }: Estimate) -> pb_type::Estimate {
    pb_type::Estimate { value, lower, upper }
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

fn refused(rows: &RefusedRows) -> std::collections::HashMap<String, i64> {
    rows.iter().map(|(refusal, rows)| (refusal.name().to_owned(), signed(rows))).collect()
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
