//! What a reporter has done, and what it could not do.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::pb;

/// What a reporter could not bring home, in rows that would have been observations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Rows that came while the memory was full.
    pub full_rows: u64,
    /// Predictions without an outcome that came while the memory was full or after reporting had stopped.
    pub predictions: u64,
    /// Rows of reports that the service refused for good.
    pub refused_rows: u64,
    /// Rows that were pending when reporting stopped, or came after.
    pub stopped_rows: u64,
}

impl Dropped {
    /// All rows that were dropped.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.full_rows + self.refused_rows + self.stopped_rows
    }
}

/// What a reporter has done since it began.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReporterStats {
    /// Rows that were taken.
    pub taken_rows: u64,
    /// Of these, rows that the service has made durable.
    pub acknowledged_rows: u64,
    /// Rows in reports that are not acknowledged yet.
    pub queued_rows: u64,
    /// Rows that are not in a report yet.
    pub gathered_rows: u64,
    /// Bytes of both together.
    pub pending_bytes: usize,
    /// What could not be brought home.
    pub dropped: Dropped,
    /// Rows that the service counted, as it says. Answers that were lost are missing here.
    pub accepted_rows: u64,
    /// Rows that the service did not count, by its reasons. Answers that were lost are missing here.
    pub rejected_rows: BTreeMap<String, u64>,
    /// Reports that were sent at least once.
    pub sent_reports: u64,
    /// How often a report was sent again.
    pub resent_reports: u64,
    /// Reports that were acknowledged.
    pub acknowledged_reports: u64,
    /// The epoch that is reported under.
    pub epoch: i64,
    /// The last failure of a connection.
    pub failure: Option<Error>,
    /// Why nothing is reported any more; none while all is well.
    pub stopped: Option<Error>,
    pub(super) queued_bytes: usize,
}

impl ReporterStats {
    pub(super) fn count_answer(&mut self, answer: &pb::ReportResponse) {
        self.accepted_rows += u64::try_from(answer.accepted_rows).unwrap_or_default();
        for (reason, rows) in &answer.refused_rows {
            *self.rejected_rows.entry(reason.clone()).or_default() += u64::try_from(*rows).unwrap_or_default();
        }
    }
}
