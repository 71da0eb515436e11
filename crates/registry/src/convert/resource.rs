//! Resources as the wire shows them.

use std::collections::{BTreeMap, HashMap};

use slipway_chassis::Caller;
use slipway_chassis::etag::etag;
use slipway_chassis::scalar::{duration, instant, signed};
use slipway_domain::alias::{Alias, Proposal};
use slipway_domain::ledger::Resource;
use slipway_domain::model::{
    Attestation, Criticality, FunnelStage, HealthPolicy, Model, ModelType, Quarantine, Version,
};
use slipway_domain::name::ModelName;
use slipway_domain::team::Team;
use slipway_domain::tier::Origin;
use slipway_domain::traffic::Traffic;
use slipway_proto::registry::v1 as pb;
use slipway_proto::r#type::v1 as pb_type;
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::namespaces::{namespace, namespace_at};
use super::policies::{policy, policy_at};
use crate::state::{KeptResource, ListedModel, State, TierOrigin};

fn copied(labels: &BTreeMap<String, String>) -> HashMap<String, String> {
    labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

pub(super) fn criticality(criticality: &Criticality) -> pb::Criticality {
    let Criticality { tier, reason, evidence_uri, review_at } = criticality.clone();
    pb::Criticality { tier: tier.into(), reason, evidence_uri, review_time: review_at.map(instant) }
}

/// A model type.
#[must_use]
pub fn model_type(kept: Kept<ModelType>) -> pb::ModelType {
    model_type_at(&kept.value, kept.revision)
}

fn model_type_at(value: &ModelType, revision: Revision) -> pb::ModelType {
    let ModelType { name, display_name, description, criticality: tier, labels, created_at, updated_at, deletion } =
        value;
    pb::ModelType {
        name: name.to_string(),
        display_name: display_name.clone(),
        description: description.clone(),
        criticality: tier.as_ref().map(criticality),
        labels: copied(labels),
        create_time: Some(instant(*created_at)),
        update_time: Some(instant(*updated_at)),
        etag: etag(revision),
        delete_time: deletion.map(|deletion| instant(deletion.at)),
        purge_time: deletion.map(|deletion| instant(deletion.purge_at)),
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
pub fn model(listed: ListedModel, view: pb::View) -> pb::Model {
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
        depends_on,
        health_policy: policy,
        labels,
        created_at,
        updated_at,
        runbook_uri,
        attestation: word,
        deletion,
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
        label_window: duration(*label_window),
        criticality: tier.as_ref().map(criticality),
        effective_tier: listed.effective_tier.into(),
        health_policy: Some(health_policy(*policy)),
        labels: if full { copied(labels) } else { HashMap::new() },
        create_time: Some(instant(*created_at)),
        update_time: Some(instant(*updated_at)),
        etag: etag(listed.model.revision),
        latest_version: signed(listed.latest_version),
        runbook_uri: runbook_uri.clone(),
        attestation: word.as_ref().map(attestation),
        delete_time: deletion.map(|deletion| instant(deletion.at)),
        purge_time: deletion.map(|deletion| instant(deletion.purge_at)),
        depends_on: depends_on.iter().map(String::from).collect(),
        tier_origin: Some(tier_origin(&listed.tier_origin)),
    }
}

fn tier_origin(origin: &TierOrigin) -> pb::TierOrigin {
    let kind = match origin.whose() {
        Origin::Nobody => pb::TierOriginKind::Nobody,
        Origin::Model => pb::TierOriginKind::Model,
        Origin::ModelType(_) => pb::TierOriginKind::ModelType,
        Origin::Dependent { .. } => pb::TierOriginKind::Dependent,
    };
    let source = origin.source().unwrap_or_default();
    pb::TierOrigin { kind: kind.into(), source, via: origin.via().map(String::from).unwrap_or_default() }
}

fn attestation(attestation: &Attestation) -> pb::Attestation {
    let Attestation { principal, at, expires_at } = attestation;
    pb::Attestation {
        principal: principal.to_string(),
        time: Some(instant(*at)),
        expire_time: Some(instant(*expires_at)),
    }
}

/// A team.
#[must_use]
pub fn team(kept: Kept<Team>) -> pb::Team {
    team_at(&kept.value, kept.revision)
}

fn team_at(value: &Team, revision: Revision) -> pb::Team {
    let Team {
        name,
        display_name,
        description,
        contact,
        pager_uri,
        escalation,
        labels,
        created_at,
        updated_at,
        deletion,
    } = value;
    pb::Team {
        name: name.to_string(),
        display_name: display_name.clone(),
        description: description.clone(),
        contact: contact.clone(),
        pager_uri: pager_uri.clone(),
        escalation: escalation.as_ref().map(|team| team.as_str().to_owned()).unwrap_or_default(),
        labels: copied(labels),
        create_time: Some(instant(*created_at)),
        update_time: Some(instant(*updated_at)),
        etag: etag(revision),
        delete_time: deletion.map(|deletion| instant(deletion.at)),
        purge_time: deletion.map(|deletion| instant(deletion.purge_at)),
    }
}

/// An alias.
#[must_use]
pub fn alias(kept: Kept<Alias>) -> pb::Alias {
    alias_at(&kept.value, kept.revision)
}

fn alias_at(value: &Alias, revision: Revision) -> pb::Alias {
    let Alias { name, number: _, protected, proposal, created_at, updated_at } = value;
    pb::Alias {
        name: name.to_string(),
        version: value.version().to_string(),
        create_time: Some(instant(*created_at)),
        update_time: Some(instant(*updated_at)),
        etag: etag(revision),
        protected: *protected,
        proposal: proposal.as_ref().map(|proposal| alias_proposal(&name.model, proposal)),
    }
}

fn alias_proposal(model: &ModelName, proposal: &Proposal) -> pb::AliasProposal {
    let Proposal { number, protected, author, reason, created_at, expires_at } = proposal;
    pb::AliasProposal {
        version: number.map(|number| model.version(number).to_string()).unwrap_or_default(),
        protected: *protected,
        author: author.to_string(),
        reason: reason.clone(),
        create_time: Some(instant(*created_at)),
        expire_time: Some(instant(*expires_at)),
    }
}

/// A version.
#[must_use]
pub fn version(kept: Kept<Version>) -> pb::Version {
    version_at(&kept.value, kept.revision)
}

fn version_at(value: &Version, revision: Revision) -> pb::Version {
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
        deletion,
    } = value;
    pb::Version {
        name: name.to_string(),
        display_name: display_name.clone(),
        description: description.clone(),
        artifact_uri: artifact_uri.clone(),
        artifact_digest: artifact_digest.clone(),
        labels: copied(labels),
        quarantine: mark.as_ref().map(quarantine),
        create_time: Some(instant(*created_at)),
        update_time: Some(instant(*updated_at)),
        etag: etag(revision),
        delete_time: deletion.map(|deletion| instant(deletion.at)),
        purge_time: deletion.map(|deletion| instant(deletion.purge_at)),
    }
}

fn quarantine(quarantine: &Quarantine) -> pb::Quarantine {
    let Quarantine { reason, started_at } = quarantine;
    pb::Quarantine { reason: reason.clone(), start_time: Some(instant(*started_at)) }
}

/// The traffic of `model`.
#[must_use]
pub fn traffic(model: &ModelName, kept: Kept<Traffic>) -> pb_type::Traffic {
    traffic_at(model, &kept.value, kept.revision)
}

fn traffic_at(model: &ModelName, value: &Traffic, revision: Revision) -> pb_type::Traffic {
    let Traffic { salt, ranges, generation, epoch, updated_at } = value;
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
        update_time: updated_at.map(instant),
        etag: etag(revision),
    }
}

