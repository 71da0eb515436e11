//! Reports observations to the health monitor: gathers them in columns, numbers its reports, sends what is not
//! acknowledged again, and says what it could not hold.

mod gathered;
mod pending;
mod piece;
mod rows;
mod send;
mod shared;
mod stats;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use slipway_domain::name::VersionName;
use tokio::task::AbortHandle;

use self::piece::{Minute, Piece};
use self::rows::same_length;
use self::shared::Shared;
use crate::error::Error;
use crate::health::Health;

pub use rows::{Columns, Observation, PairedColumns, PairedObservation};
pub use stats::{Dropped, ReporterStats};

/// Who reports, how often, and how much may wait.
#[derive(Debug, Clone)]
pub struct ReporterSettings {
    /// Who reports: one process or task, as `ranker-7.eu-west`; 1 to 128 characters of `[A-Za-z0-9._:/-]`. No two
    /// processes at a time may have the same.
    pub producer: String,
    /// Higher than that of any reporter that had this name before.
    pub epoch: i64,
    /// How long rows are gathered at most before they are sent.
    pub interval: Duration,
    /// The most rows in one report.
    pub rows_per_report: usize,
    /// How many bytes of rows are held until they are durable; what comes while they are full is dropped and counted.
    pub most_pending_bytes: usize,
}

impl ReporterSettings {
    /// The settings of `producer`, with the milliseconds of the wall clock as its epoch, 100 ms between reports,
    /// 65,536 rows a report, and 64 MiB until they are durable.
    #[must_use]
    pub fn new(producer: &str) -> Self {
        Self {
            producer: producer.to_owned(),
            epoch: Timestamp::now().as_millisecond(),
            interval: Duration::from_millis(100),
            rows_per_report: 1 << 16,
            most_pending_bytes: 64 << 20,
        }
    }
}

/// Reports observations to the health monitor, each exactly once as long as the process lives.
///
/// Cheap to clone. Handing rows over never waits: they are gathered by version and minute of the prediction, sent in
/// numbered reports, kept until the monitor has made them durable, and sent again after a break. What the memory can't
/// hold is dropped and counted in [`stats`](Self::stats). When the last clone is dropped, what is pending is lost:
/// [`flush`](Self::flush) first.
#[derive(Debug, Clone)]
pub struct Reporter(Arc<Kept>);

/// The reporter with the task that sends; it ends with it.
#[derive(Debug)]
struct Kept {
    shared: Arc<Shared>,
    sending: AbortHandle,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.sending.abort();
    }
}

