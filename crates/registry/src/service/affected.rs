//! Which models a change of another may have moved to another effective tier, for whoever watches those.

use std::collections::BTreeSet;

use slipway_domain::dependencies::reached;
use slipway_domain::ledger::Resource;
use slipway_domain::model::ModelType;
use slipway_domain::name::ModelName;

use crate::state::State;

/// The models that a change may have moved.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Affected<'a> {
    /// These.
    Models(BTreeSet<&'a ModelName>),
    /// More than one message holds.
    TooMany,
}

/// What a change from `before` to `after` may have moved, but for what was changed itself; at most `most` models. It is
/// found along the dependencies as `state` has them: where they were others at that revision, their own change tells the
/// rest.
pub(super) fn affected<'a>(
    state: &'a State,
    (before, after): (Option<&'a Resource>, Option<&'a Resource>),
    most: usize,
) -> Affected<'a> {
    let starts: Vec<&ModelName> = match (before, after) {
        (Some(Resource::Model(before)), Some(Resource::Model(after))) if before.weighs_other_than(after) => {
            before.dependencies().union(after.dependencies()).collect()
        }
        (None, Some(Resource::Model(model))) | (Some(Resource::Model(model)), None) => {
            model.dependencies().iter().collect()
        }
        (Some(Resource::ModelType(before)), Some(Resource::ModelType(after))) if tier(before) != tier(after) => {
            state.models_of(&after.name).map(|model| &model.name).collect()
        }
        _ => vec![],
    };
    let dependencies = |name: &ModelName| state.models.get(name).map(|kept| kept.value.dependencies());
    reached(starts, most, dependencies).map_or(Affected::TooMany, Affected::Models)
}

fn tier(kind: &ModelType) -> Option<u8> {
    kind.criticality.as_ref().map(|said| said.tier)
}
