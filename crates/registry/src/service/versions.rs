//! Versions, and the quarantine of their artifacts.

use std::collections::BTreeMap;

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_chassis::record;
use slipway_domain::access::Subject;
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Model, Quarantine, Version};
use slipway_domain::name::{Identifier, ModelName, VersionName};
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::access::check_model;
use super::commit::{Draft, Replaced};
use super::list::{Itself, shown};
use super::model_types::label;
use super::past::Sight;
use super::print::Print;
use super::standard::{Delete, NAMED_HOLDERS, changed, check_alive, copied, not_found, typed};
use super::{ListQuery, Listed, Registry, Update};
use crate::kind::{Kind, Rules, Seen};
use crate::state::State;
use crate::{Error, keys};

impl Rules for Version {
    type Name = VersionName;

    fn blank(name: &VersionName) -> Self {
        Self {
            name: name.clone(),
            display_name: String::new(),
            description: String::new(),
            artifact_uri: String::new(),
            artifact_digest: String::new(),
            labels: BTreeMap::new(),
            quarantine: None,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
            deletion: None,
        }
    }

    fn check(&self, check: &mut Check) {
        Self::check(self, check);
    }

    fn check_references(&self, _: Option<&Self>, _: (&Caller, &State), _: &mut Check) -> Seen {
        vec![]
    }

    fn nobodys<'a>(name: &'a VersionName, state: &'a State) -> Subject<'a> {
        state.subject(&name.model)
    }

    fn subject<'a>(&'a self, state: &'a State) -> Subject<'a> {
        state.subject(&self.name.model)
    }

    fn parent(_: &VersionName) -> Option<&Identifier> {
        None
    }

    fn holders(name: &VersionName, state: &State) -> Vec<String> {
        let traffic = state.traffic.get(&name.model);
        let serves = traffic.is_some_and(|kept| kept.value.ranges.iter().any(|range| range.version == *name));
        let aliases = state.aliases_of(&name.model).filter(|kept| kept.value.number == name.number);
        let aliases = aliases.map(|kept| kept.value.name.to_string());
        serves.then(|| name.model.traffic()).into_iter().chain(aliases).take(NAMED_HOLDERS).collect()
    }
}

fn found(state: &State, name: &VersionName) -> Result<Kept<Version>, Error> {
    state.versions.get(name).cloned().ok_or_else(|| not_found(name))
}

/// A model that is there and not deleted.
pub(super) fn living<'a>(state: &'a State, model: &ModelName) -> Result<&'a Kept<Model>, Error> {
    let kept = state.models.get(model).ok_or_else(|| not_found(model))?;
    check_alive(&*kept.value)?;
    Ok(kept)
}

/// How a digest of a namespace is called among the quarantines.
pub(super) fn digest_key(version: &Version) -> String {
    format!("{}/{}", version.name.model.namespace.as_str(), version.artifact_digest)
}

impl Registry {
    /// Creates a version of `model`: with the number that `wanted` has, or with the next one if that is 0. What `wanted`
    /// says of times and quarantine is not looked at.
    ///
    /// # Errors
    /// `NOT_FOUND` if there is no such model; `INVALID_FIELDS` for a number that may have been given out before.
    pub async fn create_version(&self, intent: &Intent, wanted: Version) -> Result<Kept<Version>, Error> {
        let print = intent.fingerprint("CreateVersion", &[&Print(&wanted)]);
        typed(self.mutate(intent, print, |state| self.next_version(state, intent, &wanted)).await?)
    }

