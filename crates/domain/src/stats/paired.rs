//! Paired cells: a candidate and a baseline that scored the same rows, as in a shadow stage.

use super::cell::Cell;
use super::error::Error;
use super::fold::{self, BLOCK, Block, Counts, MAX_WEIGHT, Rows, add_sums, all_within, refusal, weight_refusal};
use super::sum::Sum;

/// The cells of two versions over the same rows, and the products that tie them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairedCell {
    pub(super) candidate: Cell,
    pub(super) baseline: Cell,
    pub(super) products: Products,
}

/// The sums of products across the two versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Products {
    pub loss: Sum,
    pub prediction: Sum,
}

impl PairedCell {
    /// A paired cell of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The candidate's side.
    pub fn candidate(&self) -> &Cell {
        &self.candidate
    }

    /// The baseline's side.
    pub fn baseline(&self) -> &Cell {
        &self.baseline
    }

    /// Σw²·l_A·l_B, A the candidate and B the baseline, in nats².
    pub fn loss_product(&self) -> f64 {
        self.products.loss.value()
    }

    /// Σw²·p_A·p_B.
    pub fn prediction_product(&self) -> f64 {
        self.products.prediction.value()
    }

    /// Counts `count` rows as predicted by both versions.
    pub fn add_predicted(&mut self, count: u64) {
        self.candidate.add_predicted(count);
        self.baseline.add_predicted(count);
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.candidate.merge(&other.candidate);
        self.baseline.merge(&other.baseline);
        self.products.loss += other.products.loss;
        self.products.prediction += other.products.prediction;
    }

    /// The sum of many paired cells.
    pub fn merged<'a>(cells: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::new();
        cells.into_iter().for_each(|cell| all.merge(cell));
        all
    }

    /// Whether the cell holds nothing at all, not even a refused row.
    pub fn is_empty(&self) -> bool {
        self.candidate.is_empty() && self.baseline.is_empty()
    }
}

/// Rows that two versions scored in one minute: one row an index.
#[derive(Clone, Copy, Debug)]
pub struct PairedColumns<'a> {
    /// The candidate's predictions.
    pub candidate: &'a [f32],
    /// The baseline's predictions, as long as `candidate`.
    pub baseline: &'a [f32],
    /// What happened, as long as `candidate`.
    pub outcomes: &'a [bool],
    /// Weights, as long as `candidate`, or empty when every row weighs 1.
    pub weights: &'a [f32],
}

/// Adds the rows of `columns` to both sides of `cell`. A row that is bad on one side is counted as refused there, and
/// joins neither side: the two always hold the same rows.
///
/// # Errors
/// [`Error::ColumnLengths`]: nothing was added.
pub fn fold_paired(cell: &mut PairedCell, columns: &PairedColumns<'_>) -> Result<(), Error> {
    check(columns)?;
    let rows = columns.candidate.len();
    let mut counts = [Counts::suited(rows, &cell.candidate), Counts::suited(rows, &cell.baseline)];
    let mut good = [Rows::new(), Rows::new()];
    let mut start = 0;
    while start < rows {
        let end = rows.min(start + BLOCK);
        let (outcomes, weights) = (&columns.outcomes[start..end], columns.weights.get(start..end).unwrap_or(&[]));
        let block = |predictions| Block { predictions, outcomes, weights };
        let sides = [block(&columns.candidate[start..end]), block(&columns.baseline[start..end])];
        if sides.iter().all(|side| all_within(side.predictions, 1.0)) && all_within(weights, MAX_WEIGHT) {
            add_blocks(cell, &sides, &mut counts);
        } else {
            sift(cell, &sides, &mut good);
            add_blocks(cell, &[good[0].block(), good[1].block()], &mut counts);
        }
        start = end;
    }
    let [candidate, baseline] = counts;
    candidate.pour_into(&mut cell.candidate);
    baseline.pour_into(&mut cell.baseline);
    Ok(())
}

fn check(columns: &PairedColumns<'_>) -> Result<(), Error> {
    fold::same_length(columns.candidate, "baseline predictions", columns.baseline.len())?;
    fold::same_length(columns.candidate, "outcomes", columns.outcomes.len())?;
    if columns.weights.is_empty() {
        return Ok(());
    }
    fold::same_length(columns.candidate, "weights", columns.weights.len())
}

/// Copies the rows that are good on both sides, and counts the others on the side that is to blame.
fn sift(cell: &mut PairedCell, sides: &[Block<'_>; 2], good: &mut [Rows; 2]) {
    good.iter_mut().for_each(Rows::clear);
    for row in 0..sides[0].outcomes.len() {
        let weight = sides[0].weights.get(row).copied();
        let heavy = weight.and_then(weight_refusal);
        let reasons = sides.map(|side| refusal(side.predictions[row]).or(heavy));
        if reasons == [None, None] {
            good[0].take(&sides[0], row);
            good[1].take(&sides[1], row);
        }
        reasons[0].into_iter().for_each(|reason| cell.candidate.refuse(reason, 1));
        reasons[1].into_iter().for_each(|reason| cell.baseline.refuse(reason, 1));
    }
}

/// Adds a block of rows that are good on both sides.
fn add_blocks(cell: &mut PairedCell, sides: &[Block<'_>; 2], counts: &mut [Counts; 2]) {
    let mut losses = [[0.0; BLOCK]; 2];
    add_sums(&mut cell.candidate, &sides[0], &mut losses[0]);
    add_sums(&mut cell.baseline, &sides[1], &mut losses[1]);
    counts[0].add(&mut cell.candidate, &sides[0]);
    counts[1].add(&mut cell.baseline, &sides[1]);
    for (row, p) in sides[0].predictions.iter().enumerate() {
        let w2 = sides[0].weights.get(row).map_or(1.0, |w| f64::from(*w) * f64::from(*w));
        cell.products.loss.add(w2 * losses[0][row] * losses[1][row]);
        cell.products.prediction.add(w2 * f64::from(*p) * f64::from(sides[1].predictions[row]));
    }
}
