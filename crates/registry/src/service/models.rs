//! Models.

use std::collections::BTreeMap;

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::Subject;
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Attestation, DEFAULT_LABEL_WINDOW, FunnelStage, HealthPolicy, Model};
use slipway_domain::name::{Identifier, ModelName, TeamName};
use slipway_domain::traffic::Traffic;
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::access::check_model;
use super::commit::{Draft, Replaced};
use super::list::{namespace_matches, shown};
use super::model_types::label;
use super::past::Sight;
use super::print::Print;
use super::standard::{Delete, check_alive, not_found, permitted, typed};
use super::teams::check_team;
use super::{ListQuery, Listed, Registry, Update};
use crate::kind::{Rules, Seen};
use crate::state::{ListedModel, State};
use crate::{Error, keys};

/// The model of that name, with what is computed for it.
fn found(state: &State, name: &ModelName) -> Result<ListedModel, Error> {
    state.listed_model(name).ok_or_else(|| not_found(name))
}

impl Rules for Model {
    type Name = ModelName;

    fn blank(name: &ModelName) -> Self {
        Self {
            name: name.clone(),
            display_name: String::new(),
            description: String::new(),
            model_type: None,
            owner: String::new(),
            on_call: String::new(),
            runbook_uri: String::new(),
            surface: String::new(),
            funnel_stage: FunnelStage::Unspecified,
            business_function: String::new(),
            predicted_event: String::new(),
            label_window: DEFAULT_LABEL_WINDOW,
            criticality: None,
            health_policy: HealthPolicy::default(),
            attestation: None,
            labels: BTreeMap::new(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
            deletion: None,
        }
    }

    fn check(&self, check: &mut Check) {
        Self::check(self, check);
    }

    fn check_references(&self, before: Option<&Self>, state: &State, check: &mut Check) -> Seen {
        let mut seen = Seen::new();
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
        if serves { vec![name.traffic()] } else { vec![] }
    }
}

impl Registry {
    /// Creates a model with empty traffic and a salt of its own.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`, `DELETED`; `INVALID_FIELDS` if a team or the type that it names is not there.
    pub async fn create_model(&self, intent: &Intent, wanted: Model) -> Result<ListedModel, Error> {
        let print = intent.fingerprint("CreateModel", &[&Print(&wanted)]);
        let done = self.mutate(intent, print, |state| self.model_with_traffic(state, intent, &wanted)).await?;
        Ok(self.complete(typed(done)?))
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
        self.read_as_of(as_of, check, |state, _| found(state, name)).await
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
            let found = names.iter().map(|name| found(state, name)).collect::<Result<_, Error>>()?;
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
            models.map(|kept| sight.state.listed(kept.clone())).collect()
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
        Ok(self.complete(self.update(intent, update, create).await?))
    }

    /// Deletes a model. Its versions, aliases and traffic are deleted with it, and come back with it.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `IN_USE` while it has traffic.
    pub async fn delete_model(&self, intent: &Intent, delete: &Delete<ModelName>) -> Result<ListedModel, Error> {
        Ok(self.complete(self.delete(intent, delete).await?))
    }

    /// Takes the deletion of a model back.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `ALREADY_EXISTS`, `INVALID_FIELDS` if a team or its type is gone meanwhile.
    pub async fn undelete_model(&self, intent: &Intent, asked: (&ModelName, &str)) -> Result<ListedModel, Error> {
        Ok(self.complete(self.undelete(intent, asked).await?))
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
        Ok(self.complete(typed(done.await?)?))
    }

    /// Adds to a model what is computed for it.
    fn complete(&self, kept: Kept<Model>) -> ListedModel {
        self.feed.look().listed(kept)
    }
}

impl Fields for ListedModel {
    const PATHS: &'static [&'static str] = &[
        "name",
        "display_name",
        "description",
        "model_type",
        "owner",
        "on_call",
        "runbook_uri",
        "surface",
        "funnel_stage",
        "business_function",
        "predicted_event",
        "label_window",
        "criticality.tier",
        "effective_tier",
        "latest_version",
        "attestation.expire_time",
        "labels.",
        "create_time",
        "update_time",
    ];

    fn field(&self, path: &str) -> Field<'_> {
        let model = &self.model.value;
        match path {
            "name" => Field::Text(model.name.to_string().into()),
            "display_name" => Field::Text(model.display_name.as_str().into()),
            "description" => Field::Text(model.description.as_str().into()),
            "model_type" => {
                model.model_type.as_ref().map_or(Field::Absent, |name| Field::Text(name.to_string().into()))
            }
            "owner" => Field::Text(model.owner.as_str().into()),
            "on_call" => Field::Text(model.on_call.as_str().into()),
            "runbook_uri" => Field::Text(model.runbook_uri.as_str().into()),
            "attestation.expire_time" => {
                model.attestation.as_ref().map_or(Field::Absent, |a| Field::Number(a.expires_at.as_second() as f64))
            }
            "surface" => Field::Text(model.surface.as_str().into()),
            "funnel_stage" => Field::Text(stage(model.funnel_stage).into()),
            "business_function" => Field::Text(model.business_function.as_str().into()),
            "predicted_event" => Field::Text(model.predicted_event.as_str().into()),
            "label_window" => Field::Number(model.label_window.as_secs_f64()),
            "criticality.tier" => model.criticality.as_ref().map_or(Field::Absent, |c| Field::Number(c.tier.into())),
            "effective_tier" => Field::Number(self.effective_tier.into()),
            "latest_version" => Field::Number(self.latest_version as f64),
            "create_time" => Field::Number(model.created_at.as_second() as f64),
            "update_time" => Field::Number(model.updated_at.as_second() as f64),
            path => label(&model.labels, path),
        }
    }
}

/// A funnel stage as a filter writes it.
fn stage(stage: FunnelStage) -> &'static str {
    match stage {
        FunnelStage::Unspecified => "FUNNEL_STAGE_UNSPECIFIED",
        FunnelStage::Sourcing => "FUNNEL_STAGE_SOURCING",
        FunnelStage::EarlyRanking => "FUNNEL_STAGE_EARLY_RANKING",
        FunnelStage::LateRanking => "FUNNEL_STAGE_LATE_RANKING",
    }
}
