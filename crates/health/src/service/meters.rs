//! The figures that the service shows on `/metrics`: sums, never ratios.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use slipway_chassis::metrics::{Durations, Figure, Gauge, Metrics, Total};
use slipway_domain::fault::Fault;

use super::commit::Acknowledged;
use crate::error::Error;
use crate::state::Snapshot;

const ACCEPTED_ROWS: Figure<Total> = Figure::total("health_accepted_rows", "Rows that were counted.", &[]);
const REFUSED_ROWS: Figure<Total> =
    Figure::total("health_refused_rows", "Rows that were refused.", &[("reason", "what is wrong with a row")]);
const REPEATED_REPORTS: Figure<Total> =
    Figure::total("health_repeated_reports", "Reports that had been counted before.", &[]);
const REFUSED_REPORTS: Figure<Total> = Figure::total(
    "health_refused_reports",
    "Reports that were refused by the rules.",
    &[("reason", "a reason of the health monitor")],
);
const COMMIT: Figure<Durations> = Figure::durations(
    "health_commit_seconds",
    "How long a transaction of reports took, from the first report to the last answer.",
    &[],
);
const KEPT: Figure<Gauge> =
    Figure::gauge("health_kept", "What is kept.", &[("kind", "models, series (of cells), cells or producers")]);

/// The instruments of the service.
#[derive(Clone)]
pub(super) struct Meters {
    accepted_rows: Counter<u64>,
    refused_rows: Counter<u64>,
    repeated_reports: Counter<u64>,
    refused_reports: Counter<u64>,
    commit: Histogram<f64>,
}

impl Meters {
    pub fn new(metrics: &Metrics, state: &Arc<ArcSwap<Snapshot>>) -> Self {
        show_size(metrics, state);
        Self {
            accepted_rows: ACCEPTED_ROWS.counter(metrics),
            refused_rows: REFUSED_ROWS.counter(metrics),
            repeated_reports: REPEATED_REPORTS.counter(metrics),
            refused_reports: REFUSED_REPORTS.counter(metrics),
            commit: COMMIT.histogram(metrics),
        }
    }

    pub fn acknowledged(&self, acknowledged: &Acknowledged) {
        self.accepted_rows.add(acknowledged.accepted_rows, &[]);
        for (refusal, rows) in acknowledged.refused_rows.iter() {
            self.refused_rows.add(rows, &[KeyValue::new("reason", refusal.name())]);
        }
    }

    pub fn repeated(&self) {
        self.repeated_reports.add(1, &[]);
    }

    pub fn refused(&self, error: &Error) {
        self.refused_reports.add(1, &[KeyValue::new("reason", error.reason())]);
    }

    pub fn commit(&self, took: Duration) {
        self.commit.record(took.as_secs_f64(), &[]);
    }
}

fn show_size(metrics: &Metrics, state: &Arc<ArcSwap<Snapshot>>) {
    let state = Arc::clone(state);
    KEPT.show(metrics, move || {
        let size = state.load().size();
        let kinds =
            [("models", size.models), ("series", size.series), ("cells", size.cells), ("producers", size.producers)];
        kinds.into_iter().map(|(kind, count)| (count as f64, vec![KeyValue::new("kind", kind)])).collect()
    });
}
