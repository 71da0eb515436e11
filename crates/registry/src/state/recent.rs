//! What the newest revisions changed, exactly: made once, and told to every watcher that keeps up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::Vector;
use slipway_domain::name::ModelName;
use slipway_store::Revision;

use super::State;
use super::kept::{KeptResource, ListedModel, ResourceKind};
use super::tiers::Moved;

/// How many revisions are kept. A watcher that is further behind reads the store.
const REVISIONS: usize = 1024;
/// How many changes the kept revisions have together; one revision alone may have more.
const CHANGES: usize = 16 * 1024;

/// In what a resource differs from what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Differs {
    /// It was changed itself.
    Itself,
    /// In what is computed for it.
    Computed,
    /// Only in whose it is: its model belongs to somebody else, or matters more or less.
    Whose,
}

/// One resource in one revision.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Its full name.
    pub name: String,
    /// What it was; none if it was not there.
    pub before: Option<KeptResource>,
    /// What it is; none if it is forgotten for good.
    pub after: Option<KeptResource>,
    /// The model that it was or belonged to.
    pub model_before: Option<ListedModel>,
    /// The model that it is or belongs to.
    pub model_after: Option<ListedModel>,
    /// In what it differs.
    pub differs: Differs,
}

/// All that one revision changed, by name.
#[derive(Debug, Clone)]
pub struct Told {
    /// The revision.
    pub revision: Revision,
    /// What it changed.
    pub changes: Vec<Changed>,
}

/// The newest revisions. Copies share what they have in common.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    told: Vector<Arc<Told>>,
    /// How many changes they have together.
    changes: usize,
    /// All after this revision is here; none before the first state is whole.
    since: Option<Revision>,
    /// What was there before the changes that have come since the last revision was whole.
    before: BTreeMap<String, Option<KeptResource>>,
    /// The newest version numbers, likewise.
    latest_before: BTreeMap<ModelName, u64>,
}

impl Recent {
    /// The first revision after `after` that changed anything; none if there is none yet.
    ///
    /// # Errors
    /// What comes after `after` is not here any more: all that comes after the revision that is given back is.
    pub fn after(&self, after: Revision) -> Result<Option<&Arc<Told>>, Revision> {
        match self.since {
            Some(since) if since <= after => {}
            since => return Err(since.unwrap_or(Revision::MAX)),
        }
        let place = self.told.binary_search_by(|told| match told.revision <= after {
            true => std::cmp::Ordering::Less,
            false => std::cmp::Ordering::Greater,
        });
        Ok(self.told.get(place.unwrap_or_else(|place| place)))
    }

    fn push(&mut self, told: Told) {
        self.changes += told.changes.len();
        self.told.push_back(Arc::new(told));
        while self.told.len() > REVISIONS || (self.changes > CHANGES && self.told.len() > 1) {
            let Some(oldest) = self.told.pop_front() else { break };
            self.changes -= oldest.changes.len();
            self.since = Some(oldest.revision);
        }
    }
}

impl State {
    /// The resource called `name` is about to change.
    pub(super) fn changes(&mut self, name: &str) {
        if self.recent.since.is_some() && !self.recent.before.contains_key(name) {
            let before = self.find(name);
            self.recent.before.insert(name.to_owned(), before);
        }
    }

    /// The newest version number of `model` is about to change.
    pub(super) fn counts_on(&mut self, model: &ModelName) {
        if self.recent.since.is_some() {
            let before = self.latest_version(model);
            self.recent.latest_before.entry(model.clone()).or_insert(before);
        }
    }

    /// All changes of the revision have come, and moved the effective tiers of these models.
    pub(super) fn settle(&mut self, moved: &Moved) {
        if self.recent.since.is_none() {
            self.recent.since = Some(self.revision);
            return;
        }
        let resources = std::mem::take(&mut self.recent.before);
        let latest = std::mem::take(&mut self.recent.latest_before);
        if resources.is_empty() && latest.is_empty() {
            return;
        }
        let changes = Before { now: self, resources: &resources, latest: &latest, tiers: moved }.changes();
        let told = Told { revision: self.revision, changes };
        self.recent.push(told);
    }
}

