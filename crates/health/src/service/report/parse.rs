//! A report whose every part has been checked, and all that is wrong with one that is not such.

use jiff::{SignedDuration, Timestamp};
use slipway_domain::check::Check;
use slipway_domain::name::VersionName;
use slipway_domain::principal::Principal;

use super::{Columns, Draft, PairedColumns};
use crate::error::Error;
use crate::record::ProducerId;
use crate::service::Limits;
use crate::window::Minute;

/// No observation is older than this.
const OLDEST: &str = "2000-01-01T00:00:00Z";
/// Clocks of producers may be ahead of the service's by so much.
const MOST_AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// No minute of one version has more predictions: 2⁴⁰.
const MOST_PREDICTED: i64 = 1 << 40;

/// A report whose every part is valid. Only rows can still be refused, one by one.
#[derive(Debug)]
pub(in crate::service) struct Report {
    pub producer: ProducerId,
    pub epoch: u64,
    pub sequence: u64,
    pub columns: Vec<(VersionName, Minute, Columns)>,
    pub paired_columns: Vec<(VersionName, u64, Minute, PairedColumns)>,
    pub complete_through: Option<Timestamp>,
}

impl Report {
    /// Checks `draft` against `limits` at the instant `now`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every wrong field.
    pub fn parse(draft: Draft, limits: &Limits, now: Timestamp) -> Result<Self, Error> {
        let mut check = Check::new();
        let latest = now.saturating_add(MOST_AHEAD).unwrap_or(Timestamp::MAX);
        let mut parser = Parser { check: &mut check, latest };
        let producer = parser.producer(&draft.producer);
        let epoch = parser.number("epoch", draft.epoch, 0);
        let sequence = parser.number("sequence", draft.sequence, 1);
        parser.size(&draft, limits);
        let columns = draft.columns.into_iter().enumerate().filter_map(|(at, columns)| parser.columns(at, columns));
        let columns = columns.collect();
        let paired = draft.paired_columns.into_iter().enumerate().filter_map(|(at, paired)| parser.paired(at, paired));
        let paired_columns = paired.collect();
        parser.promise(draft.complete_through);
        check.finish()?;
        let producer = producer.expect("a report without a valid producer is not clean");
        Ok(Self { producer, epoch, sequence, columns, paired_columns, complete_through: draft.complete_through })
    }

    /// The same, as `principal` reports it.
    pub fn of(self, principal: &Principal) -> Self {
        Self { producer: self.producer.of(principal.clone()), ..self }
    }

    /// About how many KiB it takes when it is folded, at most: a cell's sums for each column, and two places of a
    /// histogram for each row.
    pub fn kib(&self) -> usize {
        let served = self.columns.iter().map(|(.., columns)| columns.predictions.len());
        let paired = self.paired_columns.iter().map(|(.., paired)| 2 * paired.candidate_predictions.len());
        let rows: usize = served.chain(paired).sum();
        1 + self.columns.len() + 2 * self.paired_columns.len() + rows / 32
    }
}

/// Parses the parts of a draft and notes what is wrong with them.
struct Parser<'a> {
    check: &'a mut Check,
    latest: Timestamp,
}