    fn next_version(&self, state: &State, intent: &Intent, wanted: &Version) -> Result<Draft, Error> {
        let model = &wanted.name.model;
        check_model(&intent.caller, state, model)?;
        let parent = living(state, model)?;
        let counter = state.latest.get(model);
        let latest = counter.map_or(0, |kept| *kept.value);
        let number = if wanted.name.number == 0 { latest + 1 } else { wanted.name.number };
        if number <= latest {
            let told = format!("is {number}, and numbers are never given again: the newest is {latest}");
            return Err(Error::invalid("version_number", "NUMBER_GIVEN", told));
        }
        let quarantine = state.quarantines.get(&digest_key(wanted));
        let now = self.env.now();
        let created = Version {
            name: model.version(number),
            quarantine: quarantine.map(|kept| (*kept.value).clone()),
            created_at: now,
            updated_at: now,
            ..wanted.clone()
        };
        let quarantine_key = keys::quarantine(&model.namespace, &created.artifact_digest);
        let mut draft = Draft::create(Resource::Version(created));
        draft.compares.push((keys::resource(&model.to_string()), parent.revision));
        draft.compares.push((keys::latest(model), counter.map_or(0, |kept| kept.revision)));
        draft.compares.push((quarantine_key, quarantine.map_or(0, |kept| kept.revision)));
        draft.rows.push((keys::latest(model), record::encode(&number)));
        Ok(draft)
    }

    /// Returns a version.
    ///
    /// # Errors
    /// `NOT_FOUND`; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn get_version(&self, caller: &Caller, name: &VersionName, as_of: AsOf) -> Result<Kept<Version>, Error> {
        let check = |state: &State| check_model(caller, state, &name.model);
        let read = |state: &State, _| found(state, name);
        let place = (&name.model.namespace, name.to_string());
        let pick = |resource| Version::of_resource(resource).ok();
        self.one_as_of((caller, as_of), (place.0, &place.1), pick, self.read_as_of(as_of, check, read)).await
    }

    /// Lists the versions of a model, or of all models if the parent says so with `-`.
    ///
    /// # Errors
    /// `NOT_FOUND` if there is no such model; `INVALID_FIELDS` for a filter, an order or a token that is not
    /// understood; `PAGE_TOKEN_EXPIRED`; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn list_versions(&self, caller: &Caller, query: &ListQuery) -> Result<Listed<Kept<Version>>, Error> {
        let one = ModelName::parse(&query.parent).ok();
        if let Some(model) = &one {
            self.check_parent(caller, model, query.as_of).await?;
        }
        let select = |sight: &Sight<'_>| match &one {
            // The pages may be of an older picture, in which the model was another team's.
            Some(model) if !sight.below(model) => Vec::new(),
            Some(model) => {
                let versions = sight.state.versions_of(model);
                versions.filter(|kept| shown(&*kept.value, query)).cloned().map(Itself).collect()
            }
            None => {
                let inside = |kept: &&Kept<Version>| {
                    let model = &kept.value.name.model;
                    any_model(&query.parent, model)
                        && shown(&*kept.value, query)
                        && sight.state.models.get(model).is_some_and(|model| shown(&*model.value, query))
                        && sight.below(model)
                };
                sight.state.versions.values().filter(inside).cloned().map(Itself).collect()
            }
        };
        self.list(caller, "ListVersions", query, select).await.map(Listed::kept)
    }

    /// Makes sure that the model whose parts are listed is there, for a caller who may see it.
    pub(super) async fn check_parent(&self, caller: &Caller, model: &ModelName, as_of: AsOf) -> Result<(), Error> {
        let there = |state: &State, _| {
            if state.models.contains_key(model) { Ok(()) } else { Err(not_found(model)) }
        };
        self.read_as_of(as_of, |state| check_model(caller, state, model), there).await
    }

    /// Changes the masked fields of a version.
    ///
    /// # Errors
    /// `NOT_FOUND`, `DELETED`, `ETAG_MISMATCH`, `INVALID_FIELDS` for unknown fields, or for artifact or digest.
    pub async fn update_version(&self, intent: &Intent, update: Update<Version>) -> Result<Kept<Version>, Error> {
        self.update(intent, update, |_, wanted| Err(not_found(&wanted.name))).await
    }

    /// Deletes a version. Its number is never given again.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `IN_USE` while it serves or an alias names it.
    pub async fn delete_version(&self, intent: &Intent, delete: &Delete<VersionName>) -> Result<Kept<Version>, Error> {
        self.delete(intent, delete).await
    }

    /// Takes the deletion of a version back.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `ALREADY_EXISTS`.
    pub async fn undelete_version(&self, intent: &Intent, asked: (&VersionName, &str)) -> Result<Kept<Version>, Error> {
        self.undelete(intent, asked).await
    }

    /// Returns several versions of one revision.
    ///
    /// # Errors
    /// `NOT_FOUND` for the first that is not there; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn batch_get_versions(
        &self,
        caller: &Caller,
        names: &[VersionName],
        as_of: AsOf,
    ) -> Result<(Vec<Kept<Version>>, Revision), Error> {
        let check = |state: &State| names.iter().try_for_each(|name| check_model(caller, state, &name.model));
        let read = |state: &State, revision| {
            Ok((names.iter().map(|name| found(state, name)).collect::<Result<_, Error>>()?, revision))
        };
        self.read_as_of(as_of, check, read).await
    }

    /// Marks every version of the namespace that has this one's digest as not to be launched. A second time changes
    /// nothing.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn quarantine_version(&self, intent: &Intent, name: &VersionName) -> Result<Kept<Version>, Error> {
        let print = intent.fingerprint("QuarantineVersion", &[name, &intent.reason]);
        typed(self.mutate(intent, print, |state| self.quarantine(state, intent, name)).await?)
    }

    fn quarantine(&self, state: &State, intent: &Intent, name: &VersionName) -> Result<Draft, Error> {
        check_model(&intent.caller, state, &name.model)?;
        let named = state.versions.get(name).ok_or_else(|| not_found(name))?;
        let mut draft = changed(named, (*named.value).clone(), vec![]);
        if named.value.quarantine.is_some() {
            return Ok(draft);
        }
        let now = self.env.now();
        let quarantine = Quarantine { reason: intent.reason.clone(), started_at: now };
        let key = keys::quarantine(&name.model.namespace, &named.value.artifact_digest);
        // A version created meanwhile would escape the mark; the digest's row makes such a race a conflict.
        draft.compares.push((key.clone(), state.quarantines.get(&digest_key(&named.value)).map_or(0, |k| k.revision)));
        draft.rows.push((key, record::encode(&quarantine)));
        let same = |kept: &&Kept<Version>| digest_key(&kept.value) == digest_key(&named.value);
        for kept in state.versions.values().filter(same) {
            let marked = Version { quarantine: Some(quarantine.clone()), updated_at: now, ..(*kept.value).clone() };
            if marked.name == *name {
                draft.answer = vec![Resource::Version(marked.clone())];
            }
            draft.compares.push((keys::resource(&marked.name.to_string()), kept.revision));
            let (before, after) = (Some(copied(kept)), Some(Resource::Version(marked)));
            draft.changes.push(Replaced { before, after, fields: vec!["quarantine"] });
        }
        Ok(draft)
    }
}

