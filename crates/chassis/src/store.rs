//! The store of a service: the embedded engine in its data folder, and the figures of it.

use std::sync::{Arc, Weak};

use slipway_store::Error;
use slipway_store::embedded::{Embedded, Options, Stats};

use crate::metrics::{Durations, Figure, Gauge, Metrics, Total, one};
use crate::process::Start;

const SYNC: Figure<Durations> = Figure::durations(
    "store_sync_duration_seconds",
    "How long a sync of the journal took, which makes a group of transactions durable.",
    &[],
);
const FAILED_SYNCS: Figure<Total> =
    Figure::total("store_failed_syncs", "Groups of transactions that did not become durable.", &[]);
const COMMITS: Figure<Total> = Figure::total("store_commits", "Transactions that changed something.", &[]);
const REBUILDS: Figure<Total> =
    Figure::total("store_rebuilds", "Times that the state was put on the disk again after sled had failed.", &[]);
const QUEUE: Figure<Gauge> = Figure::gauge("store_queue", "Transactions that wait for the writer.", &[]);
const REVISION: Figure<Gauge> = Figure::gauge("store_revision", "The last durable revision.", &[]);
const JOURNAL: Figure<Gauge> = Figure::gauge("store_journal_bytes", "The segments of the journal.", &[]);
const UNAPPLIED: Figure<Gauge> = Figure::gauge(
    "store_unapplied_bytes",
    "How far the state is behind the journal: changes that wait in memory to be written into it.",
    &[],
);
const IN_MEMORY: Figure<Gauge> =
    Figure::gauge("store_state_in_memory", "1 while the state is in memory only, because sled failed; else 0.", &[]);
const SNAPSHOT: Figure<Gauge> =
    Figure::gauge("store_snapshot_bytes", "The last snapshot; nothing before the first one.", &[]);
const SNAPSHOT_TIME: Figure<Gauge> = Figure::gauge(
    "store_snapshot_time_seconds",
    "When the last snapshot was written, since 1970; nothing before the first one.",
    &[],
);

impl Start {
    /// Opens the store in the data folder of `service` and shows its figures. `rows` is the newest layout of rows that the
    /// service knows.
    ///
    /// # Errors
    /// As [`Embedded::open`].
    pub async fn open_store(&self, service: &str, rows: u32) -> Result<Arc<Embedded>, Error> {
        let options = Options { rows, service: Some(service.to_owned()), ..Options::default() };
        let store = Arc::new(Embedded::open_in_background(&self.common.data_dir, options).await?);
        show(&self.metrics, &store);
        Ok(store)
    }
}

fn show(metrics: &Metrics, store: &Arc<Embedded>) {
    let sync = SYNC.histogram(metrics);
    store.listen_to_syncs(move |took| sync.record(took.as_secs_f64(), &[]));
    let reading = |read: fn(&Stats) -> Option<f64>| {
        // The figures must not keep a store open whose service has ended.
        let store: Weak<Embedded> = Arc::downgrade(store);
        move || one(store.upgrade().and_then(|store| read(&store.stats())))
    };
    FAILED_SYNCS.show(metrics, reading(|stats| Some(stats.failed_syncs as f64)));
    COMMITS.show(metrics, reading(|stats| Some(stats.commits as f64)));
    REBUILDS.show(metrics, reading(|stats| Some(stats.rebuilds as f64)));
    QUEUE.show(metrics, reading(|stats| Some(stats.waiting as f64)));
    REVISION.show(metrics, reading(|stats| Some(stats.revision as f64)));
    JOURNAL.show(metrics, reading(|stats| Some(stats.journal_bytes as f64)));
    UNAPPLIED.show(metrics, reading(|stats| Some(stats.unapplied_bytes as f64)));
    IN_MEMORY.show(metrics, reading(|stats| Some(f64::from(u8::from(stats.state_in_memory)))));
    SNAPSHOT.show(metrics, reading(|stats| (stats.snapshot_bytes > 0).then_some(stats.snapshot_bytes as f64)));
    SNAPSHOT_TIME.show(
        metrics,
        reading(|stats| (!stats.snapshot_written_at.is_zero()).then_some(stats.snapshot_written_at.as_secs_f64())),
    );
}