/// What the state was before a revision, as far as it was another one.
struct Before<'a> {
    now: &'a State,
    resources: &'a BTreeMap<String, Option<KeptResource>>,
    latest: &'a BTreeMap<ModelName, u64>,
    tiers: &'a Moved,
}

impl Before<'_> {
    fn changes(&self) -> Vec<Changed> {
        let mut changes = BTreeMap::new();
        for model in self.models() {
            self.add_model(&model, &mut changes);
        }
        for (name, before) in self.resources {
            let after = self.now.find(name);
            let Some(one) = before.as_ref().or(after.as_ref()) else { continue };
            if matches!(one, KeptResource::Model(_)) {
                continue;
            }
            let of = one.model().cloned();
            let changed = Changed {
                name: name.clone(),
                model_before: of.as_ref().and_then(|model| self.model(model)),
                model_after: of.as_ref().and_then(|model| self.now.listed_model(model)),
                before: before.clone(),
                after,
                differs: Differs::Itself,
            };
            changes.insert(name.clone(), changed);
        }
        changes.into_values().collect()
    }

    /// The models that were changed, or for which something else is computed now.
    fn models(&self) -> BTreeSet<ModelName> {
        let mut models: BTreeSet<_> = self.latest.keys().chain(self.tiers.keys()).cloned().collect();
        let changed = self.resources.keys().filter(|name| ResourceKind::of_name(name) == Some(ResourceKind::Model));
        models.extend(changed.filter_map(|name| ModelName::parse(name).ok()));
        models
    }

    fn add_model(&self, model: &ModelName, changes: &mut BTreeMap<String, Changed>) {
        let (before, after) = (self.model(model), self.now.listed_model(model));
        let name = model.to_string();
        let differs = if self.resources.contains_key(&name) { Differs::Itself } else { Differs::Computed };
        if let (Some(before), Some(after)) = (&before, &after) {
            let computed = |listed: &ListedModel| (listed.latest_version, listed.tier_origin.clone());
            let whose = |listed: &ListedModel| (listed.model.value.owner.clone(), listed.effective_tier);
            if whose(before) != whose(after) {
                self.add_below(model, [before, after], changes);
            } else if differs == Differs::Computed && computed(before) == computed(after) {
                return;
            }
        }
        let changed = Changed {
            name: name.clone(),
            before: before.clone().map(KeptResource::Model),
            after: after.clone().map(KeptResource::Model),
            model_before: before,
            model_after: after,
            differs,
        };
        changes.insert(name, changed);
    }

    /// What belongs to a model that is another's now, or matters more or less.
    fn add_below(
        &self,
        model: &ModelName,
        [before, after]: [&ListedModel; 2],
        changes: &mut BTreeMap<String, Changed>,
    ) {
        let versions = self.now.versions_of(model).cloned().map(KeptResource::Version);
        let aliases = self.now.aliases_of(model).cloned().map(KeptResource::Alias);
        let traffic = self.now.traffic.get(model).cloned();
        let traffic = traffic.map(|kept| KeptResource::Traffic(model.clone(), kept));
        for kept in versions.chain(aliases).chain(traffic) {
            let changed = Changed {
                name: kept.name(),
                before: Some(kept.clone()),
                after: Some(kept),
                model_before: Some(before.clone()),
                model_after: Some(after.clone()),
                differs: Differs::Whose,
            };
            changes.insert(changed.name.clone(), changed);
        }
    }

    fn model(&self, name: &ModelName) -> Option<ListedModel> {
        let model = match self.resources.get(&name.to_string()) {
            Some(Some(KeptResource::Model(listed))) => listed.model.clone(),
            Some(_) => return None,
            None => self.now.models.get(name)?.clone(),
        };
        let effective = match self.tiers.get(name) {
            Some(before) => before.clone()?,
            None => self.now.effective(&model.value),
        };
        let latest = |name: &ModelName| self.latest.get(name).copied().unwrap_or_else(|| self.now.latest_version(name));
        Some(ListedModel::of(model, effective, latest))
    }
}
