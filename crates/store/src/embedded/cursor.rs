//! A watcher's place in the history: in the tail while it is close to the end, in the segments'
//! files while it is behind.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::journal::{Position, Stretch};
use super::shared::{Published, Shared};
use crate::watch::{Batch, Cursor};
use crate::{Error, Revision};

/// How many bytes of keys and values a watcher takes from the files at once, about.
const BUDGET: usize = 256 * 1024;

/// A place in the history of an open store.
pub(super) struct JournalCursor {
    shared: Arc<Shared>,
    published: watch::Receiver<Published>,
    after: Revision,
    /// Where `after` is in the files, if it was found.
    position: Option<Position>,
}

impl JournalCursor {
    /// Stands behind revision `after`.
    pub(super) fn new(shared: &Arc<Shared>, after: Revision) -> Result<Self, Error> {
        let published = shared.subscribe();
        let Published { revision, closed } = *published.borrow();
        if closed {
            return Err(Error::Closed);
        }
        if after > revision {
            return Err(Error::Ahead { asked: after, current: revision });
        }
        let oldest = shared.journal.oldest();
        if after + 1 < oldest {
            return Err(Error::Compacted { oldest });
        }
        Ok(Self { shared: Arc::clone(shared), published, after, position: None })
    }

    /// Reads from the files up to revision `through`.
    async fn read_files(&mut self, through: Revision) -> Result<Batch, Error> {
        let (shared, after) = (Arc::clone(&self.shared), self.after);
        let position = self.position.clone().filter(|position| position.tip.revision == after);
        let read = move || -> Result<Stretch, Error> {
            let journal = &shared.journal;
            let position = position.map_or_else(|| journal.locate(after), Ok)?;
            journal.read(&position, through, BUDGET)
        };
        // It ends in an error only if the runtime is stopping or the read panicked.
        let stretch = tokio::task::spawn_blocking(read).await.map_err(|_| Error::Closed)??;
        self.after = stretch.end.tip.revision;
        self.position = Some(stretch.end);
        Ok(Batch { commits: stretch.commits, through: self.after })
    }
}

#[async_trait]
impl Cursor for JournalCursor {
    async fn read(&mut self) -> Result<Batch, Error> {
        let after = self.after;
        let news = self.published.wait_for(|published| published.revision > after || published.closed).await;
        let Published { revision, closed } = *news.map_err(|_| Error::Closed)?;
        if closed {
            return Err(Error::Closed);
        }
        match self.shared.tail.after(after) {
            Some(batch) => {
                self.after = batch.through;
                self.position = None;
                Ok(batch)
            }
            None => self.read_files(revision).await,
        }
    }
}
