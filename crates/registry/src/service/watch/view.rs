//! What a watcher sees: the part that it asked for, as far as it may see it. Watchers of the same view share what is made
//! for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use slipway_chassis::Caller;
use slipway_domain::access::{Grant, Subject};
use slipway_domain::filter::{Field, Fields, Filter};
use slipway_domain::name::ModelName;
use slipway_domain::traffic::Traffic;
use slipway_store::picture::Kept;

use super::{Batch, Happened, Scope, Seen};
use crate::Error;
use crate::service::changes::below;
use crate::service::list::Itself;
use crate::state::{Changed, Differs, KeptResource, ListedModel, ResourceKind, State, Told};

/// For how many revisions a view keeps what it was told, for whoever has it as well.
const KEPT: usize = 64;
/// Fields that are computed from other resources.
const COMPUTED: [&str; 3] = ["effective_tier", "tier_origin.kind", "latest_version"];

/// How much is known of what was there before a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::service) enum Knowledge {
    /// All.
    Exact,
    /// What is computed from other resources is as they are later.
    Own,
}

/// What a watcher sees.
#[derive(Debug)]
pub(in crate::service) struct View {
    parent: String,
    kinds: BTreeSet<ResourceKind>,
    filter: Filter,
    /// Whether the filter is over what is computed from other resources.
    computes: bool,
    grant: Grant,
    made: Mutex<VecDeque<Arc<Batch>>>,
}

impl View {
    fn new(caller: &Caller, scope: &Scope) -> Result<Self, Error> {
        let kinds: BTreeSet<_> = match scope.kinds.is_empty() {
            true => ResourceKind::ALL.into(),
            false => scope.kinds.iter().copied().collect(),
        };
        let mut filter = None;
        for kind in &kinds {
            filter = Some(parse(*kind, &scope.filter)?);
        }
        let filter = filter.ok_or_else(|| Error::invalid("kinds", "REQUIRED", "must name a kind"))?;
        Ok(Self {
            parent: scope.parent.clone(),
            kinds,
            computes: COMPUTED.iter().any(|path| filter.mentions(path)),
            filter,
            grant: caller.granted.grant.clone(),
            made: Mutex::default(),
        })
    }

    /// Whether a resource that belongs to `model`, if to any, is seen.
    pub fn sees(&self, kept: &KeptResource, model: Option<&ListedModel>) -> bool {
        self.kinds.contains(&kept.kind()) && self.may_see(kept, model) && self.matches(kept)
    }

    /// Whether a resource of this name lies in the part that is watched.
    pub fn takes_in(&self, name: &str) -> bool {
        below(&self.parent, name)
    }

    /// Whether everything in the namespace may be seen, so that nobody can take it out of the view.
    pub fn is_whole(&self, namespace: &str) -> bool {
        self.grant.covers_whole(namespace)
    }

    /// A resource as who has the view may know it: where a tier comes from is told as far as that is seen.
    pub fn shown(&self, kept: KeptResource, state: &State) -> KeptResource {
        match kept {
            KeptResource::Model(listed) => KeptResource::Model(listed.shown_to(&self.grant, state)),
            other => other,
        }
    }

    /// The same of all that a revision is to it. Who sees everything shares what is made once for all.
    pub fn batch_shown(&self, batch: Arc<Batch>, state: &State) -> Arc<Batch> {
        if self.grant.covers_everything() {
            return batch;
        }
        let shown = |seen: &Seen| {
            let resource = seen.resource.clone().map(|kept| self.shown(kept, state));
            Seen { resource, ..seen.clone() }
        };
        Arc::new(Batch { revision: batch.revision, seen: batch.seen.iter().map(shown).collect() })
    }

    fn may_see(&self, kept: &KeptResource, model: Option<&ListedModel>) -> bool {
        let namespace = kept.namespace().as_str();
        if self.grant.covers_whole(namespace) {
            return true;
        }
        if kept.model().is_none() {
            return self.grant.touches(namespace);
        }
        let team = model.map(|listed| listed.model.value.owner.as_str()).filter(|owner| !owner.is_empty());
        self.grant.covers(&Subject { namespace, team, tier: model.map(|listed| listed.effective_tier) })
    }

