//! Policies.

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::Subject;
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::name::{Identifier, PolicyName};
use slipway_domain::policy::{Enforcement, Policy};
use slipway_policy::Rule;
use slipway_store::picture::Kept;

use super::access::check_sees_namespace;
use super::list::{Itself, namespace_matches, shown};
use super::model_types::label;
use super::past::Sight;
use super::standard::{Delete, not_found};
use super::{ListQuery, Listed, Registry, Update};
use crate::Error;
use crate::kind::{Kind, Rules, Seen};
use crate::state::{State, policy_subject};

/// The most policies of a namespace that are not deleted: all of them are asked at every change of a model.
const MOST: usize = 64;

impl Rules for Policy {
    type Name = PolicyName;

    fn blank(name: &PolicyName) -> Self {
        Self::blank(name)
    }

    fn check(&self, check: &mut Check) {
        Self::check(self, check);
        if let Err(refused) = Rule::compile(&self.expression) {
            check.add("policy.expression", "NOT_A_RULE", refused.to_string());
        }
    }

    fn check_references(&self, before: Option<&Self>, (_, state): (&Caller, &State), check: &mut Check) -> Seen {
        let namespace = &self.name.namespace;
        let holding = |kept: &&Kept<Self>| kept.value.holds() && kept.value.name.namespace == *namespace;
        if before.is_none() && state.policies.values().filter(holding).count() >= MOST {
            check.add("parent", "TOO_MANY", format!("has {MOST} policies, and no more are kept; delete one first"));
        }
        // Changes of a namespace's policies see each other: none comes in between.
        vec![]
    }

    fn nobodys<'a>(name: &'a PolicyName, _: &'a State) -> Subject<'a> {
        policy_subject(name)
    }

    fn subject<'a>(&'a self, _: &'a State) -> Subject<'a> {
        policy_subject(&self.name)
    }

    fn parent(name: &PolicyName) -> Option<&Identifier> {
        Some(&name.namespace)
    }

    fn holders(_: &PolicyName, _: &State) -> Vec<String> {
        vec![]
    }
}

impl Registry {
    /// Creates a policy.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`, `DELETED`; `INVALID_FIELDS` for an expression that is no rule, and for one policy too many.
    pub async fn create_policy(&self, intent: &Intent, wanted: Policy) -> Result<Kept<Policy>, Error> {
        self.create(intent, wanted).await
    }

    /// Returns a policy.
    ///
    /// # Errors
    /// `NOT_FOUND`; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn get_policy(&self, caller: &Caller, name: &PolicyName, as_of: AsOf) -> Result<Kept<Policy>, Error> {
        let check = |_: &State| check_sees_namespace(caller, &name.namespace, name);
        let read = |state: &State, _| state.policies.get(name).cloned().ok_or_else(|| not_found(name));
        let (pick, text) = (|resource| Policy::of_resource(resource).ok(), name.to_string());
        let otherwise = self.read_as_of(as_of, check, read);
        self.one_as_of((caller, as_of), (&name.namespace, &text), pick, otherwise).await
    }

    /// Lists the policies of a namespace.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter, an order or a token that is not understood; `PAGE_TOKEN_EXPIRED`; `REVISION_AHEAD`,
    /// `TIME_AHEAD`, `TOO_OLD`.
    pub async fn list_policies(&self, caller: &Caller, query: &ListQuery) -> Result<Listed<Kept<Policy>>, Error> {
        let select = |sight: &Sight<'_>| {
            let inside = |kept: &&Kept<Policy>| {
                let namespace = kept.value.name.namespace.as_str();
                namespace_matches(&query.parent, namespace)
                    && caller.granted.grant.touches(namespace)
                    && shown(&*kept.value, query)
            };
            sight.state.policies.values().filter(inside).cloned().map(Itself).collect()
        };
        self.list(caller, "ListPolicies", query, select).await.map(Listed::kept)
    }

    /// Changes the masked fields of a policy.
    ///
    /// # Errors
    /// `NOT_FOUND`, `DELETED`, `ETAG_MISMATCH`, `INVALID_FIELDS`.
    pub async fn update_policy(&self, intent: &Intent, update: Update<Policy>) -> Result<Kept<Policy>, Error> {
        self.update(intent, update, |state, wanted| self.created(state, intent, wanted)).await
    }

    /// Deletes a policy.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`.
    pub async fn delete_policy(&self, intent: &Intent, delete: &Delete<PolicyName>) -> Result<Kept<Policy>, Error> {
        self.delete(intent, delete).await
    }

    /// Takes the deletion of a policy back.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `ALREADY_EXISTS`; `INVALID_FIELDS` for one policy too many.
    pub async fn undelete_policy(&self, intent: &Intent, asked: (&PolicyName, &str)) -> Result<Kept<Policy>, Error> {
        self.undelete(intent, asked).await
    }
}

/// What a policy does, as a filter writes it.
pub(super) fn word(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::DryRun => "DRY_RUN",
        Enforcement::Warn => "WARN",
        Enforcement::Deny => "DENY",
    }
}

impl Fields for Itself<Policy> {
    const PATHS: &'static [&'static str] = &[
        "name",
        "display_name",
        "description",
        "expression",
        "enforcement",
        "remedy",
        "labels.",
        "create_time",
        "update_time",
    ];

    fn field(&self, path: &str) -> Field<'_> {
        let value = &self.0.value;
        match path {
            "name" => Field::Text(value.name.to_string().into()),
            "display_name" => Field::Text(value.display_name.as_str().into()),
            "description" => Field::Text(value.description.as_str().into()),
            "expression" => Field::Text(value.expression.as_str().into()),
            "enforcement" => Field::Text(word(value.enforcement).into()),
            "remedy" => Field::Text(value.remedy.as_str().into()),
            "create_time" => Field::Number(value.created_at.as_second() as f64),
            "update_time" => Field::Number(value.updated_at.as_second() as f64),
            path => label(&value.labels, path),
        }
    }
}
