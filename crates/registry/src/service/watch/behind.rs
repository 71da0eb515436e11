//! What a revision changed, as its entries in the ledger say it: for watchers that are further behind than the newest
//! revisions, which are kept.

use slipway_chassis::record;
use slipway_domain::ledger::{Change, Resource};
use slipway_domain::name::ModelName;
use slipway_store::picture::Kept;
use slipway_store::{Commit, Revision};

use super::MOST;
use super::view::View;
use crate::service::affected::{Affected, affected};
use crate::state::{Changed, Differs, KeptResource, ListedModel, State, Told};
use crate::{Error, keys};

/// What `commit` changed, and what it does to what is computed; that and whose a model is, is read from the later `state`.
///
/// # Errors
/// `COMPACTED` if it may have changed which models `view` shows, or is of a model that is forgotten since, for whoever
/// may not see all of them: the later state does not say which ones it showed before. `ROW_DAMAGED`.
pub(super) fn told(commit: &Commit, state: &State, view: &View) -> Result<Told, Error> {
    let mut changes = Vec::new();
    for change in &commit.changes {
        let (key, Some(value)) = (change.key(), change.value()) else { continue };
        if let Some(model) = keys::latest_model(key) {
            let model = ModelName::parse(model).ok();
            changes.extend(model.and_then(|model| state.listed_model(&model)).map(|listed| computed(&listed)));
        }
        let Some(name) = keys::ledger_resource(key) else { continue };
        let entry: Change = record::decode(value).map_err(|error| Error::damaged(key, &error))?;
        let moved = match affected(state, (entry.before.as_ref(), entry.after.as_ref()), MOST) {
            Affected::Models(models) => models,
            Affected::TooMany => return Err(Error::Compacted { oldest: commit.revision }),
        };
        let namespace = entry.resource().map(|resource| resource.namespace().namespace);
        let is_forgotten = |model: &ModelName| !state.models.contains_key(model);
        let is_nobodys = view.takes_in(name) && entry.resource().and_then(model_of).is_some_and(is_forgotten);
        let moves = moves(&entry) || is_nobodys || !moved.is_empty();
        if moves && namespace.is_some_and(|namespace| !view.is_whole(namespace.as_str())) {
            return Err(Error::Compacted { oldest: commit.revision });
        }
        changes.extend(moved.into_iter().filter_map(|model| state.listed_model(model)).map(|listed| computed(&listed)));
        changes.push(changed(name, &entry, (state, commit.revision)));
    }
    changes.sort_by(|one, other| (&one.name, one.differs).cmp(&(&other.name, other.differs)));
    // What was changed itself comes first, and says all.
    changes.dedup_by(|later, first| later.name == first.name);
    Ok(Told { revision: commit.revision, changes })
}

/// Whether a change may take the model that it is of into a view, or out of it.
fn moves(entry: &Change) -> bool {
    match (&entry.before, &entry.after) {
        (Some(Resource::Model(before)), Some(Resource::Model(after))) => {
            before.owner != after.owner || before.weighs_other_than(after)
        }
        // Who has the name later need not be who had it.
        (Some(Resource::Model(_)), None) => true,
        _ => false,
    }
}

/// The model that a resource is or belongs to.
fn model_of(resource: &Resource) -> Option<&ModelName> {
    match resource {
        Resource::Model(model) => Some(&model.name),
        Resource::Version(version) => Some(&version.name.model),
        Resource::Traffic(model, _) => Some(model),
        Resource::Alias(alias) => Some(&alias.name.model),
        Resource::ModelType(_) | Resource::Team(_) | Resource::Namespace(_) | Resource::Policy(_) => None,
    }
}

fn changed(name: &str, entry: &Change, (state, revision): (&State, Revision)) -> Changed {
    let kept = |resource: &Option<Resource>, revision| resource.clone().map(|one| keep(one, revision, state));
    // The revision before is not known, and not told.
    let (before, after) = (kept(&entry.before, 0), kept(&entry.after, revision));
    let model = |kept: &Option<KeptResource>| match kept {
        Some(KeptResource::Model(listed)) => Some(listed.clone()),
        Some(other) => other.model().and_then(|model| state.listed_model(model)),
        None => None,
    };
    let (model_before, model_after) = (model(&before), model(&after));
    Changed { name: name.to_owned(), before, after, model_before, model_after, differs: Differs::Itself }
}

fn computed(listed: &ListedModel) -> Changed {
    let kept = KeptResource::Model(listed.clone());
    Changed {
        name: kept.name(),
        before: Some(kept.clone()),
        after: Some(kept),
        model_before: Some(listed.clone()),
        model_after: Some(listed.clone()),
        differs: Differs::Computed,
    }
}

fn keep(resource: Resource, revision: Revision, state: &State) -> KeptResource {
    match resource {
        Resource::ModelType(value) => KeptResource::ModelType(Kept::new(value, revision)),
        Resource::Model(value) => KeptResource::Model(state.listed(Kept::new(value, revision))),
        Resource::Version(value) => KeptResource::Version(Kept::new(value, revision)),
        Resource::Traffic(model, value) => KeptResource::Traffic(model, Kept::new(value, revision)),
        Resource::Team(value) => KeptResource::Team(Kept::new(value, revision)),
        Resource::Alias(value) => KeptResource::Alias(Kept::new(value, revision)),
        Resource::Namespace(value) => KeptResource::Namespace(Kept::new(value, revision)),
        Resource::Policy(value) => KeptResource::Policy(Kept::new(value, revision)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use slipway_domain::access::{Grant, Scope as Part};
    use slipway_domain::model::{Model, Version};
    use slipway_domain::principal::Principal;
    use uuid::Uuid;

    use super::*;
    use crate::kind::Rules;
    use crate::service::watch::{Scope, Views};

    /// What somebody sees who may see what `teams` own, or everything if there are none.
    fn view(teams: Option<&str>) -> std::sync::Arc<View> {
        let mut caller = slipway_chassis::caller(&tonic::Request::new(()));
        let teams = teams.map(|team| BTreeSet::from([team.to_owned()]));
        caller.granted.grant = Grant::new(vec![Part { teams, ..Part::default() }]);
        Views::default().view(&caller, &Scope::default()).unwrap()
    }

    /// The commit that forgot a version of `model` for good.
    fn forgotten(model: &ModelName) -> Commit {
        let version = Version::blank(&model.version(1));
        let name = version.name.to_string();
        let change = Change {
            principal: Principal::anonymous(),
            at: jiff::Timestamp::UNIX_EPOCH,
            reason: String::new(),
            request_id: String::new(),
            changed_fields: vec![],
            before: Some(Resource::Version(version)),
            after: None,
        };
        let (key, value) = (keys::ledger(&name, Uuid::from_u128(7)), record::encode(&change).into());
        Commit { revision: 7, changes: vec![slipway_store::Change::Put { key, value }] }
    }

    #[test]
    fn who_does_not_see_everything_begins_anew_where_it_is_not_known_any_more_whose_something_was() {
        let name = ModelName::parse("namespaces/default/models/m").unwrap();
        let commit = forgotten(&name);
        let mut state = State::default();
        assert!(matches!(told(&commit, &state, &view(Some("ads"))), Err(Error::Compacted { oldest: 7 })));
        assert_eq!(told(&commit, &state, &view(None)).unwrap().changes.len(), 1);
        state.put_resource(Resource::Model(Model { owner: "ads".to_owned(), ..Model::blank(&name) }), 1);
        state.made();
        assert_eq!(told(&commit, &state, &view(Some("ads"))).unwrap().changes.len(), 1);
    }
}
