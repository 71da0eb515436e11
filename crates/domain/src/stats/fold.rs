//! Columns into cells: the one loop that every observation passes through.
//!
//! A block of rows is first checked as a whole; only a block with a bad row in it is sifted row by row. What is left is
//! arithmetic without branches over arrays that stay in the nearest cache.

use super::cell::{Cell, Refusal, Sums};
use super::error::Error;
use super::histogram::{KEYS, negative_key};
use super::logarithm::log_loss;
use super::sum::{FRACTION_BITS, Sum};

/// The largest weight of a row: 2¹⁶. A heavier row would drown all others, and is refused.
pub const MAX_WEIGHT: f32 = 65_536.0;

/// Rows that are worked on at once.
pub(super) const BLOCK: usize = 256;

/// Below so many rows, counting them one by one is cheaper than clearing and reading a whole array.
const FEW: usize = 48;

/// The observations of one model version in one minute: one row an index.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// Predicted probabilities; rows outside [0, 1] are refused and counted.
    pub predictions: &'a [f32],
    /// What happened, as long as `predictions`.
    pub outcomes: &'a [bool],
    /// Weights, as long as `predictions`, or empty when every row weighs 1.
    pub weights: &'a [f32],
}

impl Columns<'_> {
    fn check(&self) -> Result<(), Error> {
        same_length(self.predictions, "outcomes", self.outcomes.len())?;
        if self.weights.is_empty() { Ok(()) } else { same_length(self.predictions, "weights", self.weights.len()) }
    }
}

pub(super) fn same_length(predictions: &[f32], column: &'static str, other: usize) -> Result<(), Error> {
    let predictions = predictions.len();
    if predictions == other { Ok(()) } else { Err(Error::ColumnLengths { predictions, column, other }) }
}

/// Adds the rows of `columns` to `cell` as labelled rows. Bad rows are counted as refused and touch nothing else.
/// Whoever counts predictions made calls [`Cell::add_predicted`] beside it.
///
/// # Errors
/// [`Error::ColumnLengths`]: nothing was added.
pub fn fold(cell: &mut Cell, columns: &Columns<'_>) -> Result<(), Error> {
    columns.check()?;
    let mut counts = Counts::suited(columns.predictions.len(), cell);
    let mut good = Rows::new();
    let mut start = 0;
    while start < columns.predictions.len() {
        let end = columns.predictions.len().min(start + BLOCK);
        let weights = columns.weights.get(start..end).unwrap_or(&[]);
        let block =
            Block { predictions: &columns.predictions[start..end], outcomes: &columns.outcomes[start..end], weights };
        if block.is_good() {
            add_block(cell, &block, &mut counts);
        } else {
            block.sift(cell, &mut good);
            add_block(cell, &good.block(), &mut counts);
        }
        start = end;
    }
    counts.pour_into(cell);
    Ok(())
}

/// At most [`BLOCK`] rows.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub predictions: &'a [f32],
    pub outcomes: &'a [bool],
    pub weights: &'a [f32],
}

impl Block<'_> {
    fn is_good(&self) -> bool {
        all_within(self.predictions, 1.0) && all_within(self.weights, MAX_WEIGHT)
    }

    /// Copies the good rows to `good` and counts the others in `cell`.
    fn sift(&self, cell: &mut Cell, good: &mut Rows) {
        good.clear();
        for (row, prediction) in self.predictions.iter().enumerate() {
            let weight = self.weights.get(row).copied();
            match refusal(*prediction).or(weight.and_then(weight_refusal)) {
                Some(reason) => cell.refuse(reason, 1),
                None => good.take(self, row),
            }
        }
    }
}

/// Whether every number lies in [0, `most`]; a NaN does not.
pub(super) fn all_within(numbers: &[f32], most: f32) -> bool {
    numbers.iter().fold(true, |all, number| all & (*number >= 0.0) & (*number <= most))
}

/// Why a prediction is refused, if it is.
pub(super) fn refusal(prediction: f32) -> Option<Refusal> {
    if prediction.is_nan() {
        Some(Refusal::Nan)
    } else if prediction.is_infinite() {
        Some(Refusal::Infinite)
    } else if !(0.0..=1.0).contains(&prediction) {
        Some(Refusal::OutOfBounds)
    } else {
        None
    }
}

/// Why a weight is refused, if it is.
pub(super) fn weight_refusal(weight: f32) -> Option<Refusal> {
    (!(0.0..=MAX_WEIGHT).contains(&weight)).then_some(Refusal::BadWeight)
}

/// Room for the good rows of a block that had bad ones.
pub(super) struct Rows {
    predictions: Vec<f32>,
    outcomes: Vec<bool>,
    weights: Vec<f32>,
}

impl Rows {
    pub fn new() -> Self {
        Self { predictions: Vec::new(), outcomes: Vec::new(), weights: Vec::new() }
    }

    pub fn clear(&mut self) {
        self.predictions.clear();
        self.outcomes.clear();
        self.weights.clear();
    }

    /// Copies one row of `block`.
    pub fn take(&mut self, block: &Block<'_>, row: usize) {
        self.predictions.push(block.predictions[row]);
        self.outcomes.push(block.outcomes[row]);
        self.weights.extend(block.weights.get(row));
    }

    pub fn block(&self) -> Block<'_> {
        Block { predictions: &self.predictions, outcomes: &self.outcomes, weights: &self.weights }
    }
}

