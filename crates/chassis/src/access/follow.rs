//! Reads files again when they change, and keys on the web from time to time.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;

use super::sources::{Sources, Texts};
use super::{Access, Error, Guard};

/// How often files are looked at, in real time.
const LOOK: Duration = Duration::from_secs(1);
/// How often keys are fetched, counted in looks.
const FETCH: u32 = 300;
/// How long after a fetch the next one may be, when the first failed or a token names a key that is not known.
const FETCH_SOONER: u32 = 5;

/// What is known of keys on the web.
#[derive(Debug, Default)]
struct Web {
    /// What was fetched last.
    keys: Option<String>,
    /// How many looks ago; none before the first fetch.
    age: Option<u32>,
}

impl Access {
    /// Follows files and keys for ever. What became unusable leaves everything as it was.
    pub async fn follow(self) {
        let Some((sources, texts)) = self.0.sources.clone() else { return std::future::pending().await };
        let (mut seen, mut web) = (Ok(texts), Web::default());
        loop {
            self.fetch(&sources, &mut web).await;
            let texts = read(&sources, web.keys.clone()).await;
            if texts != seen {
                self.reload(&sources, &texts);
                seen = texts;
            }
            self.0.env.pause(LOOK).await;
        }
    }

    /// Fetches keys if it is time to.
    async fn fetch(&self, sources: &Sources, web: &mut Web) {
        web.age = web.age.map(|age| age + 1);
        let due = match web.age {
            None => true,
            Some(age) if age < FETCH_SOONER => false,
            Some(age) => {
                let wanted = web.keys.is_none() || self.unknown_key_seen().await;
                wanted || age >= FETCH
            }
        };
        if !due {
            return;
        }
        web.age = Some(0);
        let sources = sources.clone();
        let fetched = tokio::task::spawn_blocking(move || sources.fetch()).await;
        match fetched.unwrap_or_else(|broken| Some(Err(broken.to_string()))) {
            Some(Ok(keys)) => web.keys = Some(keys),
            Some(Err(error)) => tracing::warn!(%error, "the keys that were read last still hold; trying again"),
            None => {}
        }
    }

    /// Whether a token has named a key that is not known since this was last asked.
    async fn unknown_key_seen(&self) -> bool {
        let told = self.0.unknown_key.notified();
        tokio::select! {
            biased;
            () = told => true,
            () = std::future::ready(()) => false,
        }
    }

    fn reload(&self, sources: &Sources, texts: &Result<Texts, Error>) {
        let guard = texts.as_ref().map_err(Error::clone).and_then(|texts| sources.guard(texts));
        let outcome = match guard {
            Ok(guard) => {
                self.replace(guard);
                tracing::info!("policy, tokens and keys were read again");
                "taken"
            }
            Err(error) => {
                tracing::error!(%error, "the change is not taken, and what held before still holds");
                "refused"
            }
        };
        self.0.reloads.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    fn replace(&self, guard: Guard) {
        let before = self.0.guard.swap(Arc::new(guard));
        before.replaced().cancel();
    }
}

async fn read(sources: &Sources, fetched: Option<String>) -> Result<Texts, Error> {
    let (path, sources) = (sources.policy.clone(), sources.clone());
    let read = tokio::task::spawn_blocking(move || sources.texts(fetched)).await;
    read.unwrap_or_else(|broken| Err(Error { path, faults: vec![broken.to_string()] }))
}
