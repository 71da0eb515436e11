//! Watching: the state first, then every revision whole, then marks of progress.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream;
use slipway_chassis::{Caller, record};
use slipway_domain::ledger::{Action, Change, Resource};
use slipway_domain::name::ModelName;
use slipway_store::picture::Picture;
use slipway_store::{Commit, Revision, Watch};

use super::Registry;
use super::access::{check_below, moves_the_view, sees};
use super::affected::{Affected, affected, may_affect};
use super::changes::below;
use crate::state::State;
use crate::{Error, keys};

/// How many resources a part of the first state has.
const PART: usize = 500;
/// How long a stream is silent before it says how far it has come. A matter of the transport: real time.
const PROGRESS: Duration = Duration::from_secs(5);

/// What a watcher wants to see.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// A resource's name, which takes in what lies below it; empty for everything.
    pub parent: String,
    /// Changes after this revision; none for the state first.
    pub after: Option<Revision>,
    /// The history that the revision belongs to; empty if that is not known.
    pub history: String,
}

/// A resource as a watcher sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its state.
    pub resource: Resource,
    /// The revision of its last change.
    pub revision: Revision,
    /// What was done to it.
    pub action: Action,
}

/// One message to a watcher.
#[derive(Debug, Clone)]
pub enum Event {
    /// A part of the state at the revision.
    Initial {
        /// The resources.
        seen: Vec<Seen>,
        /// The revision of the state.
        revision: Revision,
        /// Whether changes follow.
        last: Last,
    },
    /// All that one revision changed within the scope.
    Changes(Revision, Vec<Seen>),
    /// Everything up to the revision has been sent.
    Progress(Revision),
}

/// Whether a part of the first state is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// Another follows.
    No,
    /// Changes follow.
    Yes,
}

struct Follower {
    registry: Arc<Registry>,
    caller: Caller,
    scope: Scope,
    watch: Watch,
}

impl Registry {
    /// Streams what happens within `scope`. Dropping the stream ends it.
    ///
    /// # Errors
    /// `COMPACTED` if the changes after the revision are no longer kept, `REVISION_AHEAD` if it is not
    /// reached yet, `HISTORY_CHANGED` if it is of another history.
    pub async fn watch(
        self: &Arc<Self>,
        caller: &Caller,
        scope: Scope,
    ) -> Result<impl Stream<Item = Result<Event, Error>> + Send + use<>, Error> {
        check_below(caller, &scope.parent)?;
        if let Some(asked) = scope.after.filter(|_| !scope.history.is_empty() && *scope.history != *self.history) {
            return Err(Error::HistoryChanged { asked, history: scope.history });
        }
        let state = self.feed.current();
        let after = scope.after.unwrap_or(state.revision);
        let watch = self.store.watch(State::range(), after).await?;
        let initial = scope.after.is_none().then(|| initial(&state, caller, &scope)).into_iter().flatten();
        let follower = Follower { registry: Arc::clone(self), caller: caller.clone(), scope, watch };
        let live = stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            let event = follower.next().await;
            // After an error there is nothing left to follow.
            let rest = event.is_ok().then_some(follower);
            Some((event, rest))
        });
        Ok(stream::StreamExt::chain(stream::iter(initial.map(Ok)), live))
    }

    /// The picture, for what is computed from it.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.feed.current()
    }
}

/// The state as parts; at least one, so that a watcher of an empty registry learns that it is empty. Resources are
/// copied part by part as the watcher takes them, so that one that is slow costs no second state.
fn initial(state: &State, caller: &Caller, scope: &Scope) -> impl Iterator<Item = Event> + Send + use<> {
    let inside = state.resources().filter(|resource| {
        let name = resource.name();
        below(&scope.parent, &name) && sees(caller, state, &name)
    });
    let (revision, inside) = (state.revision, inside.collect::<Vec<_>>());
    let mut rest = Some(inside.into_iter());
    std::iter::from_fn(move || {
        let mut resources = rest.take()?;
        let seen = resources.by_ref().take(PART).map(|kept| {
            let (resource, revision) = kept.copied();
            Seen { resource, revision, action: Action::Create }
        });
        let seen = seen.collect();
        let last = if resources.len() == 0 { Last::Yes } else { Last::No };
        rest = Some(resources).filter(|_| last == Last::No);
        Some(Event::Initial { seen, revision, last })
    })
}

impl Follower {
    async fn next(&mut self) -> Result<Event, Error> {
        loop {
            let silence = self.registry.env.patience(PROGRESS, self.watch.next());
            let Ok(commit) = silence.await else {
                return Ok(Event::Progress(self.watch.progress()));
            };
            let commit = commit?;
            // What is computed for a resource, and who may see it, is read from the picture, which must not be older.
            self.registry.feed.reached(commit.revision).await;
            let seen = self.seen(&commit)?;
            if !seen.is_empty() {
                return Ok(Event::Changes(commit.revision, seen));
            }
        }
    }

