//! Watching: the state first, then every revision whole, then marks of progress.
//!
//! A watcher is a place in the order of revisions. While it keeps up it reads what the picture holds of the newest ones,
//! which is made once for all; further behind it reads the store.

mod behind;
mod view;

use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream;
use slipway_chassis::Caller;
use slipway_chassis::env::{Env, Stopwatch};
use slipway_store::picture::Picture as _;
use slipway_store::{Revision, Watch};

use super::Registry;
use super::access::check_below;
use crate::Error;
use crate::state::{KeptResource, ResourceKind, State};
use view::{Knowledge, View};

pub(super) use view::Views;

/// How many resources a part of the first state has, or of a revision.
const PART: usize = 500;
/// The most models that a past change is told to have moved; beyond it a watcher begins anew.
const MOST: usize = 2_000;
/// How long a stream is silent before it says how far it has come. A matter of the transport: real time.
const PROGRESS: Duration = Duration::from_secs(5);

/// What a watcher wants to see.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// A resource's name, which takes in what lies below it; empty for everything.
    pub parent: String,
    /// Of these kinds; of all if there are none.
    pub kinds: Vec<ResourceKind>,
    /// Which ones; empty for all.
    pub filter: String,
    /// Changes after this revision; none for the state first.
    pub after: Option<Revision>,
    /// The history that the revision belongs to; empty if that is not known.
    pub history: String,
}

/// A resource as a watcher sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its full name.
    pub name: String,
    /// What became of it.
    pub happened: Happened,
    /// Its state; none where it is not seen any more.
    pub resource: Option<KeptResource>,
}

/// What became of a resource, as a watcher sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It is new.
    Created,
    /// It was there already, though perhaps not for this watcher.
    Updated,
    /// It is gone.
    Deleted,
    /// It is not for this watcher any more.
    Left,
}

/// All that one revision is to a view.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The revision.
    pub revision: Revision,
    /// What became of which resources, by name; empty if it is nothing to the view.
    pub seen: Vec<Seen>,
}

/// What one revision is to a view, or a part of that: what many share is not copied.
#[derive(Debug, Clone)]
pub struct Part {
    batch: Arc<Batch>,
    from: usize,
}

impl Part {
    /// The revision.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.batch.revision
    }

    /// What became of which resources.
    #[must_use]
    pub fn seen(&self) -> &[Seen] {
        let rest = &self.batch.seen[self.from..];
        &rest[..rest.len().min(PART)]
    }

    /// Whether it is the last of its revision.
    #[must_use]
    pub fn last(&self) -> Last {
        if self.from + PART < self.batch.seen.len() { Last::No } else { Last::Yes }
    }

    fn behind(&self) -> Option<Self> {
        let next = Self { batch: Arc::clone(&self.batch), from: self.from + PART };
        (self.last() == Last::No).then_some(next)
    }
}

/// One message to a watcher.
#[derive(Debug, Clone)]
pub enum Event {
    /// A part of the state at the revision.
    Initial {
        /// The resources.
        resources: Vec<KeptResource>,
        /// The revision of the state.
        revision: Revision,
        /// Whether changes follow.
        last: Last,
    },
    /// What one revision changed within the scope, or a part of it.
    Changes(Part),
    /// Everything up to the revision has been sent.
    Progress(Revision),
    /// Everything up to the revision has been sent, and the stream ends since it is old.
    Aged(Revision),
}

/// Whether a part of the first state, or of a revision, is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// Another follows.
    No,
    /// What follows is later.
    Yes,
}

/// A watcher behind the state that it began with.
struct Follower {
    registry: Arc<Registry>,
    view: Arc<View>,
    /// Everything up to here has been looked at.
    at: Revision,
    /// What it reads while it is further behind than the picture goes back.
    store: Option<Watch>,
    /// The next part of the revision that is being sent.
    part: Option<Part>,
    /// How old it is, and how old it gets.
    age: (Stopwatch, Duration),
    /// How long it has been silent.
    silence: Stopwatch,
}

impl Registry {
    /// Streams what happens within `scope`. Dropping the stream ends it.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter that one of the kinds does not understand; `COMPACTED` if the changes after the
    /// revision are no longer kept, `REVISION_AHEAD` if it is not reached yet, `HISTORY_CHANGED` if it is of another
    /// history.
    pub async fn watch(
        self: &Arc<Self>,
        caller: &Caller,
        scope: Scope,
    ) -> Result<impl Stream<Item = Result<Event, Error>> + Send + use<>, Error> {
        check_below(caller, &scope.parent)?;
        let view = self.views.view(caller, &scope)?;
        if let Some(asked) = scope.after.filter(|_| !scope.history.is_empty() && *scope.history != *self.history) {
            return Err(Error::HistoryChanged { asked, history: scope.history });
        }
        let state = self.feed.current();
        let at = scope.after.unwrap_or(state.revision);
        // The store knows whether there is such a revision, and whether what comes after it is kept.
        self.store.watch(State::range(), at).await?;
        let initial = scope.after.is_none().then(|| initial(&state, &view)).into_iter().flatten();
        let silence = self.env.stopwatch();
        let age = (silence, age(&self.env, self.settings.watch_max_age));
        let follower = Follower { registry: Arc::clone(self), view, at, store: None, part: None, age, silence };
        let live = stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            let event = follower.next().await;
            // After an error, or the last event, there is nothing left to follow.
            let goes_on = matches!(event, Ok(Event::Initial { .. } | Event::Changes(_) | Event::Progress(_)));
            Some((event, goes_on.then_some(follower)))
        });
        Ok(stream::StreamExt::chain(stream::iter(initial.map(Ok)), live))
    }

    /// The picture, for what is computed from it.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.feed.current()
    }
}

