//! What a reporter holds until it is durable: rows not yet in a report, and reports not yet acknowledged.
//!
//! Reports are counted by their ordinal, from 1, for the reporter's whole life. Their number on the wire is the
//! ordinal less `base`, so that an epoch that begins anew numbers the same reports from 1 again.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;
use tonic::Code;

use super::ReporterSettings;
use super::gathered::Gathered;
use super::piece::Piece;
use super::stats::ReporterStats;
use crate::error::Error;
use crate::pb;
use crate::traffic::time_message;

/// At most this many columns go into one report.
const MOST_PIECES: usize = 1024;

/// The content of one report.
#[derive(Debug, Default)]
pub(super) struct Report {
    columns: Vec<pb::Columns>,
    paired_columns: Vec<pb::PairedColumns>,
    complete_through: Option<Timestamp>,
    rows: usize,
    bytes: usize,
}

/// What is to be done after a connection has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Connect again, after a wait.
    Retry,
    /// Connect again at once.
    Resend,
    /// Nothing more can be reported.
    Stop,
}

/// What a reporter holds until it is durable.
#[derive(Debug)]
pub(super) struct Pending {
    settings: ReporterSettings,
    pub gathered: Gathered,
    /// Since when there is something to be put into a report.
    since: Option<Instant>,
    promise: Option<Timestamp>,
    /// Reports `acked + 1` to `cut`, in order.
    queue: VecDeque<Arc<Report>>,
    pub cut: u64,
    pub acked: u64,
    base: u64,
    epoch: i64,
    /// The last connection was refused for a gap before anything was acknowledged.
    gapped: bool,
    /// One report at a time is sent, to find the one that is refused.
    careful: bool,
    pub stats: ReporterStats,
}

impl Pending {
    pub fn new(settings: ReporterSettings) -> Self {
        let stats = ReporterStats { epoch: settings.epoch, ..ReporterStats::default() };
        Self {
            epoch: settings.epoch,
            settings,
            gathered: Gathered::default(),
            since: None,
            promise: None,
            queue: VecDeque::new(),
            cut: 0,
            acked: 0,
            base: 0,
            gapped: false,
            careful: false,
            stats,
        }
    }

