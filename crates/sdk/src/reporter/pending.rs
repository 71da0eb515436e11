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
