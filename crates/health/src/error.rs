//! Why the service did not do what it was asked to.

use std::time::Duration;

use slipway_domain::access;
use slipway_domain::fault::{Fault, Kind, Violation, Violations};
use slipway_domain::name::VersionName;

use crate::record::ProducerId;

/// How long a client that met an unavailable store waits before the same request is worth a new try.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// A fact about a request, a producer, a version, or the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the request are wrong.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The caller may not do it.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// A report's number leaves a gap.
    #[error("{producer} sent report {given} of epoch {epoch}, and report {expected} is the next one: send from there")]
    SequenceGap {
        /// Who reported.
        producer: ProducerId,
        /// The epoch of the report.
        epoch: u64,
        /// The number that is expected.
        expected: u64,
        /// The number that came.
        given: u64,
    },
    /// A report is of an older epoch than the producer's last one.
    #[error("{producer} has begun epoch {current}; epoch {epoch} reports no more")]
    ProducerFenced {
        /// Who reported.
        producer: ProducerId,
        /// The epoch of the report.
        epoch: u64,
        /// The producer's newest epoch.
        current: u64,
    },
    /// A report has the number of one that is kept already, and says something else.
    #[error(
        "two processes report as {producer}: report {sequence} of epoch {epoch} came before with other content; give each process a name of its own"
    )]
    ProducerForked {
        /// Who reported.
        producer: ProducerId,
        /// The epoch of the report.
        epoch: u64,
        /// The number of the report.
        sequence: u64,
    },
    /// One report touches more than one transaction can hold.
    #[error("report {sequence} of {producer} touches too many cells at once: send it in several reports")]
    ReportTooLarge {
        /// Who reported.
        producer: ProducerId,
        /// The number of the report.
        sequence: u64,
    },
    /// The store did not take a write, and nothing was counted.
    #[error("the store cannot be written at present, and nothing was counted: send the same report again")]
    StoreUnavailable,
    /// It is not known yet whether a write was taken.
    #[error("it is not known yet whether the report was counted: send it again, it counts once")]
    OutcomeUnknown,
    /// Another process has written to the store, and this one reads it anew.
    #[error("another process has written to this store: send the same report again")]
    StoreTaken,
    /// The service stops.
    #[error("the service is stopping: send the report to its successor")]
    Stopping,
    /// Nothing was ever reported of a version.
    #[error("{}", never_reported(version, reported))]
    VersionNeverReported {
        /// The version.
        version: VersionName,
        /// The numbers of the versions of the model that were reported, some of them if there are many.
        reported: Vec<u64>,
    },
    /// A stored record is not what this program wrote.
    #[error("the record at {key} cannot be read: {what}")]
    Damaged {
        /// The key, escaped.
        key: String,
        /// What is wrong with the record.
        what: String,
    },
    /// The store could not be read when the service was opened.
    #[error("the store cannot be read: {0}")]
    Unreadable(slipway_store::Error),
}

fn never_reported(version: &VersionName, reported: &[u64]) -> String {
    if reported.is_empty() {
        return format!("no observation of any version of {} was ever reported as served", version.model);
    }
    let numbers: Vec<String> = reported.iter().map(u64::to_string).collect();
    format!(
        "no observation of {version} was ever reported as served; of this model, these versions were: {}",
        numbers.join(", ")
    )
}

impl Error {
    /// The record at `key` is not what this program wrote.
    pub(crate) fn damaged(key: &[u8], what: impl std::fmt::Display) -> Self {
        Self::Damaged { key: key.escape_ascii().to_string(), what: what.to_string() }
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Access(refused) => refused.kind(),
            Self::Invalid(_) | Self::ReportTooLarge { .. } => Kind::InvalidArgument,
            Self::SequenceGap { .. } => Kind::OutOfRange,
            Self::ProducerFenced { .. } | Self::ProducerForked { .. } => Kind::FailedPrecondition,
            Self::StoreUnavailable | Self::OutcomeUnknown | Self::StoreTaken | Self::Stopping | Self::Unreadable(_) => {
                Kind::Unavailable
            }
            Self::VersionNeverReported { .. } => Kind::NotFound,
            Self::Damaged { .. } => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Access(refused) => refused.reason(),
            Self::Invalid(_) => "INVALID_FIELDS",
            Self::SequenceGap { .. } => "SEQUENCE_GAP",
            Self::ProducerFenced { .. } => "PRODUCER_FENCED",
            Self::ProducerForked { .. } => "PRODUCER_FORKED",
            Self::ReportTooLarge { .. } => "REPORT_TOO_LARGE",
            Self::StoreUnavailable => "STORE_UNAVAILABLE",
            Self::OutcomeUnknown => "OUTCOME_UNKNOWN",
            Self::StoreTaken => "STORE_TAKEN",
            Self::Stopping => "STOPPING",
            Self::VersionNeverReported { .. } => "VERSION_NEVER_REPORTED",
            Self::Damaged { .. } => "ROW_DAMAGED",
            Self::Unreadable(_) => "STORE_UNREADABLE",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Access(refused) => refused.facts(),
            Self::SequenceGap { producer, epoch, expected, given } => vec![
                ("producer", producer.to_string()),
                ("epoch", epoch.to_string()),
                ("expected_sequence", expected.to_string()),
                ("sequence", given.to_string()),
            ],
            Self::ProducerFenced { producer, epoch, current } => vec![
                ("producer", producer.to_string()),
                ("epoch", epoch.to_string()),
                ("current_epoch", current.to_string()),
            ],
            Self::ProducerForked { producer, epoch, sequence } => vec![
                ("producer", producer.to_string()),
                ("epoch", epoch.to_string()),
                ("sequence", sequence.to_string()),
            ],
            Self::ReportTooLarge { producer, sequence } => {
                vec![("producer", producer.to_string()), ("sequence", sequence.to_string())]
            }
            Self::VersionNeverReported { version, .. } => vec![("version", version.to_string())],
            Self::Damaged { key, .. } => vec![("key", key.clone())],
            Self::Invalid(_)
            | Self::StoreUnavailable
            | Self::OutcomeUnknown
            | Self::StoreTaken
            | Self::Stopping
            | Self::Unreadable(_) => Vec::new(),
        }
    }

    fn violations(&self) -> &[Violation] {
        if let Self::Invalid(violations) = self { violations.as_slice() } else { &[] }
    }

    fn retry_after(&self) -> Option<Duration> {
        (self.kind() == Kind::Unavailable).then_some(RETRY_AFTER)
    }
}