/// Any resource, last changed at `revision`; what is computed for it is read from `state`, as far as `caller` may know it.
#[must_use]
pub fn resource(resource: &Resource, revision: Revision, (caller, state): (&Caller, &State)) -> pb::Resource {
    use pb::resource::Resource as Kind;
    let kind = match resource {
        Resource::ModelType(value) => Kind::ModelType(model_type_at(value, revision)),
        Resource::Model(value) => {
            let listed = state.listed(Kept::new(value.clone(), revision)).shown_to(&caller.granted.grant, state);
            Kind::Model(model(listed, pb::View::Full))
        }
        Resource::Version(value) => Kind::Version(version_at(value, revision)),
        Resource::Traffic(name, value) => Kind::Traffic(traffic_at(name, value, revision)),
        Resource::Team(value) => Kind::Team(team_at(value, revision)),
        Resource::Alias(value) => Kind::Alias(alias_at(value, revision)),
        Resource::Namespace(value) => Kind::Namespace(namespace_at(value, revision)),
        Resource::Policy(value) => Kind::Policy(policy_at(value, revision)),
    };
    pb::Resource { resource: Some(kind) }
}

/// Any resource as it is kept.
#[must_use]
pub fn kept(resource: KeptResource) -> pb::Resource {
    use pb::resource::Resource as Kind;
    let kind = match resource {
        KeptResource::ModelType(kept) => Kind::ModelType(model_type(kept)),
        KeptResource::Model(listed) => Kind::Model(model(listed, pb::View::Full)),
        KeptResource::Version(kept) => Kind::Version(version(kept)),
        KeptResource::Traffic(model, kept) => Kind::Traffic(traffic(&model, kept)),
        KeptResource::Team(kept) => Kind::Team(team(kept)),
        KeptResource::Alias(kept) => Kind::Alias(alias(kept)),
        KeptResource::Namespace(kept) => Kind::Namespace(namespace(kept)),
        KeptResource::Policy(kept) => Kind::Policy(policy(kept)),
    };
    pb::Resource { resource: Some(kind) }
}
