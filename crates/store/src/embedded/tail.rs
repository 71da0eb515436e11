//! The last commits, kept in memory for watchers that are close to the end.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use crate::watch::Batch;
use crate::{Commit, Revision};

/// How many commits a watcher takes at once.
const BATCH: usize = 256;

/// What a commit in memory costs beside its keys and values, in bytes, about.
const COMMIT: usize = 128;

/// A bounded number of the last commits.
#[derive(Debug)]
pub(super) struct Tail {
    limit: usize,
    kept: RwLock<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    commits: VecDeque<Arc<Commit>>,
    bytes: usize,
}

impl Tail {
    /// Keeps commits of about `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, kept: RwLock::default() }
    }

    /// Adds the next commits, and lets old ones go.
    pub(super) fn extend(&self, commits: &[Arc<Commit>]) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        for commit in commits {
            kept.bytes += commit.size() + COMMIT;
            kept.commits.push_back(Arc::clone(commit));
        }
        while kept.bytes > self.limit {
            let Some(old) = kept.commits.pop_front() else { break };
            kept.bytes -= old.size() + COMMIT;
        }
    }

    /// The commits after `after`; `None` if the first of them is no longer here, or not yet.
    pub(super) fn after(&self, after: Revision) -> Option<Batch> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let first = kept.commits.front()?.revision;
        // Every revision is one commit, so the distance of revisions is the distance in the queue.
        let skipped = usize::try_from((after + 1).checked_sub(first)?).ok()?;
        let commits: Vec<_> = kept.commits.iter().skip(skipped).take(BATCH).cloned().collect();
        let through = commits.last()?.revision;
        Some(Batch { commits, through })
    }
}