/// Adds a block of good rows.
fn add_block(cell: &mut Cell, block: &Block<'_>, counts: &mut Counts) {
    let mut losses = [0.0; BLOCK];
    add_sums(cell, block, &mut losses);
    counts.add(cell, block);
}

/// Adds a block of good rows to everything but the histogram, and leaves the log loss of each row in `losses`.
pub(super) fn add_sums(cell: &mut Cell, block: &Block<'_>, losses: &mut [f64; BLOCK]) {
    for ((loss, prediction), outcome) in losses.iter_mut().zip(block.predictions).zip(block.outcomes) {
        *loss = log_loss(f64::from(*prediction), f64::from(u8::from(*outcome)));
    }
    cell.labelled += block.predictions.len() as u64;
    cell.positives += block.outcomes.iter().map(|outcome| u64::from(*outcome)).sum::<u64>();
    let sums = if block.weights.is_empty() { unit_sums(block, losses) } else { weighted_sums(block, losses) };
    cell.sums.merge(&sums);
}

/// Rounds x in [0, 2^(51 − `bits`)) to a multiple of 2^−`bits` and answers the multiple. Adding 1.5·2^(52 − `bits`)
/// leaves the rounded number in the low bits of the mantissa: no conversion instruction, so it runs in vector registers.
#[inline(always)]
fn fixed(x: f64, bits: u32) -> i64 {
    let shift = 1.5 * (1u64 << (52 - bits)) as f64;
    (x + shift).to_bits().wrapping_sub(shift.to_bits()) as i64
}

/// A squared loss reaches 191, so it has fewer digits behind the point than the other sums.
const SQUARED_LOSS_BITS: u32 = 42;

/// The sums of a block in which every row weighs 1. A block's sums stay below 2⁶³: 256 · 191 · 2⁴² < 2⁵⁸.
fn unit_sums(block: &Block<'_>, losses: &[f64; BLOCK]) -> Sums {
    let (mut prediction, mut loss, mut squared_error, mut variance, mut squared_loss) = (0i64, 0i64, 0i64, 0i64, 0i64);
    let mut positives = 0u64;
    for ((p, y), l) in block.predictions.iter().zip(block.outcomes).zip(losses) {
        positives += u64::from(*y);
        let (p, y) = (f64::from(*p), f64::from(u8::from(*y)));
        prediction += fixed(p, FRACTION_BITS);
        loss += fixed(*l, FRACTION_BITS);
        squared_error += fixed((y - p) * (y - p), FRACTION_BITS);
        variance += fixed(p * (1.0 - p), FRACTION_BITS);
        squared_loss += fixed(l * l, SQUARED_LOSS_BITS);
    }
    let sum = |units: i64| Sum::from_units(i128::from(units));
    let (rows, outcome) = (Sum::from_count(block.predictions.len() as u64), Sum::from_count(positives));
    Sums {
        weight: rows,
        weight_squared: rows,
        prediction: sum(prediction),
        outcome,
        loss: sum(loss),
        squared_weight_prediction: sum(prediction),
        squared_weight_outcome: outcome,
        squared_weight_loss: sum(loss),
        squared_error: sum(squared_error),
        variance: sum(variance),
        squared_loss: Sum::from_units(i128::from(squared_loss) << (FRACTION_BITS - SQUARED_LOSS_BITS)),
    }
}

/// The sums of a block whose rows have weights.
fn weighted_sums(block: &Block<'_>, losses: &[f64; BLOCK]) -> Sums {
    let mut sums = Sums::default();
    for (row, weight) in block.weights.iter().enumerate() {
        let (p, y, w) =
            (f64::from(block.predictions[row]), f64::from(u8::from(block.outcomes[row])), f64::from(*weight));
        let (l, w2) = (losses[row], w * w);
        sums.weight.add(w);
        sums.weight_squared.add(w2);
        sums.prediction.add(w * p);
        sums.outcome.add(w * y);
        sums.loss.add(w * l);
        sums.squared_weight_prediction.add(w2 * p);
        sums.squared_weight_outcome.add(w2 * y);
        sums.squared_weight_loss.add(w2 * l);
        sums.squared_error.add(w2 * (y - p) * (y - p));
        sums.variance.add(w2 * p * (1.0 - p));
        sums.squared_loss.add(w2 * l * l);
    }
    sums
}

/// Where the rows of one call are counted before they join the cell's histogram.
pub(super) enum Counts {
    /// Straight into the cell.
    Direct,
    /// An array of all places, poured into the cell at the end.
    Gathered(Box<[u32; KEYS]>),
}

impl Counts {
    pub fn suited(rows: usize, cell: &Cell) -> Self {
        if rows < FEW || cell.histogram.is_dense() { Self::Direct } else { Self::Gathered(Box::new([0; KEYS])) }
    }

    pub fn add(&mut self, cell: &mut Cell, block: &Block<'_>) {
        let keys = block.predictions.iter().zip(block.outcomes).map(|(p, y)| negative_key(*p) + u16::from(*y));
        match self {
            Self::Direct => cell.histogram.add_each(keys),
            Self::Gathered(counts) => keys.for_each(|key| counts[usize::from(key)] += 1),
        }
    }

    pub fn pour_into(self, cell: &mut Cell) {
        if let Self::Gathered(counts) = self {
            cell.histogram.merge_array(&counts);
        }
    }
}
