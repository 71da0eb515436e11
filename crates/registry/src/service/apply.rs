//! A manifest is applied: what is wanted against what there is, decided as a whole and written in one transaction.

mod kinds;
mod plan;
mod prune;
mod told;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use slipway_chassis::intent::{Intent, Mode};
use slipway_domain::apply::{FieldChange, Foreign};
use slipway_domain::ledger::Resource;
use slipway_domain::name::{Identifier, ModelName};
use slipway_store::Revision;

use super::Registry;
use super::commit::{Done, Draft, When};
use super::judging::Finding;
use super::print::Print;
use crate::Error;
use plan::Plan;

/// A manifest.
#[derive(Debug, Clone)]
pub struct Apply {
    /// Where its resources lie, as the caller wrote it.
    pub parent: String,
    /// What is wanted, each resource once.
    pub items: Vec<Item>,
    /// Who wants it.
    pub manager: Identifier,
    /// What happens to fields that belong to others.
    pub foreign: Foreign,
    /// Which models are deleted that it does not name; empty for none.
    pub prune: String,
}

/// One resource that is wanted.
#[derive(Debug, Clone)]
pub struct Item {
    /// The values, under its name.
    pub wanted: Resource,
    /// The fields that are set, as `owner` or `labels.trained-on`.
    pub set: BTreeSet<String>,
    /// What the caller believes the current etag to be; empty for no belief.
    pub etag: String,
}

/// What becomes of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its full name.
    pub name: String,
    /// What becomes of it.
    pub action: Action,
    /// The fields that change, of one that was there.
    pub fields: Vec<FieldChange>,
}

/// What can become of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is created.
    Create,
    /// Fields of it are changed.
    Update,
    /// It is as it is wanted to be.
    Noop,
    /// It is deleted.
    Delete,
    /// It is taken back.
    Undelete,
}

/// Something that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which item, from 0; none for what would be deleted.
    pub index: Option<usize>,
    /// The resource's full name.
    pub name: String,
    /// The field; empty for the resource as a whole.
    pub field: String,
    /// What it is, for a program.
    pub reason: &'static str,
    /// What it is, for a person.
    pub description: String,
    /// The change that another one's field stands against, if it is that.
    pub conflict: Option<FieldChange>,
}

/// What became of a manifest.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What became of each resource.
    pub planned: Vec<Planned>,
    /// The revision that it made, or the current one.
    pub revision: Revision,
    /// What stands in the way, where nothing was to be changed.
    pub refusals: Vec<Refusal>,
}

/// What the last look at the picture came to.
#[derive(Default)]
struct Seen {
    planned: Vec<Planned>,
    refusals: Vec<Refusal>,
}

impl Item {
    /// The model that it is, or lies below.
    fn model(&self) -> Option<&ModelName> {
        match &self.wanted {
            Resource::Model(model) => Some(&model.name),
            Resource::Version(version) => Some(&version.name.model),
            Resource::Alias(alias) => Some(&alias.name.model),
            Resource::Team(_)
            | Resource::ModelType(_)
            | Resource::Traffic(..)
            | Resource::Namespace(_)
            | Resource::Policy(_) => None,
        }
    }
}

impl Apply {
    /// That it would leave a model breaking a policy, told of the item that is about the model the most.
    fn broken(&self, finding: &Finding) -> Refusal {
        let is_model = |item: &Item| matches!(&item.wanted, Resource::Model(model) if model.name == finding.model);
        let is_of_it = |item: &Item| item.model() == Some(&finding.model);
        let items = &self.items;
        let index = items.iter().position(is_model).or_else(|| items.iter().position(is_of_it));
        let name = index.map_or_else(|| finding.model.to_string(), |index| items[index].wanted.name());
        let description = format!("stands against the policy {}: {}", finding.policy.policy.as_str(), finding.told());
        Refusal { index, name, field: String::new(), reason: "POLICY_BROKEN", description, conflict: None }
    }
}

impl Registry {
    /// Makes of the manifest what it asks for, in one revision or not at all.
    ///
    /// # Errors
    /// `PERMISSION_DENIED` for the first resource that the caller may not change; `INVALID_FIELDS` with everything that is
    /// wrong; `APPLY_REFUSED` with every field that belongs to others and everything that is used; `CHANGE_TOO_LARGE`.
    pub async fn apply_models(&self, intent: &Intent, apply: &Apply) -> Result<Applied, Error> {
        let print = intent.fingerprint("ApplyModels", &[&Print(apply)]);
        let seen = Mutex::new(Seen::default());
        let done = self.mutate(intent, print, |state| {
            let (draft, planned, mut refusals) = Plan::new(self, state, intent, apply).decide()?;
            let denied = self.denied(intent, state, &draft);
            refusals.extend(denied.iter().map(|finding| apply.broken(finding)));
            let is_free = refusals.is_empty();
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen { planned, refusals };
            Ok(if is_free { draft } else { Draft::default() })
        });
        let Done { committed, when, .. } = done.await?;
        let Seen { planned, mut refusals } = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let revision = committed.unwrap_or_else(|| self.revision());
        if when == When::Before {
            let planned = self.planned_before(revision, apply).await?;
            return Ok(Applied { planned, revision, refusals: vec![] });
        }
        self.name_holders(&mut refusals).await?;
        match intent.mode {
            Mode::Commit if !refusals.is_empty() => Err(told::error(refusals)),
            Mode::Commit | Mode::ValidateOnly => Ok(Applied { planned, revision, refusals }),
        }
    }
}