impl Parser<'_> {
    fn producer(&mut self, text: &str) -> Option<ProducerId> {
        let producer = ProducerId::parse(text);
        if text.is_empty() {
            self.check.required("producer", text);
        } else if producer.is_none() {
            self.check.add("producer", "NOT_A_PRODUCER", "must be 1 to 128 characters of A-Z a-z 0-9 . _ : / -");
        }
        producer
    }

    fn number(&mut self, field: &str, number: i64, least: i64) -> u64 {
        if number < least {
            self.check.out_of_bounds(field, format!("is {number}; it begins at {least}"));
        }
        number.unsigned_abs()
    }

    fn size(&mut self, draft: &Draft, limits: &Limits) {
        let columns = draft.columns.len() + draft.paired_columns.len();
        if columns > limits.most_columns {
            let wanted =
                format!("has {columns} entries with paired_columns; at most {} are taken", limits.most_columns);
            self.check.add("columns", "TOO_MANY", wanted);
        }
        let rows = draft.columns.iter().map(|columns| columns.predictions.len()).sum::<usize>()
            + draft.paired_columns.iter().map(|paired| paired.candidate_predictions.len()).sum::<usize>();
        if rows > limits.most_rows {
            let wanted = format!("has {rows} rows with paired_columns; at most {} are taken", limits.most_rows);
            self.check.add("columns", "TOO_MANY_ROWS", wanted);
        }
    }

    fn columns(&mut self, at: usize, columns: Columns) -> Option<(VersionName, Minute, Columns)> {
        let at = format!("columns[{at}]");
        let rows = columns.predictions.len();
        let version = self.version(&at, "version", &columns.version);
        let minute = self.minute(&at, columns.minute);
        self.length(&at, "outcomes", columns.outcomes.len(), rows);
        self.weights(&at, columns.weights.len(), rows);
        self.predicted(&at, columns.predicted);
        Some((version?, minute?, columns))
    }

    fn paired(&mut self, at: usize, paired: PairedColumns) -> Option<(VersionName, u64, Minute, PairedColumns)> {
        let at = format!("paired_columns[{at}]");
        let rows = paired.candidate_predictions.len();
        let candidate = self.version(&at, "candidate", &paired.candidate);
        let baseline = self.version(&at, "baseline", &paired.baseline);
        let minute = self.minute(&at, paired.minute);
        self.length(&at, "baseline_predictions", paired.baseline_predictions.len(), rows);
        self.length(&at, "outcomes", paired.outcomes.len(), rows);
        self.weights(&at, paired.weights.len(), rows);
        self.predicted(&at, paired.predicted);
        let (candidate, baseline) = (candidate?, baseline?);
        check_pair(self.check, &format!("{at}.baseline"), &candidate, &baseline);
        Some((candidate, baseline.number, minute?, paired))
    }

    fn version(&mut self, at: &str, field: &str, text: &str) -> Option<VersionName> {
        check_version(self.check, &format!("{at}.{field}"), text)
    }

    fn minute(&mut self, at: &str, minute: Option<Timestamp>) -> Option<Minute> {
        let field = format!("{at}.minute");
        let Some(minute) = minute else {
            self.check.required(&field, "");
            return None;
        };
        self.instant(&field, minute);
        Some(Minute::of(minute))
    }

    fn promise(&mut self, promise: Option<Timestamp>) {
        if let Some(promise) = promise {
            self.instant("complete_through", promise);
        }
    }

    fn instant(&mut self, field: &str, instant: Timestamp) {
        let oldest: Timestamp = OLDEST.parse().expect("the constant is an instant");
        if instant < oldest || instant > self.latest {
            let wanted = format!("is {instant}; it must lie between {OLDEST} and a day from now, {}", self.latest);
            self.check.out_of_bounds(field, wanted);
        }
    }

    fn length(&mut self, at: &str, column: &str, length: usize, rows: usize) {
        if length != rows {
            let wanted = format!("has {length} entries, and there are {rows} predictions");
            self.check.add(format!("{at}.{column}"), "COLUMN_LENGTH", wanted);
        }
    }

    fn weights(&mut self, at: &str, weights: usize, rows: usize) {
        if weights != 0 {
            self.length(at, "weights", weights, rows);
        }
    }

    fn predicted(&mut self, at: &str, predicted: i64) {
        if !(0..=MOST_PREDICTED).contains(&predicted) {
            let wanted = format!("is {predicted}; it must be from 0 to {MOST_PREDICTED}");
            self.check.out_of_bounds(&format!("{at}.predicted"), wanted);
        }
    }
}

/// The version that `text` names; notes what is wrong with it.
pub(in crate::service) fn check_version(check: &mut Check, field: &str, text: &str) -> Option<VersionName> {
    if text.is_empty() {
        check.required(field, text);
        return None;
    }
    match VersionName::parse(text) {
        Ok(version) => Some(version),
        Err(error) => {
            check.add(field, "NOT_A_VERSION", error.to_string());
            None
        }
    }
}

/// `candidate` and `baseline` are two versions of one model.
pub(in crate::service) fn check_pair(check: &mut Check, field: &str, candidate: &VersionName, baseline: &VersionName) {
    if candidate.model != baseline.model {
        check.add(field, "OF_ANOTHER_MODEL", "must be a version of the same model as the candidate");
    } else if candidate.number == baseline.number {
        check.add(field, "SAME_VERSION", "must be another version than the candidate");
    }
}
