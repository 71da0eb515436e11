//! A report as it came: nothing in it has been looked at.

mod parse;

use jiff::Timestamp;

pub(super) use parse::{Report, check_pair, check_version};

/// A report as it came: nothing in it has been looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// Who reports.
    pub producer: String,
    /// The producer's epoch.
    pub epoch: i64,
    /// The number of the report in its epoch, from 1.
    pub sequence: i64,
    /// Observations of single versions.
    pub columns: Vec<Columns>,
    /// Observations of two versions on the same rows.
    pub paired_columns: Vec<PairedColumns>,
    /// Everything that the producer learned of before this instant has been reported with this report.
    pub complete_through: Option<Timestamp>,
}

/// Observations of one version in one minute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// The version's name.
    pub version: String,
    /// An instant of the minute.
    pub minute: Option<Timestamp>,
    /// Predicted probabilities of rows whose outcome is known.
    pub predictions: Vec<f32>,
    /// Whether the event came about.
    pub outcomes: Vec<bool>,
    /// How much each row counts; all 1 if empty.
    pub weights: Vec<f32>,
    /// How many rows were newly predicted whose outcome is not known yet.
    pub predicted: i64,
}

/// Observations of two versions on the same rows of one minute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PairedColumns {
    /// The name of the version under test.
    pub candidate: String,
    /// The name of the version it is held against.
    pub baseline: String,
    /// An instant of the minute.
    pub minute: Option<Timestamp>,
    /// The candidate's predicted probabilities.
    pub candidate_predictions: Vec<f32>,
    /// The baseline's.
    pub baseline_predictions: Vec<f32>,
    /// Whether the event came about.
    pub outcomes: Vec<bool>,
    /// How much each row counts; all 1 if empty.
    pub weights: Vec<f32>,
    /// How many rows were newly predicted by both whose outcome is not known yet.
    pub predicted: i64,
}