    /// What a transaction changed within the scope: its entries of the ledger say it, and with them come the models that
    /// they may have moved to another effective tier.
    ///
    /// A caller that sees a part of the models alone, and for whom the transaction may have made that part another one,
    /// is told to begin anew; so is everybody if more was moved than a message holds.
    fn seen(&self, commit: &Commit) -> Result<Vec<Seen>, Error> {
        let state = self.registry.feed.current();
        let (mut seen, mut moved) = (Vec::new(), BTreeSet::new());
        for change in &commit.changes {
            let (key, Some(value)) = (change.key(), change.value()) else { continue };
            let Some(name) = keys::ledger_resource(key) else { continue };
            let inside = below(&self.scope.parent, name);
            if !inside && !may_affect(name) {
                continue;
            }
            let entry: Change = record::decode(value).map_err(|error| Error::damaged(key, &error))?;
            let anew = || Error::Compacted { oldest: commit.revision };
            match affected(&state, (entry.before.as_ref(), entry.after.as_ref()), PART) {
                Affected::Models(models) => moved.extend(models.into_iter().cloned()),
                Affected::TooMany => return Err(anew()),
            }
            if inside {
                seen.extend(self.entry(&state, commit.revision, entry)?);
            }
        }
        self.moved(&state, commit.revision, moved, &mut seen)?;
        Ok(seen)
    }

    /// What one entry tells the caller; nothing if it may not see it.
    fn entry(&self, state: &State, revision: Revision, entry: Change) -> Result<Option<Seen>, Error> {
        if let Some(after) = &entry.after
            && moves_the_view(&self.caller, state, entry.before.as_ref(), after)
        {
            return Err(Error::Compacted { oldest: revision });
        }
        let visible = match (&entry.after, &entry.before) {
            // What is forgotten for good is not in the picture any more.
            (None, Some(before)) => self.caller.covers(&state.resource_subject(before)),
            (Some(resource), _) => sees(&self.caller, state, &resource.name()),
            (None, None) => false,
        };
        let action = entry.action();
        let resource = entry.after.or(entry.before).filter(|_| visible);
        Ok(resource.map(|resource| Seen { resource, revision, action }))
    }

    /// Adds the models that `revision` may have moved and that it did not change.
    fn moved(
        &self,
        state: &State,
        revision: Revision,
        mut moved: BTreeSet<ModelName>,
        seen: &mut Vec<Seen>,
    ) -> Result<(), Error> {
        for told in &*seen {
            if let Resource::Model(model) = &told.resource {
                moved.remove(&model.name);
            }
        }
        moved.retain(|name| below(&self.scope.parent, &name.to_string()));
        let tiers_matter = |name: &ModelName| self.caller.granted.grant.tells_tiers_apart(name.namespace.as_str());
        if moved.len() > PART || moved.iter().any(tiers_matter) {
            return Err(Error::Compacted { oldest: revision });
        }
        let visible = moved.iter().filter(|name| self.caller.covers(&state.subject(name)));
        seen.extend(visible.filter_map(|name| state.models.get(name)).map(|kept| {
            let resource = Resource::Model((*kept.value).clone());
            Seen { resource, revision: kept.revision, action: Action::Update }
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use slipway_domain::model::ModelType;
    use slipway_domain::name::ModelTypeName;
    use slipway_store::picture::Kept;

    use super::*;
    use crate::kind::Rules;

    /// The sizes of the parts that a state of so many model types comes in, and which of them say that they are last.
    fn nobody() -> Caller {
        slipway_chassis::caller(&tonic::Request::new(()))
    }

    fn parts(types: usize) -> Vec<(usize, Last)> {
        let mut state = State::default();
        for number in 0..types {
            let name = ModelTypeName::parse(&format!("namespaces/default/modelTypes/t{number}")).unwrap();
            state.model_types.insert(name.clone(), Kept::new(ModelType::blank(&name), 1));
        }
        let size = |event| match event {
            Event::Initial { seen, last, .. } => (seen.len(), last),
            other => panic!("{other:?}"),
        };
        initial(&state, &nobody(), &Scope::default()).map(size).collect()
    }

    #[test]
    fn a_state_comes_in_parts_of_which_the_last_one_alone_says_so() {
        assert_eq!(parts(0), [(0, Last::Yes)]);
        assert_eq!(parts(PART), [(PART, Last::Yes)]);
        assert_eq!(parts(PART + 1), [(PART, Last::No), (1, Last::Yes)]);
    }
}
