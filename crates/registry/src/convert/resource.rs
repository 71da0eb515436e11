//! Resources as the wire shows them.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Criticality, FunnelStage, HealthPolicy, Model, ModelType, Quarantine, Version};
use slipway_domain::name::ModelName;
use slipway_domain::traffic::Traffic;
use slipway_proto::registry::v1 as pb;
use slipway_proto::r#type::v1 as pb_type;
use slipway_store::Revision;

use crate::service::{Found, ListedModel};
use crate::state::{Kept, State, etag};

/// An instant on the wire.
pub(super) fn instant(at: Timestamp) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() })
}

/// A number on the wire, which knows only signed ones; none of ours comes near the bound.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn copied(labels: &BTreeMap<String, String>) -> HashMap<String, String> {
    labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn criticality(criticality: &Criticality) -> pb::Criticality {
    let Criticality { tier, reason, evidence_uri } = criticality.clone();
    pb::Criticality { tier: tier.into(), reason, evidence_uri }
}

/// A model type.
#[must_use]
pub fn kept_type(kept: &Kept<ModelType>) -> pb::ModelType {
    model_type(&kept.value, kept.revision)
}

pub(super) fn model_type(value: &ModelType, revision: Revision) -> pb::ModelType {
    let ModelType { name, display_name, description, criticality: tier, labels, created_at, updated_at } = value;
    pb::ModelType {
        name: name.to_string(),
        display_name: display_name.clone(),
        description: description.clone(),
        criticality: tier.as_ref().map(criticality),
        labels: copied(labels),
        create_time: instant(*created_at),
        update_time: instant(*updated_at),
        etag: etag(revision),
    }
}

fn funnel_stage(stage: FunnelStage) -> pb::FunnelStage {
    match stage {
        FunnelStage::Unspecified => pb::FunnelStage::Unspecified,
        FunnelStage::Sourcing => pb::FunnelStage::Sourcing,
        FunnelStage::EarlyRanking => pb::FunnelStage::EarlyRanking,
        FunnelStage::LateRanking => pb::FunnelStage::LateRanking,
    }
}

fn health_policy(policy: HealthPolicy) -> pb::HealthPolicy {
    let HealthPolicy { calibration_tolerance, ne_tolerance, alpha } = policy;
    pb::HealthPolicy { calibration_tolerance, ne_tolerance, alpha }
}

/// A model with what is computed for it.
#[must_use]
pub fn model(listed: &ListedModel, view: pb::View) -> pb::Model {
    let Model {
        name,
        display_name,
        description,
        model_type,
        owner,
        on_call,
        surface,
        funnel_stage: stage,
        business_function,
        predicted_event,
        label_window,
        criticality: tier,
        health_policy: policy,
        labels,
        created_at,
        updated_at,
    } = &*listed.model.value;
    let full = view != pb::View::Basic;
    pb::Model {
        name: name.into(),
        display_name: display_name.clone(),
        description: if full { description.clone() } else { String::new() },
        model_type: model_type.as_ref().map(ToString::to_string).unwrap_or_default(),
        owner: owner.clone(),
        on_call: on_call.clone(),
        surface: surface.clone(),
        funnel_stage: funnel_stage(*stage).into(),
        business_function: business_function.clone(),
        predicted_event: predicted_event.clone(),
        label_window: prost_types::Duration::try_from(*label_window).ok(),
        criticality: tier.as_ref().map(criticality),
        effective_tier: listed.effective_tier.into(),
        health_policy: Some(health_policy(*policy)),
        labels: if full { copied(labels) } else { HashMap::new() },
        create_time: instant(*created_at),
        update_time: instant(*updated_at),
        etag: listed.model.etag(),
        latest_version: signed(listed.latest_version),
    }
}

/// A version.
#[must_use]
pub fn kept_version(kept: &Kept<Version>) -> pb::Version {
    version(&kept.value, kept.revision)
}

pub(super) fn version(value: &Version, revision: Revision) -> pb::Version {
    let Version {
        name,
        display_name,
        description,
        artifact_uri,
        artifact_digest,
        labels,
        quarantine: mark,
        created_at,
        updated_at,
    } = value;
    pb::Version {
        name: name.to_string(),
        display_name: display_name.clone(),
        description: description.clone(),
        artifact_uri: artifact_uri.clone(),
        artifact_digest: artifact_digest.clone(),
        labels: copied(labels),
        quarantine: mark.as_ref().map(quarantine),
        create_time: instant(*created_at),
        update_time: instant(*updated_at),
        etag: etag(revision),
    }
}

fn quarantine(quarantine: &Quarantine) -> pb::Quarantine {
    let Quarantine { reason, started_at } = quarantine;
    pb::Quarantine { reason: reason.clone(), start_time: instant(*started_at) }
}

/// The traffic of `model`, last changed at `found.revision`.
#[must_use]
pub fn traffic(model: &ModelName, found: &Found<Traffic>) -> pb_type::Traffic {
    let Traffic { salt, ranges, generation, epoch, updated_at } = &found.value;
    let range = |range: &slipway_domain::traffic::Range| pb_type::BucketRange {
        start: i32::try_from(range.start).unwrap_or(i32::MAX),
        end: i32::try_from(range.end).unwrap_or(i32::MAX),
        version: range.version.to_string(),
    };
    pb_type::Traffic {
        name: model.traffic(),
        salt: salt.clone(),
        ranges: ranges.iter().map(range).collect(),
        generation: signed(*generation),
        epoch: signed(*epoch),
        update_time: updated_at.and_then(instant),
        etag: etag(found.revision),
    }
}

/// Any resource, last changed at `revision`; what is computed for it is read from `state`.
#[must_use]
pub fn resource(resource: &Resource, revision: Revision, state: &State) -> pb::Resource {
    use pb::resource::Resource as Kind;
    let kind = match resource {
        Resource::ModelType(value) => Kind::ModelType(model_type(value, revision)),
        Resource::Model(value) => {
            let listed = ListedModel {
                model: Kept { value: value.clone().into(), revision },
                effective_tier: state.effective_tier(value),
                latest_version: state.latest_version(&value.name),
            };
            Kind::Model(model(&listed, pb::View::Full))
        }
        Resource::Version(value) => Kind::Version(version(value, revision)),
        Resource::Traffic(name, value) => Kind::Traffic(traffic(name, &Found { value: value.clone(), revision })),
    };
    pb::Resource { resource: Some(kind) }
}
