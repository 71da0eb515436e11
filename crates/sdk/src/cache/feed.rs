//! Feeds a cache from the registry's watch, and its file from the cache.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use slipway_domain::name::ModelName;
use tokio::time::Instant;
use tonic::Code;

use super::{Picture, Shared, file};
use crate::error::Error;
use crate::pb;
use crate::pb::watch_response::Event;
use crate::registry::Registry;
use crate::retry::{Backoff, RetryPolicy};

/// Follows the registry until the task is aborted. Even what the registry refuses for good is asked again in time:
/// rights and namespaces can be given later, and a cache without an answer still serves what it has.
pub(super) async fn run(shared: Arc<Shared>, registry: Registry) {
    let mut backoff = Backoff::new(RetryPolicy::default());
    loop {
        let request = pb::WatchRequest { parent: shared.settings.parent.clone(), ..Default::default() };
        let mut changes = registry.watch(request);
        let (mut beginning, mut begun) = (Picture::default(), pb::RevisionChanges::default());
        while let Some(change) = changes.next().await {
            match change {
                Ok(message) => {
                    backoff.reset();
                    shared.take(message, &mut beginning, &mut begun);
                }
                Err(failure) => shared.interrupted(failure),
            }
        }
        tokio::time::sleep(backoff.wait(None)).await;
    }
}

impl Shared {
    /// Takes one message in. `beginning` gathers the state that a stream begins with until it is whole, and `begun` a
    /// revision that comes in parts.
    fn take(&self, message: pb::WatchResponse, beginning: &mut Picture, begun: &mut pb::RevisionChanges) {
        match message.event {
            Some(Event::InitialState(part)) => {
                *begun = pb::RevisionChanges::default();
                if !beginning.is_as_of(&message.history, part.revision) {
                    // The stream broke within its first state, and another one has begun.
                    *beginning = Picture::beginning(&message.history, part.revision);
                }
                part.resources.into_iter().for_each(|resource| beginning.put(resource));
                if part.complete {
                    self.replace(std::mem::take(beginning));
                }
            }
            Some(Event::Changes(part)) => {
                if begun.revision != part.revision || begun.changes.is_empty() {
                    *begun = pb::RevisionChanges { revision: part.revision, ..Default::default() };
                }
                begun.changes.extend(part.changes);
                if !part.partial {
                    self.change(std::mem::take(begun));
                }
            }
            Some(Event::Progress(progress)) => self.heard(progress.revision),
            // The stream that follows goes on where this one ended.
            Some(Event::Ending(ending)) => self.heard(ending.revision),
            None => tracing::debug!("the registry is newer than this client and tells of something else"),
        }
    }

    fn replace(&self, picture: Picture) {
        let (history, revision) = (picture.history.clone(), picture.revision());
        self.picture.store(Arc::new(picture));
        self.tables.refresh(&self.picture());
        self.published(&history, revision);
    }

    fn change(&self, changes: pb::RevisionChanges) {
        let mut picture = Picture::clone(&self.picture.load());
        let mut rerouted = Vec::new();
        for pb::ResourceChange { name, action: _, resource } in changes.changes {
            rerouted.extend(ModelName::parse_traffic(&name));
            match resource {
                Some(resource) => picture.put(resource),
                None => picture.remove(&name),
            }
        }
        picture.reach(changes.revision);
        self.picture.store(Arc::new(picture));
        self.tables.reroute(&rerouted, &self.picture());
        let history = self.picture().history.clone();
        self.published(&history, changes.revision);
    }

    /// Tells everybody who waits of the new picture at `revision`, which is known to be the present.
    fn published(&self, history: &Arc<str>, revision: i64) {
        self.news.send_modify(|news| {
            (news.known, news.moment) = (true, (Arc::clone(history), revision));
            news.hear(revision);
        });
    }

    fn heard(&self, revision: i64) {
        self.news.send_modify(|news| news.hear(revision));
    }

    fn interrupted(&self, failure: Error) {
        tracing::info!(%failure, "the registry's changes are interrupted; the last known state is served");
        self.news.send_modify(|news| {
            news.live = false;
            news.interruption = Some(failure);
        });
    }
}

/// Writes the file whenever the picture has changed, with all that changes within the debounce.
pub(super) async fn keep_file(shared: Arc<Shared>) {
    if shared.settings.file.is_none() {
        return;
    }
    let mut news = shared.news.subscribe();
    let mut saved = news.borrow().moment.clone();
    // The first state is saved at once: the process may not live for long.
    let mut debounce = Duration::ZERO;
    // The sender lives in `shared`, so the wait ends with a change alone.
    while news.wait_for(|news| news.moment != saved).await.is_ok() {
        tokio::time::sleep(std::mem::replace(&mut debounce, shared.settings.debounce)).await;
        saved = news.borrow_and_update().moment.clone();
        let began = Instant::now();
        if let Err(failure) = save(&shared).await {
            tracing::warn!(%failure, "the cache's file was not written");
        }
        // A large picture that changes all the time shall not keep the disk busy all the time.
        tokio::time::sleep(began.elapsed() * 10).await;
    }
}

