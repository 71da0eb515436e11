//! Counts of models, and the page for whoever is paged: what is asked, and what is answered.

use slipway_chassis::Caller;
use slipway_chassis::scalar::signed;
use slipway_domain::coverage::Coverage;
use slipway_domain::name::ModelName;
use slipway_domain::triage::Safety;
use slipway_proto::registry::v1 as pb;

use super::answer::change;
use super::question::{as_of, check_parent};
use super::resource::{alias, criticality, model, team, traffic, version};
use crate::Error;
use crate::service::{Aggregate, Aggregated, Group, Triage, Triaged};
use crate::state::State;

/// How many of the last changes are told when nobody says.
const USUAL_CHANGES: i32 = 10;
/// The most that are told.
const MOST_CHANGES: i32 = 100;

/// Reads a request for counts.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is no namespace, or a moment that is said twice.
pub fn aggregate_models(request: pb::AggregateModelsRequest) -> Result<Aggregate, Error> {
    let pb::AggregateModelsRequest { parent, filter, group_by, read_revision, read_time } = request;
    check_parent(&parent)?;
    Ok(Aggregate { parent, filter, group_by, as_of: as_of(read_revision, read_time)? })
}

/// Counts.
#[must_use]
pub fn aggregated(found: Aggregated) -> pb::AggregateModelsResponse {
    let Aggregated { groups, count, total, revision } = found;
    let group = |Group { values, coverage: found }| pb::ModelGroup { values, coverage: Some(coverage(&found)) };
    pb::AggregateModelsResponse {
        groups: groups.into_iter().map(group).collect(),
        group_count: signed(count as u64),
        total: Some(coverage(&total)),
        revision: signed(revision),
    }
}

fn coverage(found: &Coverage) -> pb::Coverage {
    let Coverage { models, live_owner, on_call, evidence, serving, rollback_target } = *found;
    pb::Coverage {
        models: signed(models),
        live_owner: signed(live_owner),
        on_call: signed(on_call),
        evidence: signed(evidence),
        serving: signed(serving),
        rollback_target: signed(rollback_target),
        score: found.score(),
    }
}

/// Reads a request about a model in trouble.
///
/// # Errors
/// [`Error::Invalid`] if the name is none, for too many changes, or a moment that is said twice.
pub fn triage_model(request: pb::TriageModelRequest) -> Result<Triage, Error> {
    let pb::TriageModelRequest { name, change_count, read_revision, read_time } = request;
    let refused = |error: slipway_domain::name::Error| Error::invalid("name", "NOT_A_NAME", error.to_string());
    let name = ModelName::parse(&name).map_err(refused)?;
    let asked = change_count.unwrap_or(USUAL_CHANGES);
    let wanted = || format!("is {asked}; it must be 0 to {MOST_CHANGES}");
    let changes = usize::try_from(asked).ok().filter(|_| asked <= MOST_CHANGES);
    let changes = changes.ok_or_else(|| Error::invalid("change_count", "OUT_OF_BOUNDS", wanted()))?;
    Ok(Triage { name, changes, as_of: as_of(read_revision, read_time)? })
}

/// What is known about a model in trouble; what is computed for the resources of its changes is read from `state`.
#[must_use]
pub fn triaged(found: Triaged, reader: (&Caller, &State)) -> pb::TriageModelResponse {
    let name = found.model.model.value.name.clone();
    let source = |(resource, said): &(String, _)| pb::TierSource {
        resource: resource.clone(),
        criticality: Some(criticality(said)),
    };
    let (answer, reasons) = found.turn_off;
    pb::TriageModelResponse {
        tier_sources: found.tier_sources.iter().map(source).collect(),
        model: Some(model(found.model, pb::View::Full)),
        owner: found.owner.map(team),
        on_call: found.on_call.map(team),
        escalation: found.escalation.into_iter().map(team).collect(),
        traffic: found.traffic.map(|kept| traffic(&name, kept)),
        serving: found.serving.into_iter().map(version).collect(),
        rollback_target: found.rollback_target.map(|name| name.to_string()).unwrap_or_default(),
        aliases: found.aliases.into_iter().map(alias).collect(),
        changes: found.changes.iter().map(|entry| change(entry, reader)).collect(),
        turn_off: Some(pb::TurnOff { safety: safety(answer).into(), reasons }),
        revision: signed(found.revision),
    }
}

fn safety(safety: Safety) -> pb::Safety {
    match safety {
        Safety::Safe => pb::Safety::Safe,
        Safety::Unsafe => pb::Safety::Unsafe,
        Safety::Unknown => pb::Safety::Unknown,
    }
}
