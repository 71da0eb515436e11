//! Watching: a range, and a cursor over the store's commits.
//!
//! A watch is never a queue that the store fills. It holds a place in the order of commits and reads
//! on from there, so a slow watcher costs the others nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Commit, Error, KeyRange, Revision};

/// A place in the order of commits, as an engine keeps it.
#[async_trait]
pub trait Cursor: Send {
    /// The next commits, whole and in order, waiting until there are some.
    ///
    /// Must be cancel-safe: a future that is dropped before it is ready has not moved the cursor.
    ///
    /// # Errors
    /// As [`Watch::next`].
    async fn read(&mut self) -> Result<Batch, Error>;
}

/// A stretch of the order of commits.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The commits of the stretch; those that cannot match may be left out.
    pub commits: Vec<Arc<Commit>>,
    /// The last revision of the stretch.
    pub through: Revision,
}

/// The changes of a range of keys, one commit after the other.
pub struct Watch {
    range: KeyRange,
    cursor: Box<dyn Cursor>,
    /// Commits that the cursor has read and this watch has not looked at yet.
    unread: VecDeque<Arc<Commit>>,
    /// The cursor's place: what lies between `progress` and here is in `unread`.
    through: Revision,
    progress: Revision,
}

impl Watch {
    /// Watches `range` through an engine's `cursor`, which stands behind revision `after`.
    pub fn new(range: KeyRange, after: Revision, cursor: Box<dyn Cursor>) -> Self {
        Self { range, cursor, unread: VecDeque::new(), through: after, progress: after }
    }

    /// Puts another cursor in the place of this watch's own, which it gets to read from.
    pub(crate) fn through(mut self, wrap: impl FnOnce(Box<dyn Cursor>) -> Box<dyn Cursor>) -> Self {
        self.cursor = wrap(self.cursor);
        self
    }

    /// The next commit that changed something in the range, with those changes only.
    ///
    /// Waits for as long as there is none. May be dropped while it waits, without loss.
    ///
    /// # Errors
    /// [`Error::Compacted`] if the watch fell behind what the store keeps, [`Error::Closed`] if the
    /// store was closed, and whatever makes reading fail. A watch that failed is not used again.
    pub async fn next(&mut self) -> Result<Commit, Error> {
        loop {
            if let Some(commit) = self.ready() {
                return Ok(commit);
            }
            self.progress = self.through;
            let batch = self.cursor.read().await?;
            self.unread = batch.commits.into();
            self.through = batch.through;
        }
    }

    /// The next commit that changed something in the range, if the watch has read it from the store
    /// already; never waits. Whoever takes in many commits at once asks for the first by
    /// [`Watch::next`] and for the others here.
    pub fn ready(&mut self) -> Option<Commit> {
        while let Some(commit) = self.unread.pop_front() {
            self.progress = commit.revision;
            if let Some(inside) = commit.within(&self.range) {
                return Some(inside);
            }
        }
        None
    }

    /// Every change of the range up to this revision was returned by [`Watch::next`] or
    /// [`Watch::ready`], whether or not there was one. It moves only while somebody asks them.
    pub fn progress(&self) -> Revision {
        self.progress
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Watch");
        shown.field("range", &self.range).field("progress", &self.progress).finish_non_exhaustive()
    }
}
