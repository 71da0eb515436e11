//! Models.

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::{Permission, Subject};
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::dependencies;
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Attestation, Model};
use slipway_domain::name::{Identifier, ModelName, TeamName};
use slipway_domain::traffic::Traffic;
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::access::check_model;
use super::commit::{Draft, Replaced};
use super::list::{namespace_matches, shown};
use super::past::Sight;
use super::print::Print;
use super::standard::{Delete, NAMED_HOLDERS, check_alive, not_found, permitted, typed};
use super::teams::check_team;
use super::{ListQuery, Listed, Registry, Update};
use crate::kind::{Rules, Seen};
use crate::state::{ListedModel, State};
use crate::{Error, keys};

/// The model of that name, with what is computed for it, as `caller` may know it.
fn found(state: &State, caller: &Caller, name: &ModelName) -> Result<ListedModel, Error> {
    let listed = state.listed_model(name).ok_or_else(|| not_found(name))?;
    Ok(listed.shown_to(&caller.granted.grant, state))
}

impl Rules for Model {
    type Name = ModelName;

    fn blank(name: &ModelName) -> Self {
        Self::blank(name)
    }

    fn check(&self, check: &mut Check) {
        Self::check(self, check);
    }

    fn check_references(&self, before: Option<&Self>, (caller, state): (&Caller, &State), check: &mut Check) -> Seen {
        let mut seen = check_dependencies_are_there(self, before, (caller, state), check);
        let teams = [
            ("model.owner", &self.owner, before.map(|b| &b.owner)),
            ("model.on_call", &self.on_call, before.map(|b| &b.on_call)),
        ];
        for (field, id, before) in teams {
            if before == Some(id) {
                continue;
            }
            // One that is no identifier is noted as such already.
            if let Ok(team) = Identifier::parse(id) {
                let name = TeamName { namespace: self.name.namespace.clone(), team };
                seen.extend(check_team(check, state, field, &name));
            }
        }
        if let Some(name) =
            self.model_type.as_ref().filter(|name| before.and_then(|b| b.model_type.as_ref()) != Some(name))
        {
            match state.model_types.get(name).filter(|kept| kept.value.deletion.is_none()) {
                Some(kept) => seen.push((keys::resource(&name.to_string()), kept.revision)),
                None => {
                    check.add("model.model_type", "NO_SUCH_MODEL_TYPE", format!("there is no {name}; create it first"))
                }
            }
        }
        seen
    }

    fn nobodys<'a>(name: &'a ModelName, _: &'a State) -> Subject<'a> {
        Subject { namespace: name.namespace.as_str(), team: None, tier: None }
    }

    fn subject<'a>(&'a self, state: &'a State) -> Subject<'a> {
        state.model_subject(self)
    }

    fn parent(name: &ModelName) -> Option<&Identifier> {
        Some(&name.namespace)
    }

    fn holders(name: &ModelName, state: &State) -> Vec<String> {
        let serves = state.traffic.get(name).is_some_and(|kept| !kept.value.ranges.is_empty());
        let dependents = state.tiers.dependents(name).map(ToString::to_string);
        serves.then(|| name.traffic()).into_iter().chain(dependents).take(NAMED_HOLDERS).collect()
    }
}

/// Notes which of what a model newly depends on is not there, or can't be seen by who asks: both in the same words.
fn check_dependencies_are_there(
    model: &Model,
    before: Option<&Model>,
    (caller, state): (&Caller, &State),
    check: &mut Check,
) -> Seen {
    let mut seen = Seen::new();
    let had = |name: &ModelName| before.is_some_and(|before| before.depends_on.contains(name));
    // What has faults of its own, as too many of them, is noted as such already.
    let new = model.depends_on.iter().filter(|name| !had(name) && **name != model.name).take(dependencies::MOST);
    for name in new {
        let living = |kept: &&Kept<Model>| kept.value.deletion.is_none();
        let visible = caller.may(Permission::ReadModels, &state.subject(name));
        match state.models.get(name).filter(living).filter(|_| visible) {
            Some(kept) => seen.push((keys::resource(&name.to_string()), kept.revision)),
            None => check.add("model.depends_on", "NO_SUCH_MODEL", format!("there is no {name}; create it first")),
        }
    }
    seen
}

impl Registry {
    /// Creates a model with empty traffic and a salt of its own.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`, `DELETED`; `INVALID_FIELDS` if a team or the type that it names is not there.
    pub async fn create_model(&self, intent: &Intent, wanted: Model) -> Result<ListedModel, Error> {
        let print = intent.fingerprint("CreateModel", &[&Print(&wanted)]);
        let done = self.mutate(intent, print, |state| self.model_with_traffic(state, intent, &wanted)).await?;
        Ok(self.complete(&intent.caller, typed(done)?))
    }

