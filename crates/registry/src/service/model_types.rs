//! Model types.

use std::collections::BTreeMap;

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::Subject;
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::model::{Model, ModelType};
use slipway_domain::name::{Identifier, ModelTypeName};
use slipway_store::picture::Kept;

use super::access::check_sees_namespace;
use super::list::{Itself, namespace_matches, shown};
use super::past::Sight;
use super::standard::{Delete, NAMED_HOLDERS, not_found};
use super::{ListQuery, Listed, Registry, Update};
use crate::Error;
use crate::kind::{Kind, Rules, Seen};
use crate::state::{State, type_subject};

impl Rules for ModelType {
    type Name = ModelTypeName;

    fn blank(name: &ModelTypeName) -> Self {
        Self {
            name: name.clone(),
            display_name: String::new(),
            description: String::new(),
            criticality: None,
            labels: BTreeMap::new(),
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

    fn nobodys<'a>(name: &'a ModelTypeName, _: &'a State) -> Subject<'a> {
        Subject { namespace: name.namespace.as_str(), team: None, tier: None }
    }

    fn subject<'a>(&'a self, _: &'a State) -> Subject<'a> {
        type_subject(self)
    }

    fn parent(name: &ModelTypeName) -> Option<&Identifier> {
        Some(&name.namespace)
    }

    fn holders(name: &ModelTypeName, state: &State) -> Vec<String> {
        let of_type =
            |model: &&Kept<Model>| model.value.model_type.as_ref() == Some(name) && model.value.deletion.is_none();
        let models = state.models.values().filter(of_type);
        models.map(|model| model.value.name.to_string()).take(NAMED_HOLDERS).collect()
    }
}

impl Registry {
    /// Creates a model type.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`, `DELETED`.
    pub async fn create_model_type(&self, intent: &Intent, wanted: ModelType) -> Result<Kept<ModelType>, Error> {
        self.create(intent, wanted).await
    }

    /// Returns a model type.
    ///
    /// # Errors
    /// `NOT_FOUND`; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn get_model_type(
        &self,
        caller: &Caller,
        name: &ModelTypeName,
        as_of: AsOf,
    ) -> Result<Kept<ModelType>, Error> {
        let check = |_: &State| check_sees_namespace(caller, &name.namespace, name);
        let read = |state: &State, _| state.model_types.get(name).cloned().ok_or_else(|| not_found(name));
        let (pick, text) = (|resource| ModelType::of_resource(resource).ok(), name.to_string());
        let otherwise = self.read_as_of(as_of, check, read);
        self.one_as_of((caller, as_of), (&name.namespace, &text), pick, otherwise).await
    }

    /// Lists the model types of a namespace.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter, an order or a token that is not understood; `PAGE_TOKEN_EXPIRED`; `REVISION_AHEAD`,
    /// `TIME_AHEAD`, `TOO_OLD`.
    pub async fn list_model_types(&self, caller: &Caller, query: &ListQuery) -> Result<Listed<Kept<ModelType>>, Error> {
        let select = |sight: &Sight<'_>| {
            let inside = |kept: &&Kept<ModelType>| {
                let namespace = kept.value.name.namespace.as_str();
                namespace_matches(&query.parent, namespace)
                    && caller.granted.grant.touches(namespace)
                    && shown(&*kept.value, query)
            };
            sight.state.model_types.values().filter(inside).cloned().map(Itself).collect()
        };
        self.list(caller, "ListModelTypes", query, select).await.map(Listed::kept)
    }

    /// Changes the masked fields of a model type.
    ///
    /// # Errors
    /// `NOT_FOUND`, `DELETED`, `ETAG_MISMATCH`, `INVALID_FIELDS` for a mask with unknown fields.
    pub async fn update_model_type(
        &self,
        intent: &Intent,
        update: Update<ModelType>,
    ) -> Result<Kept<ModelType>, Error> {
        self.update(intent, update, |state, wanted| self.created(state, intent, wanted)).await
    }

    /// Deletes a model type.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `IN_USE` while models are of it.
    pub async fn delete_model_type(
        &self,
        intent: &Intent,
        delete: &Delete<ModelTypeName>,
    ) -> Result<Kept<ModelType>, Error> {
        self.delete(intent, delete).await
    }

    /// Takes the deletion of a model type back.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `ALREADY_EXISTS`.
    pub async fn undelete_model_type(
        &self,
        intent: &Intent,
        asked: (&ModelTypeName, &str),
    ) -> Result<Kept<ModelType>, Error> {
        self.undelete(intent, asked).await
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