/// Whether `parent`, in which `-` stands for any part, takes in `model`.
pub(crate) fn any_model(parent: &str, model: &ModelName) -> bool {
    let fits = |wanted: &str, part: &str| wanted == "-" || wanted == part;
    match parent.split('/').collect::<Vec<_>>()[..] {
        ["namespaces", namespace, "models", id] => {
            fits(namespace, model.namespace.as_str()) && fits(id, model.model.as_str())
        }
        _ => false,
    }
}

impl Fields for Itself<Version> {
    const PATHS: &'static [&'static str] = &[
        "name",
        "number",
        "display_name",
        "description",
        "artifact_uri",
        "artifact_digest",
        "quarantine.reason",
        "labels.",
        "create_time",
        "update_time",
    ];

    fn field(&self, path: &str) -> Field<'_> {
        let value = &self.0.value;
        match path {
            "name" => Field::Text(value.name.to_string().into()),
            "number" => Field::Number(value.name.number as f64),
            "display_name" => Field::Text(value.display_name.as_str().into()),
            "description" => Field::Text(value.description.as_str().into()),
            "artifact_uri" => Field::Text(value.artifact_uri.as_str().into()),
            "artifact_digest" => Field::Text(value.artifact_digest.as_str().into()),
            "quarantine.reason" => match &value.quarantine {
                Some(quarantine) => Field::Text(quarantine.reason.as_str().into()),
                None => Field::Absent,
            },
            "create_time" => Field::Number(value.created_at.as_second() as f64),
            "update_time" => Field::Number(value.updated_at.as_second() as f64),
            path => label(&value.labels, path),
        }
    }
}
