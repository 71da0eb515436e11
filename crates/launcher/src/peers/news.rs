//! News of traffic from the registry's watch, kept up across everything that can break it.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use slipway_chassis::env::Env;
use slipway_sdk::{Error, Registry};

use super::News;
use crate::convert;

/// How long to wait, in real time, before the registry is asked again where it stands.
const PAUSE: Duration = Duration::from_secs(1);

struct Pursuit {
    registry: Registry,
    env: Env,
    follow: Option<Followed>,
    ready: VecDeque<News>,
}

/// The registry's watch, read for its news.
type Followed = BoxStream<'static, Result<Vec<News>, Error>>;

/// The news, from where the registry stands now.
pub(super) fn follow(registry: Registry, env: Env) -> BoxStream<'static, News> {
    let pursuit = Pursuit { registry, env, follow: None, ready: VecDeque::new() };
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
            let step = match self.follow.take() {
                Some(follow) => self.read(follow).await,
                None => self.begin().await,
            };
            if let Err(error) = step {
                tracing::debug!(%error, "the registry tells no news of traffic; trying again");
                self.env.pause(PAUSE).await;
            }
        }
    }

    /// Begins behind the present revision: the whole state, with every version of every model, is not wanted.
    async fn begin(&mut self) -> Result<(), Error> {
        let listed = self.registry.list_models(convert::any_model()).await?;
        let watch = self.registry.watch(convert::changes_after(listed.revision));
        self.follow = Some(watch.map(|message| message.map(convert::news)).boxed());
        // Whoever reads after this misses nothing that came before.
        self.ready.push_back(News::Missed);
        Ok(())
    }

    async fn read(&mut self, mut follow: Followed) -> Result<(), Error> {
        match follow.next().await {
            Some(Ok(news)) => self.ready.extend(news),
            // It is being taken up again where it broke.
            Some(Err(error)) if error.is_retryable() => {}
            Some(Err(error)) => return Err(error),
            None => return Ok(()),
        }
        self.follow = Some(follow);
        Ok(())
    }
}
