//! Watching: the launches as they are, then every change of one, then marks of progress.

use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream;
use slipway_chassis::Caller;
use slipway_domain::name::{Identifier, LaunchName};
use slipway_store::picture::Kept;
use slipway_store::{Commit, Revision, Watch};

use super::Launcher;
use super::access::{find, sees};
use crate::record::{self, Record, Row};
use crate::state::State;
use crate::{Error, keys};

/// How long a stream is silent before it says how far it has come. A matter of the transport: real time.
const PROGRESS: Duration = Duration::from_secs(5);

/// Which launches a watcher wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Everything,
    /// Those of a namespace.
    Namespace(Identifier),
    /// One.
    Launch(LaunchName),
}

/// Whether a message belongs to the state that a stream begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It does.
    Initial,
    /// It is a change.
    Change,
}

/// One message to a watcher.
#[derive(Debug, Clone)]
pub enum Event {
    /// A launch as it is, or as it is after a change; with the revision of the picture, or of the change.
    Launch(Kept<Record>, Revision, Moment),
    /// Everything up to the revision has been sent.
    Progress(Revision),
}

impl Scope {
    fn takes(&self, name: &LaunchName) -> bool {
        match self {
            Self::Everything => true,
            Self::Namespace(namespace) => name.namespace == *namespace,
            Self::Launch(launch) => name == launch,
        }
    }
}

struct Follower {
    launcher: Arc<Launcher>,
    caller: Caller,
    scope: Scope,
    watch: Watch,
    /// Decoded and not sent yet.
    ready: std::vec::IntoIter<Event>,
}

impl Launcher {
    /// Streams the launches of `scope` and, behind them, each change after them; or each change after revision `after`
    /// alone. Dropping the stream ends it.
    ///
    /// # Errors
    /// `NOT_FOUND` for a launch that does not exist, `COMPACTED` if the changes after the revision are no longer kept,
    /// `REVISION_AHEAD` if it is not reached yet.
    pub async fn watch_launches(
        self: &Arc<Self>,
        caller: &Caller,
        scope: Scope,
        after: Option<Revision>,
    ) -> Result<impl Stream<Item = Result<Event, Error>> + Send + use<>, Error> {
        let state = self.feed.current();
        match &scope {
            Scope::Everything => caller.check_listing("-", &"namespaces/-")?,
            Scope::Namespace(id) => caller.check_listing(id.as_str(), &format!("namespaces/{}", id.as_str()))?,
            Scope::Launch(name) => drop(find(caller, &state, name)?),
        }
        let watch = self.store.watch(keys::launches(), after.unwrap_or(state.revision)).await?;
        let ready = if after.is_none() { initial(&state, caller, &scope) } else { Vec::new() };
        let follower =
            Follower { launcher: Arc::clone(self), caller: caller.clone(), scope, watch, ready: ready.into_iter() };
        Ok(stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            let event = follower.next().await;
            // After an error there is nothing left to follow.
            let rest = event.is_ok().then_some(follower);
            Some((event, rest))
        }))
    }
}

/// The state, oldest launch first, and a mark that it is complete.
fn initial(state: &State, caller: &Caller, scope: &Scope) -> Vec<Event> {
    let inside = state.by_age.iter().filter(|(_, name)| scope.takes(name));
    let found = inside.filter_map(|(_, name)| find(caller, state, name).ok());
    let shown = found.map(|found| Event::Launch(found, state.revision, Moment::Initial));
    shown.chain([Event::Progress(state.revision)]).collect()
}

impl Follower {
    async fn next(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.ready.next() {
                return Ok(event);
            }
            let silence = self.launcher.env.patience(PROGRESS, self.watch.next());
            let Ok(commit) = silence.await else {
                return Ok(Event::Progress(self.watch.progress()));
            };
            let commit = commit?;
            self.ready = self.seen(&commit)?.into_iter();
            // Who hears of a change must not read an older state afterwards.
            self.launcher.feed.reached(commit.revision).await;
        }
    }

    /// The launches that a transaction changed.
    fn seen(&self, commit: &Commit) -> Result<Vec<Event>, Error> {
        let mut seen = Vec::new();
        for change in &commit.changes {
            let Some(value) = change.value() else { continue };
            let Row::Launch(record) = record::read(change.key(), value)? else { continue };
            if self.scope.takes(&record.launch.name) && sees(&self.caller, &record) {
                let found = Kept::new(*record, commit.revision);
                seen.push(Event::Launch(found, commit.revision, Moment::Change));
            }
        }
        Ok(seen)
    }
}
