//! The plan of a manifest on one picture: what is wanted is put into a copy of it, kind by kind, and checked there, so that
//! what is created together may refer to each other in any order.

use std::collections::BTreeSet;

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::Permission;
use slipway_domain::apply::{Claims, FieldChange, Wanted};
use slipway_domain::check::Check;
use slipway_domain::ledger::Resource;
use slipway_domain::name::ModelName;
use slipway_domain::patch::Patch;

use super::{Action, Apply, Item, Planned, Refusal};
use crate::service::Registry;
use crate::service::commit::{Draft, Replaced};
use crate::state::State;
use crate::{Error, keys};
use slipway_chassis::record;

/// A plan that is being made.
pub(super) struct Plan<'a> {
    pub registry: &'a Registry,
    pub intent: &'a Intent,
    pub apply: &'a Apply,
    /// What there is.
    pub state: &'a State,
    /// What there is then.
    pub then: State,
    pub draft: Draft,
    /// What becomes of each item.
    planned: Vec<Option<Planned>>,
    /// What is deleted beside them.
    pub deleted: Vec<Planned>,
    pub refusals: Vec<Refusal>,
}

/// What one item comes to.
pub(super) struct Settled<T> {
    pub after: T,
    pub action: Action,
    pub changes: Vec<FieldChange>,
    pub claims: Claims,
}

impl<'a> Plan<'a> {
    pub fn new(registry: &'a Registry, state: &'a State, intent: &'a Intent, apply: &'a Apply) -> Self {
        let planned = apply.items.iter().map(|_| None).collect();
        let (then, draft) = (state.clone(), Draft::default());
        Self { registry, intent, apply, state, then, draft, planned, deleted: vec![], refusals: vec![] }
    }

    /// The change that leads there, what becomes of each resource, and what stands in the way.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, and `INVALID_FIELDS` for a filter that is none.
    pub fn decide(mut self) -> Result<(Draft, Vec<Planned>, Vec<Refusal>), Error> {
        let order = self.order();
        for index in &order {
            self.settle(*index)?;
        }
        self.prune()?;
        for index in order {
            self.check(index);
        }
        self.draft.compares.sort();
        self.draft.compares.dedup();
        let planned = self.planned.into_iter().flatten().chain(self.deleted).collect();
        self.refusals.sort_by_key(|refusal| refusal.index.unwrap_or(usize::MAX));
        Ok((self.draft, planned, self.refusals))
    }

    /// The items in an order in which each comes after what it may refer to; versions by their numbers.
    fn order(&self) -> Vec<usize> {
        let rank = |index: &usize| match &self.apply.items[*index].wanted {
            Resource::Team(_) => (0, 0),
            Resource::ModelType(_) => (1, 0),
            Resource::Model(_) => (2, 0),
            Resource::Version(version) => (3, version.name.number),
            Resource::Alias(_) => (4, 0),
            Resource::Traffic(..) | Resource::Namespace(_) | Resource::Policy(_) => (5, 0),
        };
        let mut order: Vec<usize> = (0..self.apply.items.len()).collect();
        order.sort_by_key(rank);
        order
    }

    fn settle(&mut self, index: usize) -> Result<(), Error> {
        let apply = self.apply;
        match &apply.items[index].wanted {
            Resource::Team(value) => self.settle_kind(index, value),
            Resource::ModelType(value) => self.settle_kind(index, value),
            Resource::Model(value) => self.settle_model(index, value),
            Resource::Version(value) => self.settle_version(index, value),
            Resource::Alias(value) => self.settle_alias(index, value),
            // They are refused before they get here.
            Resource::Traffic(..) | Resource::Namespace(_) | Resource::Policy(_) => Ok(()),
        }
    }

    fn check(&mut self, index: usize) {
        let apply = self.apply;
        match &apply.items[index].wanted {
            Resource::Team(value) => self.check_kind(index, value),
            Resource::ModelType(value) => self.check_kind(index, value),
            Resource::Model(value) => self.check_kind(index, value),
            Resource::Version(value) => self.check_kind(index, value),
            Resource::Alias(value) => self.check_alias(index, value),
            Resource::Traffic(..) | Resource::Namespace(_) | Resource::Policy(_) => {}
        }
    }

