//! The figures that the service shows on `/metrics`: sums, never ratios.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use slipway_chassis::metrics::{Metrics, SECONDS};
use slipway_domain::fault::Fault;

use super::commit::Acknowledged;
use crate::error::Error;
use crate::state::Snapshot;

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
        let meter = metrics.meter();
        show_size(metrics, state);
        let counter = |name: &'static str, what: &'static str| meter.u64_counter(name).with_description(what).build();
        Self {
            accepted_rows: counter("health_accepted_rows", "Rows that were counted."),
            refused_rows: counter("health_refused_rows", "Rows that were refused, by reason."),
            repeated_reports: counter("health_repeated_reports", "Reports that had been counted before."),
            refused_reports: counter("health_refused_reports", "Reports that were refused by the rules, by reason."),
            commit: meter
                .f64_histogram("health_commit_seconds")
                .with_description("How long a transaction of reports takes, from the first report to the last answer.")
                .with_boundaries(SECONDS.to_vec())
                .build(),
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
    metrics
        .meter()
        .u64_observable_gauge("health_kept")
        .with_description("What is kept, by kind: models, series of cells, cells, producers.")
        .with_callback(move |observer| {
            let size = state.load().size();
            let kinds = [
                ("models", size.models),
                ("series", size.series),
                ("cells", size.cells),
                ("producers", size.producers),
            ];
            kinds.into_iter().for_each(|(kind, count)| observer.observe(count as u64, &[KeyValue::new("kind", kind)]));
        })
        .build();
}
