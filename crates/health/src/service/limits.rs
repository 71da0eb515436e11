//! How much the service takes, and how long it waits for producers.

use std::time::Duration;

/// How much the service takes, and how long it waits for producers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A producer that has been silent for so long, by the service's clock, no longer holds back the watermark of its
    /// models.
    pub producer_idle: Duration,
    /// The most rows in one report, those of paired columns counted once.
    pub most_rows: usize,
    /// The most columns, paired ones included, in one report.
    pub most_columns: usize,
    /// How many reports may wait for the next transaction. Behind them, streams are read no further.
    pub queue: usize,
    /// About how many KiB the reports that wait may take, folded. Behind them, streams are read no further.
    pub pending_kib: u32,
    /// How many reports of one stream may be under way, folded and not yet acknowledged.
    pub in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            producer_idle: Duration::from_secs(24 * 60 * 60),
            most_rows: 1 << 20,
            most_columns: 16_384,
            queue: 1024,
            pending_kib: 256 << 10,
            in_flight: 64,
        }
    }
}