/// How old a stream gets: between three quarters of `most` and all of it, so that streams that began together do not all
/// come again together.
fn age(env: &Env, most: Duration) -> Duration {
    let spread = (env.random_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    most.mul_f64(0.75 + 0.25 * spread)
}

/// The state as parts; at least one, so that a watcher of an empty registry learns that it is empty. What is sent of a
/// resource is made part by part as the watcher takes them, so that one that is slow costs no second state.
fn initial(state: &State, view: &View) -> impl Iterator<Item = Event> + Send + use<> {
    let inside = state.resources().filter(|kept| {
        let model = match kept {
            KeptResource::Model(listed) => Some(listed.clone()),
            other => other.model().and_then(|model| state.listed_model(model)),
        };
        view.takes_in(&kept.name()) && view.sees(kept, model.as_ref())
    });
    let inside = inside.map(|kept| view.shown(kept, state));
    let (revision, inside) = (state.revision, inside.collect::<Vec<_>>());
    let mut rest = Some(inside.into_iter());
    std::iter::from_fn(move || {
        let mut waiting = rest.take()?;
        let resources = waiting.by_ref().take(PART).collect();
        let last = if waiting.len() == 0 { Last::Yes } else { Last::No };
        rest = Some(waiting).filter(|_| last == Last::No);
        Some(Event::Initial { resources, revision, last })
    })
}

impl Follower {
    fn sent(&mut self, part: Part) -> Event {
        self.part = part.behind();
        self.silence = self.registry.env.stopwatch();
        Event::Changes(part)
    }

    fn progress(&mut self) -> Event {
        self.silence = self.registry.env.stopwatch();
        Event::Progress(self.at)
    }

    async fn next(&mut self) -> Result<Event, Error> {
        if let Some(part) = self.part.take() {
            return Ok(self.sent(part));
        }
        loop {
            let (born, most) = self.age;
            let left = most.saturating_sub(born.elapsed());
            if left.is_zero() {
                return Ok(Event::Aged(self.at));
            }
            let read = self.read().await?;
            let is_last = read.is_none();
            if let Some(batch) = read.filter(|batch| !batch.seen.is_empty()) {
                let state = self.registry.feed.current();
                return Ok(self.sent(Part { batch: self.view.batch_shown(batch, &state), from: 0 }));
            }
            // What is nothing to the view does not break the silence.
            let quiet = PROGRESS.saturating_sub(self.silence.elapsed());
            if quiet.is_zero() {
                return Ok(self.progress());
            }
            if is_last {
                let come = self.registry.feed.reached(self.at + 1);
                // Whether anything came is seen when it is read.
                let _ = self.registry.env.patience(left.min(quiet), come).await;
            }
        }
    }

    /// What the next revision is to the view; none if there is none yet.
    async fn read(&mut self) -> Result<Option<Arc<Batch>>, Error> {
        let state = self.registry.feed.current();
        let since = match state.recent.after(self.at) {
            Ok(told) => {
                self.store = None;
                self.at = told.map_or(state.revision.max(self.at), |told| told.revision);
                return Ok(told.map(|told| self.view.batch(told)));
            }
            Err(since) => since,
        };
        let store = match &mut self.store {
            Some(store) => store,
            none => none.insert(self.registry.store.watch(State::range(), self.at).await?),
        };
        debug_assert!(self.at < since, "there are revisions between, which the store has");
        let commit = store.next().await?;
        // Whose a resource is, and what is computed for it, is read from the picture, which must not be older.
        self.registry.feed.reached(commit.revision).await;
        let told = behind::told(&commit, &self.registry.feed.current(), &self.view)?;
        self.at = commit.revision;
        Ok(Some(Arc::new(self.view.made(&told, Knowledge::Own))))
    }
}

#[cfg(test)]
mod tests {
    use slipway_domain::model::ModelType;
    use slipway_domain::name::ModelTypeName;
    use slipway_store::picture::Kept;

    use super::*;
    use crate::kind::Rules;

    fn nobody() -> Caller {
        slipway_chassis::caller(&tonic::Request::new(()))
    }

    /// The sizes of the parts that a state of so many model types comes in, and which of them say that they are last.
    fn parts(types: usize) -> Vec<(usize, Last)> {
        let mut state = State::default();
        for number in 0..types {
            let name = ModelTypeName::parse(&format!("namespaces/default/modelTypes/t{number}")).unwrap();
            state.model_types.insert(name.clone(), Kept::new(ModelType::blank(&name), 1));
        }
        let size = |event| match event {
            Event::Initial { resources, last, .. } => (resources.len(), last),
            other => panic!("{other:?}"),
        };
        let view = Views::default().view(&nobody(), &Scope::default()).unwrap();
        initial(&state, &view).map(size).collect()
    }

    #[test]
    fn a_state_comes_in_parts_of_which_the_last_one_alone_says_so() {
        assert_eq!(parts(0), [(0, Last::Yes)]);
        assert_eq!(parts(PART), [(PART, Last::Yes)]);
        assert_eq!(parts(PART + 1), [(PART, Last::No), (1, Last::Yes)]);
    }

    #[test]
    fn streams_that_began_together_do_not_end_together() {
        let (env, _) = Env::driven(jiff::Timestamp::UNIX_EPOCH, 7);
        let most = Duration::from_secs(100);
        let mut ages: Vec<_> = (0..100).map(|_| age(&env, most)).collect();
        assert!(ages.iter().all(|age| *age >= most.mul_f64(0.75) && *age <= most));
        ages.sort_unstable();
        ages.dedup();
        assert!(ages.len() > 90, "{ages:?}");
    }
}
