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
/// `COMPACTED` if it may have changed which models `view` shows, for whoever may not see all of them: the later state does
/// not say which ones it showed before. `ROW_DAMAGED`.
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
        let moves = moves(&entry) || !moved.is_empty();
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
        _ => false,
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
