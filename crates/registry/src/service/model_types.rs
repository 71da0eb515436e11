//! Model types.

use std::collections::BTreeMap;
use std::sync::Arc;

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::Subject;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::ledger::Resource;
use slipway_domain::model::ModelType;
use slipway_domain::name::ModelTypeName;
use slipway_domain::patch::Patch;
use slipway_store::picture::Kept;

use super::access::{check_after, check_sees_type};
use super::commit::{Draft, Replaced, check_etag, merge};
use super::list::{Itself, namespace_matches};
use super::{ListQuery, Listed, Registry, Update};
use crate::Error;
use crate::state::type_subject;

fn typed(kept: Kept<Resource>) -> Result<Kept<ModelType>, Error> {
    match Arc::unwrap_or_clone(kept.value) {
        Resource::ModelType(value) => Ok(Kept::new(value, kept.revision)),
        other => Err(Error::wrong_kind(&other)),
    }
}

fn not_found(name: &ModelTypeName) -> Error {
    Error::NotFound { name: name.to_string() }
}

impl Registry {
    /// Creates a model type.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` if there is one of that name.
    pub async fn create_model_type(&self, intent: &Intent, wanted: ModelType) -> Result<Kept<ModelType>, Error> {
        let print = intent.fingerprint("CreateModelType", &[&wanted]);
        let found = self.mutate(intent, print, |state| {
            check_after(&intent.caller, state, &Resource::ModelType(wanted.clone()))?;
            if state.model_types.contains_key(&wanted.name) {
                return Err(Error::AlreadyExists { name: wanted.name.to_string() });
            }
            let now = self.env.now();
            let created = ModelType { created_at: now, updated_at: now, ..wanted.clone() };
            Ok(Draft::create(Resource::ModelType(created)))
        });
        typed(found.await?)
    }

    /// Returns a model type.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn get_model_type(&self, caller: &Caller, name: &ModelTypeName) -> Result<Kept<ModelType>, Error> {
        check_sees_type(caller, name)?;
        self.feed.look().model_types.get(name).cloned().ok_or_else(|| not_found(name))
    }

    /// Lists the model types of a namespace.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter, an order or a token that is not understood; `PAGE_TOKEN_EXPIRED`.
    pub fn list_model_types(&self, caller: &Caller, query: &ListQuery) -> Result<Listed<Kept<ModelType>>, Error> {
        let page = self.list(caller, "ListModelTypes", query, |state| {
            let inside = |kept: &&Kept<ModelType>| {
                let namespace = kept.value.name.namespace.as_str();
                namespace_matches(&query.parent, namespace) && caller.granted.grant.touches(namespace)
            };
            state.model_types.values().filter(inside).cloned().map(Itself).collect()
        });
        page.map(Listed::kept)
    }

    /// Changes the masked fields of a model type.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `INVALID_FIELDS` for a mask with unknown fields.
    pub async fn update_model_type(
        &self,
        intent: &Intent,
        update: Update<ModelType>,
    ) -> Result<Kept<ModelType>, Error> {
        let print = intent.fingerprint("UpdateModelType", &[&update]);
        let name = &update.wanted.name;
        let found = self.mutate(intent, print, |state| {
            let kept = state.model_types.get(name);
            let nobodys = Subject { namespace: name.namespace.as_str(), team: None, tier: None };
            intent.caller.check(&kept.map_or(nobodys, |kept| type_subject(&kept.value)), name)?;
            let kept = kept.ok_or_else(|| not_found(name))?;
            check_etag(name, kept, &update.etag)?;
            let mut after = merge(&*kept.value, &update, &blank(name), "model_type")?;
            let fields = kept.value.differing(&after);
            if !fields.is_empty() {
                after.updated_at = self.env.now();
            }
            check_after(&intent.caller, state, &Resource::ModelType(after.clone()))?;
            let before = Some(Resource::ModelType((*kept.value).clone()));
            Ok(Draft::update(kept.revision, Replaced { before, after: Resource::ModelType(after), fields }))
        });
        typed(found.await?)
    }
}

/// A model type with nothing set.
#[must_use]
pub(crate) fn blank(name: &ModelTypeName) -> ModelType {
    ModelType {
        name: name.clone(),
        display_name: String::new(),
        description: String::new(),
        criticality: None,
        labels: BTreeMap::new(),
        created_at: jiff::Timestamp::UNIX_EPOCH,
        updated_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

impl Fields for Itself<ModelType> {
    const PATHS: &'static [&'static str] =
        &["name", "display_name", "description", "criticality.tier", "labels.", "create_time", "update_time"];

    fn field(&self, path: &str) -> Field<'_> {
        let value = &self.0.value;
        match path {
            "name" => Field::Text(value.name.to_string().into()),
            "display_name" => Field::Text(value.display_name.as_str().into()),
            "description" => Field::Text(value.description.as_str().into()),
            "criticality.tier" => value.criticality.as_ref().map_or(Field::Absent, |c| Field::Number(c.tier.into())),
            "create_time" => Field::Number(value.created_at.as_second() as f64),
            "update_time" => Field::Number(value.updated_at.as_second() as f64),
            path => label(&value.labels, path),
        }
    }
}

/// The label that `path`, as `labels.team`, asks for.
pub(super) fn label<'a>(labels: &'a BTreeMap<String, String>, path: &str) -> Field<'a> {
    let value = path.strip_prefix("labels.").and_then(|key| labels.get(key));
    value.map_or(Field::Absent, |value| Field::Text(value.as_str().into()))
}
