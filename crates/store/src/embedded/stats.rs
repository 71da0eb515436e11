//! What an open store counts about itself.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Embedded;
use crate::Revision;

/// Counts since the store was opened, and sizes as of now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// The last durable revision.
    pub revision: Revision,
    /// The oldest revision that a watch can still replay.
    pub oldest_revision: Revision,
    /// Transactions that changed something.
    pub commits: u64,
    /// Groups of transactions that became durable by one sync.
    pub syncs: u64,
    /// The time all those syncs took together.
    pub sync_time: Duration,
    /// Groups that failed to become durable.
    pub failed_syncs: u64,
    /// Transactions that wait for the writer.
    pub waiting: u64,
    /// The bytes of the journal's segments.
    pub journal_bytes: u64,
    /// Changes that wait in memory to be written into the state, in bytes, about.
    pub unapplied_bytes: u64,
    /// The state is in memory only, because sled failed: it takes memory for all entries, and the next
    /// opening takes longer.
    pub state_in_memory: bool,
    /// How often the state was put on the disk again after sled had failed.
    pub rebuilds: u64,
    /// The revision of the last snapshot; 0 if there is none.
    pub snapshot_revision: Revision,
    /// The size of the last snapshot in bytes; 0 if there is none.
    pub snapshot_bytes: u64,
    /// When the last snapshot was written, since 1970; zero if there is none.
    pub snapshot_written_at: Duration,
}

impl Embedded {
    /// Calls `listener` after each sync with the time it took. The writer waits for it, so it is quick. The first
    /// listener stays; a second one is not heard.
    pub fn listen_to_syncs(&self, listener: impl Fn(Duration) + Send + Sync + 'static) {
        // A second one is dropped here.
        let _ = self.engine.shared.counters.listener.0.set(Box::new(listener));
    }
}

/// Who is told of each sync, if anybody is.
#[derive(Default)]
struct Listener(OnceLock<Box<dyn Fn(Duration) + Send + Sync>>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.0.get().is_some()).finish()
    }
}

/// The counts while they grow.
#[derive(Debug, Default)]
pub(super) struct Counters {
    commits: AtomicU64,
    syncs: AtomicU64,
    sync_nanoseconds: AtomicU64,
    failed_syncs: AtomicU64,
    rebuilds: AtomicU64,
    listener: Listener,
}

impl Counters {
    pub(super) fn synced(&self, commits: usize, took: Duration) {
        self.commits.fetch_add(commits as u64, Ordering::Relaxed);
        self.syncs.fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.sync_nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        if let Some(listener) = self.listener.0.get() {
            listener(took);
        }
    }

    pub(super) fn sync_failed(&self) {
        self.failed_syncs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn rebuilt(&self) {
        self.rebuilds.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts as of now, in otherwise empty statistics.
    pub(super) fn read(&self) -> Stats {
        Stats {
            commits: self.commits.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
            sync_time: Duration::from_nanos(self.sync_nanoseconds.load(Ordering::Relaxed)),
            failed_syncs: self.failed_syncs.load(Ordering::Relaxed),
            rebuilds: self.rebuilds.load(Ordering::Relaxed),
            ..Stats::default()
        }
    }
}
