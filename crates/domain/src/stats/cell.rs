//! The cell: everything that is kept of one model version's predictions in one minute.

use super::histogram::Histogram;
use super::sum::Sum;

/// The sums and the histogram of any number of predictions of one model version.
///
/// Merging is exact addition, so minutes make hours and producers make a fleet, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub(super) predicted: u64,
    pub(super) labelled: u64,
    pub(super) positives: u64,
    pub(super) refused: RefusedRows,
    pub(super) sums: Sums,
    pub(super) histogram: Histogram,
}

impl Cell {
    /// A cell of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts `count` predictions as made. Their outcomes follow, or never do: see [`Cell::coverage`].
    pub fn add_predicted(&mut self, count: u64) {
        self.predicted += count;
    }

    /// Counts `count` rows as refused for the reason `refusal`.
    pub fn refuse(&mut self, refusal: Refusal, count: u64) {
        *self.refused.of_mut(refusal) += count;
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.predicted += other.predicted;
        self.labelled += other.labelled;
        self.positives += other.positives;
        self.refused += other.refused;
        self.sums.merge(&other.sums);
        self.histogram.merge(&other.histogram);
    }

    /// The sum of many cells.
    pub fn merged<'a>(cells: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::new();
        cells.into_iter().for_each(|cell| all.merge(cell));
        all
    }

    /// Predictions made, whether or not their outcome is known.
    pub fn predicted(&self) -> u64 {
        self.predicted
    }

    /// Rows with prediction and outcome.
    pub fn labelled(&self) -> u64 {
        self.labelled
    }

    /// Labelled rows whose outcome was 1.
    pub fn positives(&self) -> u64 {
        self.positives
    }

    /// Rows that were refused, by reason. They are in no other figure.
    pub fn refused(&self) -> &RefusedRows {
        &self.refused
    }

    /// The labelled share of the predictions made; nothing when none was made. Whoever reports outcomes without having
    /// reported the predictions has a coverage of 1.
    pub fn coverage(&self) -> Option<f64> {
        let made = self.predicted.max(self.labelled);
        (made > 0).then(|| self.labelled as f64 / made as f64)
    }

    /// The sums as floating-point numbers.
    pub fn totals(&self) -> Totals {
        let sums = &self.sums;
        Totals {
            rows: self.labelled as f64,
            weight: sums.weight.value(),
            weight_squared: sums.weight_squared.value(),
            prediction: sums.prediction.value(),
            outcome: sums.outcome.value(),
            loss: sums.loss.value(),
            squared_weight_prediction: sums.squared_weight_prediction.value(),
            squared_weight_outcome: sums.squared_weight_outcome.value(),
            squared_weight_loss: sums.squared_weight_loss.value(),
            squared_error: sums.squared_error.value(),
            variance: sums.variance.value(),
            squared_loss: sums.squared_loss.value(),
        }
    }

    /// The joint histogram of score bin and outcome.
    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// Whether the cell holds nothing at all, not even a refused row.
    pub fn is_empty(&self) -> bool {
        self.predicted == 0 && self.labelled == 0 && self.refused.total() == 0
    }
}

/// The sums of a cell, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub weight: Sum,
    pub weight_squared: Sum,
    pub prediction: Sum,
    pub outcome: Sum,
    pub loss: Sum,
    pub squared_weight_prediction: Sum,
    pub squared_weight_outcome: Sum,
    pub squared_weight_loss: Sum,
    pub squared_error: Sum,
    pub variance: Sum,
    pub squared_loss: Sum,
}

impl Sums {
    pub fn merge(&mut self, other: &Self) {
        let theirs = other.all();
        self.all_mut().into_iter().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// The sums in the order in which they are stored.
    pub fn all(&self) -> [Sum; 11] {
        let mut copy = *self;
        copy.all_mut().map(|sum| *sum)
    }

    /// The sums in the order in which they are stored.
    pub fn all_mut(&mut self) -> [&mut Sum; 11] {
        [
            &mut self.prediction,
            &mut self.loss,
            &mut self.squared_error,
            &mut self.variance,
            &mut self.squared_loss,
            &mut self.weight,
            &mut self.weight_squared,
            &mut self.outcome,
            &mut self.squared_weight_prediction,
            &mut self.squared_weight_outcome,
            &mut self.squared_weight_loss,
        ]
    }
}

/// The sums of a cell over its labelled rows. With all weights 1, `weight`, `weight_squared` and `rows` are the same
/// number, and so are the pairs with and without the squared weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Totals {
    /// n, the number of rows.
    pub rows: f64,
    /// Σw.
    pub weight: f64,
    /// Σw².
    pub weight_squared: f64,
    /// Σwp.
    pub prediction: f64,
    /// Σwy.
    pub outcome: f64,
    /// Σwl, in nats.
    pub loss: f64,
    /// Σw²p.
    pub squared_weight_prediction: f64,
    /// Σw²y.
    pub squared_weight_outcome: f64,
    /// Σw²l.
    pub squared_weight_loss: f64,
    /// Σw²(y − p)².
    pub squared_error: f64,
    /// Σw²p(1 − p): the variance that Σwy has when p is the truth and outcomes are independent.
    pub variance: f64,
    /// Σw²l².
    pub squared_loss: f64,
}

/// Why a row was refused. The batch that it came in is never refused because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The prediction is not a number.
    Nan,
    /// The prediction is infinite.
    Infinite,
    /// The prediction is a number outside [0, 1].
    OutOfBounds,
    /// The weight is negative, not finite, or above [`super::fold::MAX_WEIGHT`].
    BadWeight,
    /// The outcome is neither 0 nor 1.
    BadOutcome,
}

impl Refusal {
    /// All of them, in the order in which they are stored.
    pub const ALL: [Self; 5] = [Self::Nan, Self::Infinite, Self::OutOfBounds, Self::BadWeight, Self::BadOutcome];

    /// The name for programs, as `OUT_OF_BOUNDS`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nan => "NAN",
            Self::Infinite => "INFINITE",
            Self::OutOfBounds => "OUT_OF_BOUNDS",
            Self::BadWeight => "BAD_WEIGHT",
            Self::BadOutcome => "BAD_OUTCOME",
        }
    }
}

/// How many rows were refused for each reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusedRows([u64; 5]);

impl RefusedRows {
    /// Rows refused for the reason `refusal`.
    pub fn of(&self, refusal: Refusal) -> u64 {
        self.0[refusal as usize]
    }

    pub(super) fn of_mut(&mut self, refusal: Refusal) -> &mut u64 {
        &mut self.0[refusal as usize]
    }

    /// The reasons that refused a row, each with its rows.
    pub fn iter(&self) -> impl Iterator<Item = (Refusal, u64)> {
        Refusal::ALL.into_iter().zip(self.0).filter(|(_, rows)| *rows > 0)
    }

    /// Rows refused in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl std::ops::AddAssign for RefusedRows {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine += theirs);
    }
}
