//! A watcher's place in the history: in the tail while it is close to the end, in the segments'
//! files while it is behind.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::JoinHandle;

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
    /// A read of the files that was begun: a wait that was dropped goes on with it, so that short waits
    /// get on as well as long ones.
    reading: Option<JoinHandle<Result<Stretch, Error>>>,
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
        Ok(Self { shared: Arc::clone(shared), published, after, position: None, reading: None })
    }

    /// Reads from the files up to revision `through`.
    async fn read_files(&mut self, through: Revision) -> Result<Batch, Error> {
        let reading = match &mut self.reading {
            Some(reading) => reading,
            none => none.insert(begin(&self.shared, self.after, self.position.clone(), through)),
        };
        // It ends in an error only if the runtime is stopping or the read panicked.
        let stretch = reading.await.unwrap_or(Err(Error::Closed));
        self.reading = None;
        let Stretch { commits, end } = stretch?;
        self.after = end.tip.revision;
        self.position = Some(end);
        Ok(Batch { commits, through: self.after })
    }
}

/// Begins to read what follows revision `after`, which is at `position` if that is known.
fn begin(
    shared: &Arc<Shared>,
    after: Revision,
    position: Option<Position>,
    through: Revision,
) -> JoinHandle<Result<Stretch, Error>> {
    let shared = Arc::clone(shared);
    tokio::task::spawn_blocking(move || {
        let journal = &shared.journal;
        let known = position.filter(|position| position.tip.revision == after);
        let position = known.map_or_else(|| journal.locate(after), Ok)?;
        journal.read(&position, through, BUDGET)
    })
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
        match self.shared.tail.after(after).filter(|_| self.reading.is_none()) {
            Some(batch) => {
                self.after = batch.through;
                self.position = None;
                Ok(batch)
            }
            None => self.read_files(revision).await,
        }
    }
}
