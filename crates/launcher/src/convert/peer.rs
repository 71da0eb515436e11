//! What is asked of the peers, and what they answer.

use slipway_domain::gate::{Comparison, Policy};
use slipway_domain::model::DEFAULT_LABEL_WINDOW;
use slipway_domain::traffic::Range;
use slipway_proto::health::v1 as pb_health;
use slipway_proto::registry::v1 as pb_registry;
use slipway_proto::r#type::v1 as pb_type;

use super::scalar::{duration, instant, signed};
use crate::peers::{Candidate, Judged, Quarantine, Question, SetTraffic};

/// What the launcher wants to know of a version.
#[must_use]
pub fn candidate(version: pb_registry::Version) -> Candidate {
    Candidate { quarantine: version.quarantine.map(|mark| mark.reason) }
}

/// What the launcher wants to know of a model.
#[must_use]
pub fn judged(model: pb_registry::Model) -> Judged {
    let window = model.label_window.and_then(|window| window.try_into().ok());
    Judged { label_window: window.unwrap_or(DEFAULT_LABEL_WINDOW) }
}

/// A change of traffic.
#[must_use]
pub fn set_traffic(change: SetTraffic) -> pb_registry::SetTrafficRequest {
    let SetTraffic { model, ranges, generation, epoch, request_id, reason } = change;
    pb_registry::SetTrafficRequest {
        name: model.traffic(),
        ranges: ranges.iter().map(range).collect(),
        generation: signed(generation),
        epoch: signed(epoch),
        override_epoch: false,
        request_id: request_id.to_string(),
        validate_only: false,
        reason,
    }
}

fn range(Range { start, end, version }: &Range) -> pb_type::BucketRange {
    pb_type::BucketRange {
        start: i32::try_from(*start).unwrap_or(i32::MAX),
        end: i32::try_from(*end).unwrap_or(i32::MAX),
        version: version.to_string(),
    }
}

/// A mark on a version's digest.
#[must_use]
pub fn quarantine(mark: Quarantine) -> pb_registry::QuarantineVersionRequest {
    let Quarantine { version, request_id, reason } = mark;
    let request_id = request_id.to_string();
    pb_registry::QuarantineVersionRequest { name: version.to_string(), reason, request_id, validate_only: false }
}

/// A question to a gate.
#[must_use]
pub fn question(question: Question) -> pb_health::EvaluateRequest {
    let Question { candidate, baseline, comparison, since, next_share, policy, label_window } = question;
    let comparison = match comparison {
        Comparison::Paired => pb_health::Comparison::Paired,
        Comparison::Split => pb_health::Comparison::Split,
    };
    pb_health::EvaluateRequest {
        candidate: candidate.to_string(),
        baseline: baseline.to_string(),
        comparison: comparison.into(),
        since: Some(instant(since)),
        next_share: next_share.fraction(),
        policy: Some(gate_policy(&policy)),
        label_window: duration(label_window),
    }
}

fn gate_policy(policy: &Policy) -> pb_health::GatePolicy {
    let Policy { alpha, calibration_tolerance, ne_tolerance, harm_budget, minimum_rows, minimum_positives } = policy;
    pb_health::GatePolicy {
        alpha: Some(*alpha),
        calibration_tolerance: Some(*calibration_tolerance),
        ne_tolerance: Some(*ne_tolerance),
        harm_budget: Some(*harm_budget),
        minimum_rows: minimum_rows.map(signed),
        minimum_positives: minimum_positives.map(signed),
    }
}