    fn model_with_traffic(&self, state: &State, intent: &Intent, wanted: &Model) -> Result<Draft, Error> {
        let mut draft = self.created(state, intent, wanted)?;
        let traffic = Traffic::new(self.env.new_id().simple().to_string());
        let after = Some(Resource::Traffic(wanted.name.clone(), traffic));
        draft.changes.push(Replaced { before: None, after, fields: vec![] });
        Ok(draft)
    }

    /// Returns a model.
    ///
    /// # Errors
    /// `NOT_FOUND`; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn get_model(&self, caller: &Caller, name: &ModelName, as_of: AsOf) -> Result<ListedModel, Error> {
        let check = |state: &State| check_model(caller, state, name);
        let found = self.read_as_of(as_of, check, |state, _| found(state, caller, name)).await?;
        Ok(found.shown_to(&caller.granted.grant, &self.feed.look()))
    }

    /// Returns several models of one revision.
    ///
    /// # Errors
    /// `NOT_FOUND` for the first that is not there; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn batch_get_models(
        &self,
        caller: &Caller,
        names: &[ModelName],
        as_of: AsOf,
    ) -> Result<(Vec<ListedModel>, Revision), Error> {
        let check = |state: &State| names.iter().try_for_each(|name| check_model(caller, state, name));
        let read = |state: &State, revision| {
            let one = |name| Ok(found(state, caller, name)?.shown_to(&caller.granted.grant, &self.feed.look()));
            let found = names.iter().map(one).collect::<Result<_, Error>>()?;
            Ok((found, revision))
        };
        self.read_as_of(as_of, check, read).await
    }

    /// Lists the models of a namespace.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter, an order or a token that is not understood; `PAGE_TOKEN_EXPIRED`; `REVISION_AHEAD`,
    /// `TIME_AHEAD`, `TOO_OLD`.
    pub async fn list_models(&self, caller: &Caller, query: &ListQuery) -> Result<Listed<ListedModel>, Error> {
        let select = |sight: &Sight<'_>| {
            let inside = |kept: &&Kept<Model>| {
                namespace_matches(&query.parent, kept.value.name.namespace.as_str())
                    && shown(&*kept.value, query)
                    && sight.model(&kept.value)
            };
            let models = sight.state.models.values().filter(inside);
            models.map(|kept| sight.listed(kept.clone())).collect()
        };
        self.list(caller, "ListModels", query, select).await
    }

    /// Changes the masked fields of a model.
    ///
    /// # Errors
    /// `NOT_FOUND`, `DELETED`, `ETAG_MISMATCH`, `INVALID_FIELDS` for a mask with unknown fields or a result that is not
    /// valid.
    pub async fn update_model(&self, intent: &Intent, update: Update<Model>) -> Result<ListedModel, Error> {
        let create = |state: &State, wanted: &Model| self.model_with_traffic(state, intent, wanted);
        Ok(self.complete(&intent.caller, self.update(intent, update, create).await?))
    }

    /// Deletes a model. Its versions, aliases and traffic are deleted with it, and come back with it.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `IN_USE` while it has traffic.
    pub async fn delete_model(&self, intent: &Intent, delete: &Delete<ModelName>) -> Result<ListedModel, Error> {
        Ok(self.complete(&intent.caller, self.delete(intent, delete).await?))
    }

    /// Takes the deletion of a model back.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `ALREADY_EXISTS`, `INVALID_FIELDS` if a team or its type is gone meanwhile.
    pub async fn undelete_model(&self, intent: &Intent, asked: (&ModelName, &str)) -> Result<ListedModel, Error> {
        Ok(self.complete(&intent.caller, self.undelete(intent, asked).await?))
    }

    /// Keeps that the caller, who may change the model, says that it is still its owner's.
    ///
    /// # Errors
    /// `NOT_FOUND`, `DELETED`.
    pub async fn attest_model(&self, intent: &Intent, name: &ModelName) -> Result<ListedModel, Error> {
        let print = intent.fingerprint("AttestModel", &[name]);
        let done = self.mutate(intent, print, |state| {
            let kept = permitted::<Model>(&intent.caller, state, name)?.ok_or_else(|| not_found(name))?;
            check_alive(&*kept.value)?;
            let attestation = Some(Attestation::given(intent.caller.principal.clone(), self.env.now()));
            Ok(self.touched(kept, Model { attestation, ..(*kept.value).clone() }, "attestation"))
        });
        Ok(self.complete(&intent.caller, typed(done.await?)?))
    }

    /// Adds to a model what is computed for it.
    fn complete(&self, caller: &Caller, kept: Kept<Model>) -> ListedModel {
        let state = self.feed.look();
        state.listed(kept).shown_to(&caller.granted.grant, &state)
    }
}