    pub fn item(&self, index: usize) -> &'a Item {
        &self.apply.items[index]
    }

    /// The caller, asked for what an item of the kind needs.
    pub fn caller(&self, wanted: &Resource) -> Caller {
        let permission = match wanted {
            Resource::Team(_) => Permission::WriteTeams,
            Resource::ModelType(_) | Resource::Model(_) | Resource::Traffic(..) => Permission::WriteModels,
            Resource::Version(_) => Permission::WriteVersions,
            Resource::Alias(_) => Permission::WriteAliases,
            Resource::Namespace(_) => Permission::WriteNamespaces,
            Resource::Policy(_) => Permission::WritePolicies,
        };
        self.intent.caller.with(permission)
    }

    /// What the manager wants of an item.
    pub fn wanted<'b, T>(&self, index: usize, value: &'b T, blank: &'b T) -> Wanted<'b, T>
    where
        'a: 'b,
    {
        let Apply { manager, foreign, .. } = self.apply;
        Wanted { value, set: &self.item(index).set, blank, manager, foreign: *foreign }
    }

    /// What the manager makes of `before`; what belongs to others is noted.
    pub fn merged<T: Patch>(&mut self, index: usize, name: &str, before: &T, wanted: &Wanted<'_, T>) -> Settled<T> {
        let none = Claims::default();
        let merged = wanted.merged(before, self.state.claims.get(name).map_or(&none, |kept| &kept.value));
        for change in merged.conflicts {
            let (field, reason) = (change.path.clone(), "FIELD_CONFLICT");
            let (name, description, conflict) = (name.to_owned(), String::new(), Some(change));
            self.refusals.push(Refusal { index: Some(index), name, field, reason, description, conflict });
        }
        let action = if merged.changes.is_empty() { Action::Noop } else { Action::Update };
        Settled { after: merged.after, action, changes: merged.changes, claims: merged.claims }
    }

    /// Takes what an item comes to into the plan, and the change from `before` into the draft.
    pub fn take(
        &mut self,
        index: usize,
        (before, revision): (Option<Resource>, u64),
        (after, fields): (Resource, Vec<&'static str>),
        settled: (Action, Vec<FieldChange>, &Claims),
    ) {
        let (name, (action, changes, claims)) = (after.name(), settled);
        self.draft.compares.push((keys::resource(&name), revision));
        self.then.put_resource(after.clone(), revision);
        if action != Action::Noop {
            self.draft.changes.push(Replaced { before, after: Some(after), fields });
            if !claims.is_empty() || self.state.claims.contains_key(&name) {
                self.draft.rows.push((keys::claims(&name), record::encode(claims)));
            }
        }
        self.planned[index] = Some(Planned { name, action, fields: changes });
    }

    /// Whether an item changes anything.
    pub fn is_changed(&self, index: usize) -> bool {
        self.planned[index].as_ref().is_some_and(|planned| planned.action != Action::Noop)
    }

    /// Whether an item is created or taken back: then what it refers to is looked at as a whole.
    pub fn is_new(&self, index: usize) -> bool {
        let is_new = |planned: &Planned| matches!(planned.action, Action::Create | Action::Undelete);
        self.planned[index].as_ref().is_some_and(is_new)
    }

    /// Notes that something is wrong with the field of an item.
    pub fn refuse(&mut self, index: usize, field: &str, (reason, description): (&'static str, String)) {
        let name = self.item(index).wanted.name();
        let (field, conflict) = (field.to_owned(), None);
        self.refusals.push(Refusal { index: Some(index), name, field, reason, description, conflict });
    }

    /// Notes what a check of an item found, whose fields begin with the name of its kind.
    pub fn refuse_all(&mut self, index: usize, check: Check) {
        for violation in check.into_violations() {
            let field = violation.field.split_once('.').map_or("", |(_, field)| field);
            self.refuse(index, field, (violation.reason, violation.description));
        }
    }

    /// The models that the manifest names, or something below them.
    pub fn named_models(&self) -> BTreeSet<ModelName> {
        self.apply.items.iter().filter_map(Item::model).cloned().collect()
    }
}
