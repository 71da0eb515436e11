//! What is asked of the peers, and what they answer.

use slipway_domain::gate::{Comparison, Policy};
use slipway_domain::model::{DEFAULT_LABEL_WINDOW, MILDEST_TIER};
use slipway_domain::traffic::Range;
use slipway_proto::health::v1 as pb_health;
use slipway_proto::registry::v1 as pb_registry;
use slipway_proto::r#type::v1 as pb_type;

use crate::peers::{Candidate, Judged, News, Quarantine, Question, SetTraffic};
use slipway_chassis::scalar::{duration, instant, signed};

/// What the launcher wants to know of a version.
#[must_use]
pub fn candidate(version: pb_registry::Version) -> Candidate {
    Candidate { quarantine: version.quarantine.map(|mark| mark.reason) }
}

/// What the launcher wants to know of a model.
#[must_use]
pub fn judged(model: pb_registry::Model) -> Judged {
    let window = model.label_window.and_then(|window| window.try_into().ok());
    let label_window = window.unwrap_or(DEFAULT_LABEL_WINDOW);
    let tier = u8::try_from(model.effective_tier).unwrap_or(MILDEST_TIER);
    Judged { label_window, team: model.owner, tier }
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

/// Asks for any one model: what is wanted is the revision of the answer.
#[must_use]
pub fn any_model() -> pb_registry::ListModelsRequest {
    let parent = "namespaces/-".to_owned();
    let view = pb_registry::View::Basic.into();
    pb_registry::ListModelsRequest { parent, page_size: 1, view, ..pb_registry::ListModelsRequest::default() }
}

/// Asks for all traffic that changes after `revision`.
#[must_use]
pub fn changes_after(revision: i64) -> pb_registry::WatchRequest {
    let kinds = vec![pb_registry::ResourceKind::Traffic.into()];
    pb_registry::WatchRequest { after_revision: Some(revision), kinds, ..Default::default() }
}

/// What a message of the registry's watch says of traffic. A state that comes whole means that the changes up to it are
/// no longer kept. Traffic that can't be read is left to be read again.
#[must_use]
pub fn news(message: pb_registry::WatchResponse) -> Vec<News> {
    use pb_registry::watch_response::Event;
    match message.event {
        Some(Event::InitialState(state)) if state.complete => vec![News::Missed],
        Some(Event::Changes(changes)) => changes.changes.into_iter().filter_map(changed).collect(),
        Some(Event::InitialState(_) | Event::Progress(_) | Event::Ending(_)) | None => Vec::new(),
    }
}

fn changed(change: pb_registry::ResourceChange) -> Option<News> {
    use pb_registry::resource::Resource;
    match change.resource?.resource? {
        Resource::Traffic(traffic) => Some(match slipway_sdk::parse_traffic(&traffic) {
            Ok((model, traffic)) => News::Changed(model, traffic),
            Err(_) => News::Missed,
        }),
        Resource::ModelType(_)
        | Resource::Model(_)
        | Resource::Version(_)
        | Resource::Team(_)
        | Resource::Alias(_)
        | Resource::Namespace(_)
        | Resource::Policy(_) => None,
    }
}
