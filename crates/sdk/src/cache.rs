//! A picture of the registry that is always at hand: fed by its watch, kept on disk, and served as last known while
//! the registry is away.

mod feed;
mod file;
mod picture;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tonic::Code;

use crate::error::Error;
use crate::registry::Registry;
use crate::router::{Router, Tables};

pub use picture::Picture;

/// What a cache keeps, and where.
#[derive(Debug, Clone)]
pub struct CacheSettings {
    /// The part of the registry that is kept: `namespaces/{namespace}`, `namespaces/{namespace}/models/{model}`, or
    /// empty for everything.
    pub parent: String,
    /// The file that the picture is kept in; without one, a client can't start while the registry is down.
    pub file: Option<PathBuf>,
    /// How long changes are gathered before the file is written again.
    pub debounce: Duration,
}

impl Default for CacheSettings {
    /// Everything, without a file, written after one second if there is one.
    fn default() -> Self {
        Self { parent: String::new(), file: None, debounce: Duration::from_secs(1) }
    }
}

/// How far a picture can be trusted to be the present.
#[derive(Debug, Clone, PartialEq)]
pub struct Freshness {
    /// Whether the registry's changes are coming in at this moment.
    pub live: bool,
    /// How long ago the registry was last heard of; none if it never was.
    pub age: Option<Duration>,
    /// Every change up to this revision is in the picture.
    pub revision: i64,
    /// Why changes are not coming in; none while they are.
    pub interruption: Option<Error>,
}

/// A picture of the registry that is always at hand.
///
/// Cheap to clone. Kept up to date in the background until the last clone, [`Router`] and
/// [`ModelRouter`](crate::ModelRouter) of it is dropped.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Kept>);

/// The cache with the tasks that feed it; they end with it.
#[derive(Debug)]
struct Kept {
    shared: Arc<Shared>,
    tasks: Vec<AbortHandle>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    settings: CacheSettings,
    picture: ArcSwap<Picture>,
    pub(crate) tables: Tables,
    news: watch::Sender<News>,
}

/// What is known about the picture beside it.
#[derive(Debug, Clone)]
struct News {
    /// Whether there is a picture at all.
    known: bool,
    live: bool,
    /// How far the registry's stream has come.
    reached: i64,
    /// The history and the revision of the picture.
    moment: (Arc<str>, i64),
    heard_at: Option<Instant>,
    /// How old the file's picture was when it was read.
    age_at_start: Option<(Instant, Duration)>,
    interruption: Option<Error>,
}

impl Cache {
    /// A cache of `registry`, which begins with what the file holds. A file that can't be read or used is told to the
    /// log and replaced in time.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(registry: &Registry, settings: CacheSettings) -> Self {
        let shared = Arc::new(Shared::load(settings));
        let feeding = tokio::spawn(feed::run(Arc::clone(&shared), registry.clone()));
        let saving = tokio::spawn(feed::keep_file(Arc::clone(&shared)));
        Self(Arc::new(Kept { shared, tasks: vec![feeding.abort_handle(), saving.abort_handle()] }))
    }

    /// The present picture. Empty, at revision 0, until the registry or the file has told anything.
    #[must_use]
    pub fn picture(&self) -> Arc<Picture> {
        self.0.shared.picture.load_full()
    }

    /// The picture as soon as there is one, from the registry or from the file.
    ///
    /// # Errors
    /// `CACHE_EMPTY`, retryable, if there is none within `patience`.
    pub async fn ready(&self, patience: Duration) -> Result<Arc<Picture>, Error> {
        let mut news = self.0.shared.news.subscribe();
        match tokio::time::timeout(patience, news.wait_for(|news| news.known)).await {
            Ok(Ok(_)) => Ok(self.picture()),
            Ok(Err(_)) | Err(_) => Err(self.0.shared.empty()),
        }
    }

    /// The first picture of another moment than `seen`: of another revision, or of another history.
    pub async fn changed(&self, seen: &Picture) -> Arc<Picture> {
        let mut news = self.0.shared.news.subscribe();
        // The sender lives in `self`, so the wait ends with a picture alone.
        let _ = news.wait_for(|news| !seen.is_as_of(&news.moment.0, news.moment.1)).await;
        self.picture()
    }

    /// The first freshness that `wanted` holds for, as `|f| f.live`.
    pub async fn fresh(&self, wanted: impl Fn(&Freshness) -> bool) -> Freshness {
        let mut news = self.0.shared.news.subscribe();
        let _ = news.wait_for(|news| wanted(&news.freshness())).await;
        self.freshness()
    }

    /// How far the picture can be trusted to be the present.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.0.shared.news.borrow().freshness()
    }

    /// A router over the picture's traffic.
    #[must_use]
    pub fn router(&self) -> Router {
        Router::new(self.clone())
    }

    /// Writes the file now, without waiting for more changes. Does nothing if there is no file or no picture.
    ///
    /// # Errors
    /// `CACHE_FILE` if it can't be written.
    pub async fn save(&self) -> Result<(), Error> {
        feed::save(&self.0.shared).await
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }
}

impl Shared {
    fn load(settings: CacheSettings) -> Self {
        let now = Instant::now();
        let mut news = News {
            known: false,
            live: false,
            reached: 0,
            moment: (Arc::default(), 0),
            heard_at: None,
            age_at_start: None,
            interruption: None,
        };
        let mut picture = Picture::default();
        let saved = settings.file.as_deref().map(|path| file::load(path, &settings.parent)).transpose();
        match saved.map(Option::flatten) {
            Ok(Some(saved)) => {
                let age = Timestamp::now().duration_since(saved.saved_at).try_into().unwrap_or_default();
                news.age_at_start = Some((now, age));
                let revision = saved.picture.revision();
                (news.known, news.reached, news.moment) = (true, revision, (Arc::default(), revision));
                picture = saved.picture;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, file = ?settings.file, "the cache's file can't be used"),
        }
        let (news, _) = watch::channel(news);
        Self { settings, picture: ArcSwap::from_pointee(picture), tables: Tables::default(), news }
    }

    /// The present picture.
    pub(crate) fn picture(&self) -> Arc<Picture> {
        self.picture.load_full()
    }

    fn empty(&self) -> Error {
        let news = self.news.borrow();
        let why = news.interruption.as_ref().map_or("it did not answer in time", |failure| failure.message());
        Error::local(Code::Unavailable, "CACHE_EMPTY", format!("nothing is known of the registry yet: {why}"))
            .advising("Check that the registry runs and can be reached.")
    }
}

impl News {
    /// Notes that the registry has told of everything up to `revision`.
    fn hear(&mut self, revision: i64) {
        self.live = true;
        self.reached = revision;
        self.heard_at = Some(Instant::now());
        self.interruption = None;
    }

    fn freshness(&self) -> Freshness {
        let from_file = self.age_at_start.map(|(at, age)| age + at.elapsed());
        Freshness {
            live: self.live,
            age: self.heard_at.map(|at| at.elapsed()).or(from_file),
            revision: self.reached,
            interruption: self.interruption.clone(),
        }
    }
}