    fn matches(&self, kept: &KeptResource) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        match kept {
            KeptResource::ModelType(kept) => self.filter.matches(&Itself(kept.clone())),
            KeptResource::Model(listed) => self.filter.matches(listed),
            KeptResource::Version(kept) => self.filter.matches(&Itself(kept.clone())),
            KeptResource::Traffic(model, kept) => self.filter.matches(&TrafficOf(model, kept)),
            KeptResource::Team(kept) => self.filter.matches(&Itself(kept.clone())),
            KeptResource::Alias(kept) => self.filter.matches(&Itself(kept.clone())),
            KeptResource::Namespace(kept) => self.filter.matches(&Itself(kept.clone())),
            KeptResource::Policy(kept) => self.filter.matches(&Itself(kept.clone())),
        }
    }

    /// What a revision is to this view; the same for all who have it.
    pub fn batch(self: &Arc<Self>, told: &Told) -> Arc<Batch> {
        // Whoever is alone with a view keeps nothing: one watches, and the list of views has no strong part.
        if Arc::strong_count(self) == 1 {
            return Arc::new(self.made(told, Knowledge::Exact));
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.iter().rev().find(|batch| batch.revision == told.revision) {
            return Arc::clone(known);
        }
        let new = Arc::new(self.made(told, Knowledge::Exact));
        made.push_back(Arc::clone(&new));
        if made.len() > KEPT {
            made.pop_front();
        }
        new
    }

    /// What a revision is to this view.
    pub fn made(&self, told: &Told, knowledge: Knowledge) -> Batch {
        let seen = told.changes.iter().filter(|changed| self.takes_in(&changed.name));
        let seen = seen.filter_map(|changed| self.seen(changed, knowledge)).collect();
        Batch { revision: told.revision, seen }
    }

    fn seen(&self, changed: &Changed, knowledge: Knowledge) -> Option<Seen> {
        let Changed { name, before, after, model_before, model_after, differs } = changed;
        let was = before.as_ref().is_some_and(|kept| match knowledge {
            // It may have been seen, by a filter over what was computed then: whoever never saw it is told of nothing.
            Knowledge::Own if self.computes => {
                self.kinds.contains(&kept.kind()) && self.may_see(kept, model_before.as_ref())
            }
            Knowledge::Own | Knowledge::Exact => self.sees(kept, model_before.as_ref()),
        });
        let is = after.as_ref().filter(|kept| self.sees(kept, model_after.as_ref()));
        let (happened, resource) = match (was, is) {
            (true, Some(_)) if *differs == Differs::Whose => return None,
            (_, Some(kept)) if before.is_none() => (Happened::Created, Some(kept.clone())),
            (_, Some(kept)) => (Happened::Updated, Some(kept.clone())),
            (true, None) if after.is_none() => (Happened::Deleted, None),
            (true, None) => (Happened::Left, None),
            (false, None) => return None,
        };
        Some(Seen { name: name.clone(), happened, resource })
    }
}

/// Traffic as it is filtered.
struct TrafficOf<'a>(&'a ModelName, &'a Kept<Traffic>);

impl Fields for TrafficOf<'_> {
    const PATHS: &'static [&'static str] = &["name", "generation", "epoch", "update_time"];

    fn field(&self, path: &str) -> Field<'_> {
        let traffic = &self.1.value;
        match path {
            "name" => Field::Text(self.0.traffic().into()),
            "generation" => Field::Number(traffic.generation as f64),
            "epoch" => Field::Number(traffic.epoch as f64),
            "update_time" => traffic.updated_at.map_or(Field::Absent, |at| Field::Number(at.as_second() as f64)),
            _ => Field::Absent,
        }
    }
}

/// Parses a filter over the fields of a kind.
fn parse(kind: ResourceKind, text: &str) -> Result<Filter, Error> {
    use slipway_domain::alias::Alias;
    use slipway_domain::model::{ModelType, Version};
    use slipway_domain::namespace::Namespace;
    use slipway_domain::policy::Policy;
    use slipway_domain::team::Team;
    let parsed = match kind {
        ResourceKind::ModelType => Filter::parse::<Itself<ModelType>>(text),
        ResourceKind::Model => Filter::parse::<ListedModel>(text),
        ResourceKind::Version => Filter::parse::<Itself<Version>>(text),
        ResourceKind::Traffic => Filter::parse::<TrafficOf<'_>>(text),
        ResourceKind::Team => Filter::parse::<Itself<Team>>(text),
        ResourceKind::Alias => Filter::parse::<Itself<Alias>>(text),
        ResourceKind::Namespace => Filter::parse::<Itself<Namespace>>(text),
        ResourceKind::Policy => Filter::parse::<Itself<Policy>>(text),
    };
    parsed.map_err(|error| {
        let hint = "say with `kinds` which kinds are meant";
        Error::invalid("filter", "NOT_UNDERSTOOD", format!("of {kind:?}: {error}; {hint}"))
    })
}

/// What tells views apart, but for the grant.
type Key = (String, BTreeSet<ResourceKind>, String);

/// The views that are watched now.
#[derive(Debug, Default)]
pub(in crate::service) struct Views(Mutex<BTreeMap<Key, Vec<Weak<View>>>>);

impl Views {
    /// The view of a watcher, which others may have as well.
    pub fn view(&self, caller: &Caller, scope: &Scope) -> Result<Arc<View>, Error> {
        let new = Arc::new(View::new(caller, scope)?);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, views| {
            views.retain(|view| view.strong_count() > 0);
            !views.is_empty()
        });
        let views = all.entry((scope.parent.clone(), new.kinds.clone(), scope.filter.clone())).or_default();
        if let Some(known) = views.iter().filter_map(Weak::upgrade).find(|view| view.grant == new.grant) {
            return Ok(known);
        }
        views.push(Arc::downgrade(&new));
        Ok(new)
    }
}
