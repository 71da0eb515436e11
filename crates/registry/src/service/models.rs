//! Models.

use std::collections::BTreeMap;
use std::sync::Arc;

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::ledger::Resource;
use slipway_domain::model::{DEFAULT_LABEL_WINDOW, FunnelStage, HealthPolicy, Model};
use slipway_domain::name::{ModelName, ModelTypeName};
use slipway_domain::patch::Patch;
use slipway_domain::traffic::Traffic;
use slipway_store::picture::Kept;

use super::access::{check_after, check_model};
use super::commit::{Draft, Replaced, check_etag, merge};
use super::list::namespace_matches;
use super::model_types::label;
use super::{ListQuery, Listed, Registry, Update};
use crate::state::State;
use crate::{Error, keys};

/// A model with what is computed for it.
#[derive(Debug, Clone)]
pub struct ListedModel {
    /// The model.
    pub model: Kept<Model>,
    /// The more severe of its own tier and its type's.
    pub effective_tier: u8,
    /// The number of its newest version; 0 while there is none.
    pub latest_version: u64,
}

fn seen(state: &State, model: Kept<Model>) -> ListedModel {
    let effective_tier = state.effective_tier(&model.value);
    let latest_version = state.latest_version(&model.value.name);
    ListedModel { model, effective_tier, latest_version }
}

fn not_found(name: &ModelName) -> Error {
    Error::NotFound { name: name.to_string() }
}

/// The revision of the type that `model` names, which must exist: it is compared in the transaction.
fn type_seen(state: &State, model: &Model) -> Result<Option<(bytes::Bytes, u64)>, Error> {
    let missing = |name: &ModelTypeName| {
        Error::invalid("model.model_type", "NO_SUCH_MODEL_TYPE", format!("there is no {name}; create it first"))
    };
    let Some(name) = &model.model_type else { return Ok(None) };
    let kept = state.model_types.get(name).ok_or_else(|| missing(name))?;
    Ok(Some((keys::resource(&name.to_string()), kept.revision)))
}

impl Registry {
    /// Creates a model with empty traffic and a salt of its own.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`; `INVALID_FIELDS` if its type does not exist.
    pub async fn create_model(&self, intent: &Intent, wanted: Model) -> Result<ListedModel, Error> {
        let print = intent.fingerprint("CreateModel", &[&wanted]);
        let found = self.mutate(intent, print, |state| {
            check_after(&intent.caller, state, &Resource::Model(wanted.clone()))?;
            if state.models.contains_key(&wanted.name) {
                // Whoever may not see it does not learn that it is there.
                check_model(&intent.caller, state, &wanted.name)?;
                return Err(Error::AlreadyExists { name: wanted.name.to_string() });
            }
            let now = self.env.now();
            let created = Model { created_at: now, updated_at: now, ..wanted.clone() };
            let type_seen = type_seen(state, &created)?;
            let traffic = Traffic::new(self.env.new_id().simple().to_string());
            let traffic = Resource::Traffic(created.name.clone(), traffic);
            let mut draft = Draft::create(Resource::Model(created));
            draft.compares.extend(type_seen);
            draft.changes.push(Replaced { before: None, after: traffic, fields: vec![] });
            Ok(draft)
        });
        self.complete(found.await?)
    }

    /// Returns a model.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn get_model(&self, caller: &Caller, name: &ModelName) -> Result<ListedModel, Error> {
        let state = self.feed.look();
        check_model(caller, &state, name)?;
        let kept = state.models.get(name).cloned().ok_or_else(|| not_found(name))?;
        Ok(seen(&state, kept))
    }

    /// Lists the models of a namespace.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter, an order or a token that is not understood; `PAGE_TOKEN_EXPIRED`.
    pub fn list_models(&self, caller: &Caller, query: &ListQuery) -> Result<Listed<ListedModel>, Error> {
        self.list(caller, "ListModels", query, |state| {
            let inside = |kept: &&Kept<Model>| {
                namespace_matches(&query.parent, kept.value.name.namespace.as_str())
                    && caller.covers(&state.model_subject(&kept.value))
            };
            state.models.values().filter(inside).map(|kept| seen(state, kept.clone())).collect()
        })
    }

    /// Changes the masked fields of a model.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `INVALID_FIELDS` for a mask with unknown fields or a result that is not valid.
    pub async fn update_model(&self, intent: &Intent, update: Update<Model>) -> Result<ListedModel, Error> {
        let print = intent.fingerprint("UpdateModel", &[&update]);
        let name = &update.wanted.name;
        let found = self.mutate(intent, print, |state| {
            check_model(&intent.caller, state, name)?;
            let kept = state.models.get(name).ok_or_else(|| not_found(name))?;
            check_etag(name, kept, &update.etag)?;
            let mut after = merge(&*kept.value, &update, &blank(name), "model")?;
            let mut check = slipway_domain::check::Check::new();
            after.check(&mut check);
            check.finish()?;
            let fields = kept.value.differing(&after);
            if !fields.is_empty() {
                after.updated_at = self.env.now();
            }
            check_after(&intent.caller, state, &Resource::Model(after.clone()))?;
            let type_seen = type_seen(state, &after)?;
            let before = Some(Resource::Model((*kept.value).clone()));
            let replaced = Replaced { before, after: Resource::Model(after), fields };
            let mut draft = Draft::update(kept.revision, replaced);
            draft.compares.extend(type_seen);
            Ok(draft)
        });
        self.complete(found.await?)
    }

    /// Adds to a model what is computed for it.
    fn complete(&self, kept: Kept<Resource>) -> Result<ListedModel, Error> {
        match Arc::unwrap_or_clone(kept.value) {
            Resource::Model(model) => Ok(seen(&self.feed.look(), Kept::new(model, kept.revision))),
            other => Err(Error::wrong_kind(&other)),
        }
    }
}

/// A model with nothing set.
#[must_use]
pub(crate) fn blank(name: &ModelName) -> Model {
    Model {
        name: name.clone(),
        display_name: String::new(),
        description: String::new(),
        model_type: None,
        owner: String::new(),
        on_call: String::new(),
        surface: String::new(),
        funnel_stage: FunnelStage::Unspecified,
        business_function: String::new(),
        predicted_event: String::new(),
        label_window: DEFAULT_LABEL_WINDOW,
        criticality: None,
        health_policy: HealthPolicy::default(),
        labels: BTreeMap::new(),
        created_at: jiff::Timestamp::UNIX_EPOCH,
        updated_at: jiff::Timestamp::UNIX_EPOCH,
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
        "surface",
        "funnel_stage",
        "business_function",
        "predicted_event",
        "label_window",
        "criticality.tier",
        "effective_tier",
        "latest_version",
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
