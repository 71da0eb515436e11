//! What a revision changed, as its entries in the ledger say it: for watchers that are further behind than the newest
//! revisions, which are kept.

use slipway_chassis::record;
use slipway_domain::ledger::{Change, Resource};
use slipway_domain::name::ModelName;
use slipway_store::picture::Kept;
use slipway_store::{Commit, Revision};

use super::view::View;
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
        if moves(&entry)
            && entry.after.as_ref().is_some_and(|after| !view.is_whole(after.namespace().namespace.as_str()))
        {
            return Err(Error::Compacted { oldest: commit.revision });
        }
        if let (Some(Resource::ModelType(before)), Some(Resource::ModelType(after))) = (&entry.before, &entry.after)
            && before.criticality != after.criticality
        {
            let typed = state.models.values().filter(|kept| kept.value.model_type.as_ref() == Some(&after.name));
            changes.extend(typed.map(|kept| computed(&state.listed(kept.clone()))));
        }
        changes.push(changed(name, &entry, (state, commit.revision)));
    }
    changes.sort_by(|one, other| (&one.name, one.differs).cmp(&(&other.name, other.differs)));
    // What was changed itself comes first, and says all.
    changes.dedup_by(|later, first| later.name == first.name);
    Ok(Told { revision: commit.revision, changes })
}

/// Whether a change may take models into a view, or out of it.
fn moves(entry: &Change) -> bool {
    match (&entry.before, &entry.after) {
        (Some(Resource::Model(before)), Some(Resource::Model(after))) => {
            let moving = |model: &slipway_domain::model::Model| {
                let tier = model.criticality.as_ref().map(|criticality| criticality.tier);
                (model.owner.clone(), model.model_type.clone(), tier)
            };
            moving(before) != moving(after)
        }
        (Some(Resource::ModelType(before)), Some(Resource::ModelType(after))) => {
            let tier = |model_type: &slipway_domain::model::ModelType| {
                model_type.criticality.as_ref().map(|criticality| criticality.tier)
            };
            tier(before) != tier(after)
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
    }
}