    /// Whether `bytes` more may be held.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.stats.stopped.is_none() && self.bytes() + bytes <= self.settings.most_pending_bytes
    }

    /// Whether at most half of the memory is in use.
    pub fn is_half_empty(&self) -> bool {
        self.bytes() <= self.settings.most_pending_bytes / 2
    }

    /// How many bytes are held.
    pub fn bytes(&self) -> usize {
        self.stats.queued_bytes + self.gathered.bytes
    }

    /// Notes that something was gathered. True if who sends must be told: a report is full, or a first row waits.
    pub fn gathered_more(&mut self) -> bool {
        if self.gathered.rows >= self.settings.rows_per_report {
            self.cut();
            return true;
        }
        let first = self.since.is_none();
        self.since.get_or_insert_with(Instant::now);
        first
    }

    /// Notes a promise of completeness, which goes out with what was gathered before it.
    pub fn promise(&mut self, through: Timestamp) -> bool {
        self.promise = self.promise.max(Some(through));
        self.gathered_more()
    }

    /// Puts everything that was gathered into reports.
    pub fn cut(&mut self) {
        if self.gathered.is_empty() && self.promise.is_none() {
            return;
        }
        self.since = None;
        let pieces = self.gathered.drain().into_iter().flat_map(|piece| piece.cut(self.settings.rows_per_report));
        let mut reports = pack(pieces, self.settings.rows_per_report);
        if let Some(last) = reports.last_mut() {
            last.complete_through = self.promise.take();
        }
        for report in reports {
            self.cut += 1;
            self.stats.queued_bytes += report.bytes;
            self.stats.queued_rows += report.rows as u64;
            self.queue.push_back(Arc::new(report));
        }
    }

    /// The report that follows number `sent` by ordinal; what was gathered long enough is put into one. Otherwise
    /// when that will be so; none if it takes another row or answer.
    pub fn after(&mut self, sent: u64) -> Result<Outgoing, Option<Instant>> {
        if self.careful && sent > self.acked {
            return Err(None);
        }
        let due_at = self.since.map(|since| since + self.settings.interval);
        if sent >= self.cut && due_at.is_some_and(|due_at| due_at <= Instant::now()) {
            self.cut();
        }
        let index = usize::try_from(sent.saturating_sub(self.acked)).unwrap_or(usize::MAX);
        let report =
            self.queue.get(index).map(Arc::clone).ok_or(self.since.map(|since| since + self.settings.interval))?;
        let ordinal = sent.max(self.acked) + 1;
        let sequence = i64::try_from(ordinal - self.base).unwrap_or(i64::MAX);
        if ordinal <= self.stats.sent_reports {
            self.stats.resent_reports += 1;
        }
        self.stats.sent_reports = self.stats.sent_reports.max(ordinal);
        Ok(Outgoing { report, ordinal, producer: self.settings.producer.clone(), epoch: self.epoch, sequence })
    }

    /// Takes an answer: what it acknowledges is durable and let go.
    pub fn acknowledged(&mut self, answer: &pb::ReportResponse) {
        self.stats.count_answer(answer);
        let sequence = u64::try_from(answer.sequence).unwrap_or_default();
        if answer.epoch != self.epoch {
            return;
        }
        // Nothing is let go that was not sent, whatever the service says.
        let durable = self.base.saturating_add(sequence).min(self.stats.sent_reports);
        while self.acked < durable {
            let Some(report) = self.queue.pop_front() else { break };
            self.acked += 1;
            (self.gapped, self.careful) = (false, false);
            self.stats.acknowledged_reports += 1;
            self.stats.acknowledged_rows += report.rows as u64;
            self.released(&report);
        }
    }

    /// Notes rows that can't be taken.
    pub fn drop_rows(&mut self, rows: u64) {
        let dropped = &mut self.stats.dropped;
        let count = if self.stats.stopped.is_some() { &mut dropped.stopped_rows } else { &mut dropped.full_rows };
        *count += rows;
    }

    fn released(&mut self, report: &Report) {
        self.stats.queued_bytes -= report.bytes;
        self.stats.queued_rows -= report.rows as u64;
    }

    /// Decides how it goes on after a connection has failed.
    pub fn failed(&mut self, failure: &Error) -> Next {
        self.stats.failure = Some(failure.clone());
        match failure.code() {
            // Another process reports under this name, and its epoch is newer or its reports are others.
            Code::FailedPrecondition => self.stop(failure),
            Code::OutOfRange if failure.reason() == "SEQUENCE_GAP" => self.missing(),
            Code::InvalidArgument | Code::OutOfRange => self.refused(failure),
            Code::ResourceExhausted if failure.reason() == "MESSAGE_TOO_LARGE" => self.refused(failure),
            _ => Next::Retry,
        }
    }

    /// The service misses reports before those that are pending. Every connection begins with the first that is
    /// not acknowledged, so if that itself leaves a gap, the service has lost what it had acknowledged. That can't be
    /// sent again; what is pending was not counted, and goes out under a new epoch.
    fn missing(&mut self) -> Next {
        if self.gapped {
            self.epoch += 1;
            self.base = self.acked;
            self.gapped = false;
            self.stats.epoch = self.epoch;
            tracing::warn!(
                producer = %self.settings.producer, epoch = self.epoch, acknowledged = self.acked,
                "the health monitor has lost reports that it had acknowledged; reporting goes on under a new epoch"
            );
        } else {
            self.gapped = true;
        }
        Next::Resend
    }

    /// A report is refused for good. Sent alone, it is found, and goes out empty so that the numbering goes on.
    fn refused(&mut self, failure: &Error) -> Next {
        if !self.careful {
            self.careful = true;
            return Next::Resend;
        }
        match self.queue.front_mut() {
            Some(first) if first.bytes > 0 || first.complete_through.is_some() => {
                tracing::warn!(%failure, rows = first.rows, "a report is refused; its rows are dropped");
                let dropped = std::mem::take(first);
                self.stats.dropped.refused_rows += dropped.rows as u64;
                self.released(&dropped);
                Next::Resend
            }
            // Even nothing is refused: it is the producer itself that the service does not take.
            _ => self.stop(failure),
        }
    }

    fn stop(&mut self, failure: &Error) -> Next {
        tracing::error!(%failure, producer = %self.settings.producer, "reporting has stopped");
        self.stats.dropped.stopped_rows += self.stats.queued_rows + self.gathered.rows as u64;
        self.stats.stopped = Some(failure.clone());
        (self.stats.queued_bytes, self.stats.queued_rows) = (0, 0);
        self.queue.clear();
        self.gathered = Gathered::default();
        Next::Stop
    }
}