/// Writes the file now.
pub(super) async fn save(shared: &Arc<Shared>) -> Result<(), Error> {
    let known = shared.news.borrow().known;
    let (Some(path), true) = (shared.settings.file.clone(), known) else { return Ok(()) };
    let (shared, picture) = (Arc::clone(shared), shared.picture());
    let written = tokio::task::spawn_blocking(move || {
        file::save(&path, &shared.settings.parent, &picture, Timestamp::now())
            .map_err(|error| format!("{} can't be written: {error}", path.display()))
    });
    let told = |message: String| Error::local(Code::Internal, "CACHE_FILE", message);
    written.await.map_err(|panic| told(panic.to_string()))?.map_err(told)
}

#[cfg(test)]
mod tests {
    use super::super::CacheSettings;
    use super::*;

    fn model(id: &str) -> pb::Resource {
        let one = pb::Model { name: format!("namespaces/default/models/{id}"), ..Default::default() };
        pb::Resource { resource: Some(pb::resource::Resource::Model(one)) }
    }

    fn part(revision: i64, id: &str) -> pb::WatchResponse {
        let part = pb::InitialState { resources: vec![model(id)], revision, complete: false };
        pb::WatchResponse { event: Some(Event::InitialState(part)), history: "h".to_owned() }
    }

    fn end(revision: i64) -> pb::WatchResponse {
        let end = pb::InitialState { resources: Vec::new(), revision, complete: true };
        pb::WatchResponse { event: Some(Event::InitialState(end)), history: "h".to_owned() }
    }

    fn known(shared: &Shared) -> (i64, Vec<String>) {
        let picture = shared.picture();
        (picture.revision(), picture.models().map(|(name, _)| name.to_string()).collect())
    }

    #[test]
    fn a_state_that_began_anew_has_nothing_of_the_one_before() {
        let (shared, mut beginning) = (Shared::load(CacheSettings::default()), Picture::default());
        let mut begun = pb::RevisionChanges::default();
        shared.take(part(5, "gone"), &mut beginning, &mut begun);
        assert_eq!(known(&shared), (0, Vec::new()), "half a state is none");
        shared.take(part(7, "a"), &mut beginning, &mut begun);
        shared.take(part(7, "b"), &mut beginning, &mut begun);
        shared.take(end(7), &mut beginning, &mut begun);
        let both = ["a", "b"].map(|id| format!("namespaces/default/models/{id}"));
        assert_eq!(known(&shared), (7, both.to_vec()));
    }

    #[test]
    fn a_revision_that_comes_in_parts_is_seen_whole() {
        let (shared, mut beginning) = (Shared::load(CacheSettings::default()), Picture::default());
        let mut begun = pb::RevisionChanges::default();
        shared.take(end(7), &mut beginning, &mut begun);
        let change = |revision, id: &str, partial| {
            let name = format!("namespaces/default/models/{id}");
            let change = pb::ResourceChange { name, resource: Some(model(id)), ..Default::default() };
            let changes = pb::RevisionChanges { revision, changes: vec![change], partial };
            pb::WatchResponse { event: Some(Event::Changes(changes)), history: "h".to_owned() }
        };
        shared.take(change(8, "a", true), &mut beginning, &mut begun);
        assert_eq!(known(&shared), (7, Vec::new()), "half a revision is none");
        // The stream broke, and the next one begins with the first part again.
        shared.take(change(8, "a", true), &mut beginning, &mut begun);
        shared.take(change(8, "b", false), &mut beginning, &mut begun);
        let both = ["a", "b"].map(|id| format!("namespaces/default/models/{id}"));
        assert_eq!(known(&shared), (8, both.to_vec()));
        shared.take(change(9, "c", true), &mut beginning, &mut begun);
        shared.take(end(3), &mut beginning, &mut begun);
        shared.take(change(9, "d", false), &mut beginning, &mut begun);
        assert_eq!(known(&shared), (9, vec!["namespaces/default/models/d".to_owned()]), "a state that began anew");
    }

    #[test]
    fn progress_is_heard_ends_an_interruption_and_leaves_the_picture_as_it_is() {
        let (shared, mut beginning) = (Shared::load(CacheSettings::default()), Picture::default());
        let mut begun = pb::RevisionChanges::default();
        shared.take(end(7), &mut beginning, &mut begun);
        shared.interrupted(Error::local(Code::Unavailable, "DRAINING", "stopping".to_owned()));
        let interrupted = shared.news.borrow().freshness();
        assert!(!interrupted.live && interrupted.interruption.is_some());
        let progress = pb::Progress { revision: 9 };
        let message = pb::WatchResponse { event: Some(Event::Progress(progress)), history: "h".to_owned() };
        shared.take(message, &mut beginning, &mut begun);
        let heard = shared.news.borrow().freshness();
        assert_eq!((heard.live, heard.interruption, heard.revision, known(&shared).0), (true, None, 9, 7));
    }
}
