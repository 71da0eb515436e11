//! What is handed to a reporter: observations, by row and by column.

use tonic::Code;

use crate::error::Error;

/// A prediction whose outcome is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// The predicted probability, in [0, 1].
    pub prediction: f32,
    /// Whether the predicted event came about.
    pub outcome: bool,
    /// How much it counts, positive and finite; 1 as a rule.
    pub weight: f32,
}

/// Two predictions of the same event, whose outcome is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedObservation {
    /// The probability that the version under test predicted, in [0, 1].
    pub candidate: f32,
    /// The probability that the serving version predicted, in [0, 1].
    pub baseline: f32,
    /// Whether the predicted event came about.
    pub outcome: bool,
    /// How much it counts, positive and finite; 1 as a rule.
    pub weight: f32,
}

/// Observations by column, all of the same length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// The predicted probabilities, in [0, 1].
    pub predictions: Vec<f32>,
    /// Whether the predicted events came about.
    pub outcomes: Vec<bool>,
    /// How much each row counts; all 1 if empty.
    pub weights: Vec<f32>,
}

/// Observations of two versions on the same rows by column, all of the same length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PairedColumns {
    /// The probabilities that the version under test predicted, in [0, 1].
    pub candidate: Vec<f32>,
    /// The probabilities that the serving version predicted, in [0, 1].
    pub baseline: Vec<f32>,
    /// Whether the predicted events came about.
    pub outcomes: Vec<bool>,
    /// How much each row counts; all 1 if empty.
    pub weights: Vec<f32>,
}

/// Fails unless a column has `rows` entries, and weights as many or none.
pub(super) fn same_length(rows: usize, [column, weights]: [usize; 2]) -> Result<(), Error> {
    if column == rows && (weights == rows || weights == 0) {
        return Ok(());
    }
    let message = format!("columns of {rows} predictions, {column} of another column and {weights} weights");
    Err(Error::local(Code::InvalidArgument, "COLUMN_LENGTH", message).advising("Give every column the same length."))
}
