//! The effective tiers of all models, kept while the picture changes: only what a change may have moved is computed anew.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use slipway_domain::access::Subject;
use slipway_domain::model::{Model, ModelType};
use slipway_domain::name::{ModelName, ModelTypeName};
use slipway_domain::tier::Effective;

use super::State;

/// What the models' effective tiers are, and what they are computed along.
#[derive(Debug, Clone, Default)]
pub struct Tiers {
    effective: OrdMap<ModelName, Arc<Effective>>,
    /// Who depends on a model.
    dependents: OrdMap<ModelName, OrdSet<ModelName>>,
    /// The models to look at before the revision is whole.
    waiting: BTreeSet<ModelName>,
}

/// The models for which another tier, or another reason of it, was computed, with what was computed before; none for a
/// model that was not there.
pub(super) type Moved = BTreeMap<ModelName, Option<Arc<Effective>>>;

/// A model whose effective tier became another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The model.
    pub model: ModelName,
    /// The tier before.
    pub before: u8,
    /// The tier after.
    pub after: u8,
}

impl Tiers {
    /// A model was `before` and is `after`.
    pub(super) fn replaced(&mut self, before: Option<&Model>, after: Option<&Model>) {
        if let (Some(before), Some(after)) = (before, after)
            && !before.weighs_other_than(after)
        {
            return;
        }
        let edges = |model: Option<&Model>| model.map(Model::dependencies).cloned().unwrap_or_default();
        let (had, has) = (edges(before), edges(after));
        let Some(name) = after.or(before).map(|model| &model.name) else { return };
        for gone in had.difference(&has) {
            if let Some(dependents) = self.dependents.get_mut(gone) {
                dependents.remove(name);
            }
        }
        for new in has.difference(&had) {
            self.dependents.entry(new.clone()).or_default().insert(name.clone());
        }
        self.waiting.extend(had.symmetric_difference(&has).cloned());
        self.waiting.insert(name.clone());
    }

    /// Who depends on a model.
    pub fn dependents(&self, model: &ModelName) -> impl Iterator<Item = &ModelName> {
        self.dependents.get(model).into_iter().flatten()
    }
}

impl State {
    /// A model type was `before` and is `after`.
    pub(super) fn type_replaced(&mut self, before: Option<&ModelType>, after: Option<&ModelType>) {
        let tier = |kind: Option<&ModelType>| kind.and_then(|kind| kind.criticality.as_ref()).map(|said| said.tier);
        if tier(before) != tier(after)
            && let Some(kind) = after.or(before)
        {
            let of_it: Vec<_> = self.models_of(&kind.name).map(|model| model.name.clone()).collect();
            self.tiers.waiting.extend(of_it);
        }
    }

    /// The models of a type, deleted ones too.
    pub fn models_of<'a>(&'a self, kind: &'a ModelTypeName) -> impl Iterator<Item = &'a Model> {
        let first = kind.namespace.clone();
        let inside = move |name: &ModelName| name.namespace == first;
        let start = self.models.range(first_of(kind)..);
        let here = start.take_while(move |(name, _)| inside(name));
        here.map(|(_, kept)| &*kept.value).filter(|model| model.model_type.as_ref() == Some(kind))
    }

    /// Computes the tiers anew that may have changed since, and says which did, with what they were.
    pub(super) fn settle_tiers(&mut self) -> Moved {
        let mut queue: VecDeque<ModelName> = std::mem::take(&mut self.tiers.waiting).into_iter().collect();
        let mut queued: BTreeSet<ModelName> = queue.iter().cloned().collect();
        let mut before = Moved::new();
        while let Some(name) = queue.pop_front() {
            queued.remove(&name);
            let was = self.tiers.effective.get(&name).cloned();
            let is = self.models.get(&name).map(|kept| Arc::new(self.computed(&kept.value)));
            if was == is {
                continue;
            }
            match &is {
                Some(is) => self.tiers.effective.insert(name.clone(), Arc::clone(is)),
                None => self.tiers.effective.remove(&name),
            };
            let below = self.models.get(&name).map(|kept| kept.value.dependencies());
            for next in below.into_iter().flatten() {
                if queued.insert(next.clone()) {
                    queue.push_back(next.clone());
                }
            }
            before.entry(name).or_insert(was);
        }
        before
    }

    /// Those of the models in `moved` whose tier is another one now.
    pub(super) fn shifts(&self, moved: Moved) -> Vec<Shift> {
        let shift = |(model, was): (ModelName, Option<Arc<Effective>>)| {
            let (before, after) = (was?.tier, self.tiers.effective.get(&model)?.tier);
            (before != after).then_some(Shift { model, before, after })
        };
        moved.into_iter().filter_map(shift).collect()
    }

    fn computed(&self, model: &Model) -> Effective {
        let kind = model.model_type.as_ref().and_then(|name| self.model_types.get(name));
        let dependents = self.tiers.dependents(&model.name);
        let with_tiers = dependents.filter_map(|name| Some((name, &**self.tiers.effective.get(name)?)));
        Effective::of(model, kind.map(|kept| &*kept.value), with_tiers)
    }

    /// The effective tier of a model as it is in this picture, or as it was or somebody wants it to be.
    #[must_use]
    pub fn effective(&self, model: &Model) -> Arc<Effective> {
        // The model of the picture itself has its tier in there; any other value of that name may differ from it.
        let is_kept = self.models.get(&model.name).is_some_and(|kept| std::ptr::eq(&raw const *kept.value, model));
        // Nor does what is about to change count.
        let is_settled = self.tiers.waiting.is_empty();
        let known = self.tiers.effective.get(&model.name).filter(|_| is_kept && is_settled);
        known.cloned().unwrap_or_else(|| Arc::new(self.computed(model)))
    }

    /// What a model is, for a policy, with another effective tier.
    #[must_use]
    pub fn subject_of_tier<'a>(&'a self, model: &'a ModelName, tier: u8) -> Subject<'a> {
        Subject { tier: Some(tier), ..self.subject(model) }
    }
}

/// The first name that a model of the type's namespace can have.
fn first_of(kind: &ModelTypeName) -> ModelName {
    let model = slipway_domain::name::Identifier::parse("a").expect("a is an identifier, and no other comes before it");
    ModelName { namespace: kind.namespace.clone(), model }
}
