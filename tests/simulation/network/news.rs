//! News of traffic from the registry's watch, taken up again whenever it breaks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use slipway_chassis::env::Env;
use slipway_launcher::peers::News;
use slipway_registry::service::{Event, Scope, Seen};
use slipway_registry::state::KeptResource;
use slipway_registry::{Error, Registry};
use tokio_util::sync::CancellationToken;

use crate::place::Place;
use crate::reader::reader;

/// How long to wait before the registry is asked again.
const PAUSE: Duration = Duration::from_secs(5);

type Events = std::pin::Pin<Box<dyn Stream<Item = Result<Event, Error>> + Send>>;

struct Pursuit {
    registry: Arc<Place<Registry>>,
    env: Env,
    following: Option<(Events, CancellationToken)>,
    ready: VecDeque<News>,
}

/// The news, from where the registry stands now.
pub fn follow(registry: Arc<Place<Registry>>, env: Env) -> BoxStream<'static, News> {
    let pursuit = Pursuit { registry, env, following: None, ready: VecDeque::new() };
    stream::unfold(pursuit, |mut pursuit| async {
        let news = pursuit.next().await;
        Some((news, pursuit))
    })
    .boxed()
}

impl Pursuit {
    async fn next(&mut self) -> News {
        loop {
            if let Some(news) = self.ready.pop_front() {
                return news;
            }
            match self.following.take() {
                Some((events, died)) => self.read(events, died).await,
                None => self.begin().await,
            }
        }
    }

    async fn begin(&mut self) {
        let Some(found) = self.registry.reached() else { return self.env.sleep(PAUSE).await };
        let scope = Scope { parent: String::new(), after: Some(found.service.revision()), ..Scope::default() };
        match found.died.run_until_cancelled(found.service.watch(&reader(), scope)).await {
            Some(Ok(events)) => {
                self.ready.push_back(News::Missed);
                self.following = Some((Box::pin(events), found.died));
            }
            Some(Err(_)) | None => self.env.sleep(PAUSE).await,
        }
    }

    async fn read(&mut self, mut events: Events, died: CancellationToken) {
        // A watch that breaks, or that nobody reaches any more, is begun anew.
        let Some(Some(Ok(event))) = died.run_until_cancelled(events.next()).await else { return };
        if self.registry.reached().is_none() {
            return;
        }
        match event {
            Event::Changes(part) => self.ready.extend(part.seen().iter().filter_map(changed)),
            // The stream after its last message is empty, and begun anew.
            Event::Initial { .. } | Event::Progress(_) | Event::Aged(_) => {}
        }
        self.following = Some((events, died));
    }
}

fn changed(seen: &Seen) -> Option<News> {
    match &seen.resource {
        Some(KeptResource::Traffic(model, kept)) => Some(News::Changed(model.clone(), (*kept.value).clone())),
        _ => None,
    }
}
