//! Reads the files again when they change.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;

use super::sources::{Sources, Texts};
use super::{Access, Error, Guard};

/// How often the files are looked at, in real time.
const LOOK: Duration = Duration::from_secs(1);

impl Access {
    /// Follows the files for ever. A file that became unusable leaves everything as it was.
    pub async fn follow(self) {
        let Some((sources, texts)) = self.0.sources.clone() else { return std::future::pending().await };
        let mut seen = Ok(texts);
        loop {
            self.0.env.pause(LOOK).await;
            let texts = read(&sources).await;
            if texts == seen {
                continue;
            }
            self.reload(&sources, &texts);
            seen = texts;
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

async fn read(sources: &Sources) -> Result<Texts, Error> {
    let (path, sources) = (sources.policy.clone(), sources.clone());
    let read = tokio::task::spawn_blocking(move || sources.texts()).await;
    read.unwrap_or_else(|broken| Err(Error { path, faults: vec![broken.to_string()] }))
}