impl Reporter {
    /// A reporter to `health`, which is connected when there is something to report.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(health: &Health, settings: ReporterSettings) -> Self {
        let rows_per_report = settings.rows_per_report.max(1);
        let settings = ReporterSettings { rows_per_report, ..settings };
        let shared = Arc::new(Shared::new(settings));
        let sending = tokio::spawn(send::run(Arc::clone(&shared), health.clone())).abort_handle();
        Self(Arc::new(Kept { shared, sending }))
    }

    /// `version` made a prediction at the instant `at` whose outcome is not known yet. Report the outcome by
    /// [`observed`](Self::observed), with the same instant.
    pub fn predicted(&self, version: &VersionName, at: Timestamp) {
        self.0.shared.gather_prediction(|pending| pending.gathered.predict(version, Minute::of(at), 1));
    }

    /// The same for `count` predictions within the minute of `at`.
    pub fn predicted_many(&self, version: &VersionName, at: Timestamp, count: u32) {
        self.0.shared.gather_prediction(|pending| pending.gathered.predict(version, Minute::of(at), count));
    }

    /// `version` predicted at the instant `predicted_at`, and the outcome is known now.
    pub fn observed(&self, version: &VersionName, predicted_at: Timestamp, row: Observation) {
        self.0.shared.gather(|pending| pending.gathered.observe(version, Minute::of(predicted_at), row));
    }

    /// `candidate` and `baseline` both made a prediction for the same row at the instant `at` whose outcome is not
    /// known yet.
    pub fn paired_predicted(&self, candidate: &VersionName, baseline: &VersionName, at: Timestamp) {
        let pair = [candidate, baseline];
        self.0.shared.gather_prediction(|pending| pending.gathered.predict_paired(pair, Minute::of(at), 1));
    }

    /// `candidate` and `baseline` predicted for the same row at the instant `predicted_at`, and the outcome is known
    /// now.
    pub fn paired_observed(
        &self,
        candidate: &VersionName,
        baseline: &VersionName,
        predicted_at: Timestamp,
        row: PairedObservation,
    ) {
        let pair = [candidate, baseline];
        self.0.shared.gather(|pending| pending.gathered.observe_paired(pair, Minute::of(predicted_at), row));
    }

    /// Observations of `version`, predicted within the minute of `minute`, which are moved and not copied.
    ///
    /// # Errors
    /// `COLUMN_LENGTH` if the columns differ in length; `REPORTER_FULL` if the memory does not hold them, after which
    /// [`room`](Self::room) waits; why reporting has stopped, if it has. They are dropped and counted.
    pub fn observed_columns(&self, version: &VersionName, minute: Timestamp, rows: Columns) -> Result<(), Error> {
        let lengths = [rows.outcomes.len(), rows.weights.len()];
        same_length(rows.predictions.len(), lengths)?;
        self.0.shared.take(Piece::Single(piece::single(version, Minute::of(minute), rows)))
    }

    /// Observations of `candidate` and `baseline` on the same rows, predicted within the minute of `minute`, which are
    /// moved and not copied.
    ///
    /// # Errors
    /// As [`observed_columns`](Self::observed_columns).
    pub fn paired_observed_columns(
        &self,
        candidate: &VersionName,
        baseline: &VersionName,
        minute: Timestamp,
        rows: PairedColumns,
    ) -> Result<(), Error> {
        same_length(rows.candidate.len(), [rows.baseline.len(), rows.weights.len()])?;
        same_length(rows.candidate.len(), [rows.outcomes.len(), rows.weights.len()])?;
        self.0.shared.take(Piece::Paired(piece::paired(candidate, baseline, Minute::of(minute), rows)))
    }

    /// Promises that every prediction and every outcome learned of before `instant` has been handed over. It is told
    /// to the monitor together with, or after, all of them. What was dropped is not made good by it.
    pub fn complete_through(&self, instant: Timestamp) {
        self.0.shared.promise(instant);
    }

    /// Waits until at most half of the memory is in use, or reporting has stopped.
    pub async fn room(&self) {
        self.0.shared.wait_for(|pending| pending.is_half_empty().then_some(())).await;
    }

    /// Sends everything that was handed over so far and waits until it is durable.
    ///
    /// # Errors
    /// `FLUSH_INCOMPLETE`, retryable, if that is not so within `patience`; why reporting has stopped, if it has.
    pub async fn flush(&self, patience: Duration) -> Result<(), Error> {
        let shared = &self.0.shared;
        let target = shared.cut();
        let durable = shared.wait_for(|pending| match &pending.stats.stopped {
            _ if pending.acked >= target && pending.stats.stopped.is_none() => Some(Ok(())),
            Some(failure) => Some(Err(failure.clone())),
            None => None,
        });
        match tokio::time::timeout(patience, durable).await {
            Ok(done) => done,
            Err(_) => Err(shared.incomplete(target)),
        }
    }

    /// What was done so far, and what could not be done.
    #[must_use]
    pub fn stats(&self) -> ReporterStats {
        let pending = self.0.shared.lock();
        let (gathered_rows, pending_bytes) = (pending.gathered.rows as u64, pending.bytes());
        ReporterStats { gathered_rows, pending_bytes, ..pending.stats.clone() }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::Endpoint;

    #[tokio::test]
    async fn a_flush_after_the_stop_fails_even_if_all_before_it_is_durable() {
        let health = Health::new(&Endpoint::new("http://127.0.0.1:9").unwrap());
        let reporter = Reporter::start(&health, ReporterSettings::new("ranker-7"));
        reporter.flush(Duration::from_secs(1)).await.unwrap();
        let fenced = Error::local(Code::FailedPrecondition, "PRODUCER_FENCED", "another has this name");
        reporter.0.shared.failed(&fenced);
        assert_eq!(reporter.flush(Duration::from_secs(1)).await, Err(fenced));
    }
}