/// Puts pieces into as few reports as their bounds allow; at least one.
fn pack(pieces: impl Iterator<Item = Piece>, most_rows: usize) -> Vec<Report> {
    let mut reports = vec![Report::default()];
    for piece in pieces {
        let last = reports.last().expect("it begins with one and only grows");
        let count = last.columns.len() + last.paired_columns.len();
        if count == MOST_PIECES || (count > 0 && last.rows + piece.rows() > most_rows) {
            reports.push(Report::default());
        }
        let last = reports.last_mut().expect("it begins with one and only grows");
        last.rows += piece.rows();
        last.bytes += piece.bytes();
        match piece {
            Piece::Single(columns) => last.columns.push(columns),
            Piece::Paired(columns) => last.paired_columns.push(columns),
        }
    }
    reports
}

/// A report on its way.
#[derive(Debug)]
pub(super) struct Outgoing {
    report: Arc<Report>,
    pub ordinal: u64,
    producer: String,
    epoch: i64,
    sequence: i64,
}

impl Outgoing {
    pub fn message(self) -> pb::ReportRequest {
        pb::ReportRequest {
            producer: self.producer,
            epoch: self.epoch,
            sequence: self.sequence,
            columns: self.report.columns.clone(),
            paired_columns: self.report.paired_columns.clone(),
            complete_through: self.report.complete_through.map(time_message),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use slipway_domain::name::VersionName;

    use super::super::piece::{self, Minute};
    use super::super::rows::Columns;
    use super::*;

    const ROWS: usize = 10;

    fn instant(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn piece(number: u64) -> Piece {
        let version = VersionName::parse(&format!("namespaces/default/models/m/versions/{number}")).unwrap();
        let rows = Columns { predictions: vec![0.5; ROWS], outcomes: vec![true; ROWS], weights: Vec::new() };
        Piece::Single(piece::single(&version, Minute::of(instant(0)), rows))
    }

    /// A reporter of epoch 5 that holds so many full reports.
    fn holding(reports: u64) -> Pending {
        let settings = ReporterSettings { epoch: 5, rows_per_report: ROWS, ..ReporterSettings::new("p") };
        let mut pending = Pending::new(settings);
        (1..=reports).for_each(|number| pending.gathered.take(piece(number)));
        pending.cut();
        assert_eq!(pending.cut, reports);
        pending
    }

    /// Sends so many reports, from the first that is not acknowledged on; their numbers on the wire.
    fn send(pending: &mut Pending, reports: u64) -> Vec<i64> {
        (pending.acked..pending.acked + reports)
            .map_while(|sent| pending.after(sent).ok())
            .map(|one| one.sequence)
            .collect()
    }

    fn answer(sequence: i64, epoch: i64) -> pb::ReportResponse {
        pb::ReportResponse { sequence, epoch, ..Default::default() }
    }

    fn failure(code: Code, reason: &'static str) -> Error {
        Error::local(code, reason, "no".to_owned())
    }

    fn refusal() -> Error {
        failure(Code::InvalidArgument, "INVALID_FIELDS")
    }

    #[test]
    fn only_what_was_sent_in_this_epoch_is_acknowledged() {
        let mut pending = holding(4);
        assert_eq!(send(&mut pending, 2), [1, 2]);
        pending.acknowledged(&answer(2, 4));
        assert_eq!(pending.acked, 0, "another epoch");
        pending.acknowledged(&answer(9, 5));
        assert_eq!((pending.acked, pending.stats.acknowledged_rows), (2, 20), "more than was sent");
        pending.acknowledged(&answer(1, 5));
        assert_eq!((pending.acked, send(&mut pending, 2)), (2, vec![3, 4]), "an old answer changes nothing");
    }

    #[test]
    fn a_new_epoch_begins_with_number_1_only_after_two_gaps_in_a_row() {
        let gap = failure(Code::OutOfRange, "SEQUENCE_GAP");
        let mut pending = holding(4);
        send(&mut pending, 2);
        pending.acknowledged(&answer(1, 5));
        assert_eq!((pending.failed(&gap), pending.epoch), (Next::Resend, 5));
        send(&mut pending, 1);
        pending.acknowledged(&answer(2, 5));
        assert_eq!((pending.failed(&gap), pending.epoch), (Next::Resend, 5), "something came between");
        assert_eq!((pending.failed(&gap), pending.epoch, pending.stats.epoch), (Next::Resend, 6, 6));
        assert_eq!(send(&mut pending, 2), [1, 2]);
        pending.acknowledged(&answer(1, 6));
        assert_eq!((pending.acked, send(&mut pending, 1)), (3, vec![2]));
    }

    #[test]
    fn a_refused_report_is_found_by_sending_one_at_a_time_and_then_no_more() {
        let mut pending = holding(4);
        send(&mut pending, 3);
        assert_eq!((pending.failed(&refusal()), pending.stats.dropped.refused_rows), (Next::Resend, 0));
        assert_eq!(send(&mut pending, 3), [1], "which of them it was is not known");
        pending.acknowledged(&answer(1, 5));
        assert_eq!(send(&mut pending, 3), [2, 3, 4], "it was not this one");
        assert_eq!((pending.failed(&refusal()), pending.failed(&refusal())), (Next::Resend, Next::Resend));
        assert_eq!((pending.stats.dropped.refused_rows, pending.stats.queued_rows), (10, 20));
        assert_eq!(send(&mut pending, 1), [2], "it goes out empty");
    }

    #[test]
    fn what_is_refused_even_empty_is_the_producer_itself() {
        let mut pending = holding(0);
        pending.promise(instant(60));
        pending.cut();
        pending.failed(&refusal());
        assert_eq!(pending.failed(&refusal()), Next::Resend, "the promise may be what is wrong");
        assert_eq!(pending.failed(&refusal()), Next::Stop);
        assert!(pending.stats.stopped.is_some() && !pending.has_room(0));
    }

    #[test]
    fn what_cannot_be_sent_any_more_is_counted() {
        let mut pending = holding(2);
        pending.gathered.take(piece(3));
        assert_eq!(pending.failed(&failure(Code::FailedPrecondition, "PRODUCER_FENCED")), Next::Stop);
        assert_eq!((pending.stats.dropped.stopped_rows, pending.bytes()), (30, 0));
    }

    #[test]
    fn a_report_that_is_too_large_is_refused_and_an_overload_is_waited_for() {
        let mut pending = holding(1);
        assert_eq!(pending.failed(&failure(Code::ResourceExhausted, "OVERLOADED")), Next::Retry);
        assert_eq!(pending.failed(&failure(Code::ResourceExhausted, "MESSAGE_TOO_LARGE")), Next::Resend);
        assert_eq!(pending.failed(&failure(Code::Unavailable, "DRAINING")), Next::Retry);
    }

    #[test]
    fn a_promise_goes_out_once_with_the_last_report_and_never_back() {
        let mut pending = holding(0);
        pending.promise(instant(120));
        pending.promise(instant(60));
        (1..=3).for_each(|number| pending.gathered.take(piece(number)));
        pending.cut();
        pending.gathered.take(piece(4));
        pending.cut();
        let promises: Vec<_> = pending.queue.iter().map(|report| report.complete_through).collect();
        assert_eq!(promises, [None, None, Some(instant(120)), None]);
    }

    #[test]
    fn a_report_has_a_bounded_number_of_rows_and_columns() {
        let one = |number: u64| {
            let mut piece = piece(number);
            if let Piece::Single(columns) = &mut piece {
                columns.predictions.truncate(1);
                columns.outcomes.truncate(1);
            }
            piece
        };
        let columns: Vec<_> = pack((1..=2050).map(one), 1 << 16).iter().map(|report| report.columns.len()).collect();
        assert_eq!(columns, [1024, 1024, 2]);
        let rows: Vec<_> = pack((1..=5).map(piece), 25).iter().map(|report| report.rows).collect();
        assert_eq!(rows, [20, 20, 10]);
    }

    #[test]
    fn rows_wait_for_their_interval_and_no_longer() {
        let mut pending = holding(0);
        let mut few = piece(1);
        if let Piece::Single(columns) = &mut few {
            columns.predictions.truncate(3);
            columns.outcomes.truncate(3);
        }
        pending.gathered.take(few);
        assert!(pending.gathered_more(), "whoever sends is told of the first");
        assert!(!pending.gathered_more(), "and not of the second");
        pending.settings.interval = Duration::from_secs(3600);
        let due_at = pending.after(0).expect_err("the interval is not over");
        assert_eq!(due_at, pending.since.map(|since| since + pending.settings.interval));
        pending.settings.interval = Duration::ZERO;
        assert_eq!(send(&mut pending, 1), [1]);
        assert_eq!(pending.after(1).expect_err("there is nothing more"), None);
    }

    #[test]
    fn memory_is_bounded_by_what_would_be_held() {
        let mut pending = holding(2);
        let bytes = pending.bytes();
        pending.settings.most_pending_bytes = 2 * bytes;
        assert!(pending.has_room(bytes) && !pending.has_room(bytes + 1));
        assert!(pending.is_half_empty());
        pending.settings.most_pending_bytes -= 2;
        assert!(!pending.is_half_empty());
    }
}
