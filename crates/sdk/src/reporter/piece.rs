//! Columns of one minute as they travel: how large they are, how rows are added, how they are cut.

use jiff::Timestamp;
use slipway_domain::name::VersionName;

use super::rows::{Columns, Observation, PairedColumns, PairedObservation};
use crate::pb;

/// What columns cost in memory beside their rows: names, vectors, and their places in maps.
const OVERHEAD: usize = 512;

/// A minute, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Minute(i64);

impl Minute {
    pub fn of(at: Timestamp) -> Self {
        Self(at.as_second().div_euclid(60))
    }

    fn message(self) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds: self.0 * 60, nanos: 0 }
    }
}

/// Columns of one minute.
#[derive(Debug)]
pub(super) enum Piece {
    /// Of one version.
    Single(pb::Columns),
    /// Of two versions on the same rows.
    Paired(pb::PairedColumns),
}

impl Piece {
    pub fn rows(&self) -> usize {
        match self {
            Self::Single(columns) => columns.predictions.len(),
            Self::Paired(columns) => columns.candidate_predictions.len(),
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Self::Single(columns) => single_bytes(columns),
            Self::Paired(columns) => paired_bytes(columns),
        }
    }

    /// Cuts pieces of at most `most` rows from the end. Each row is moved once.
    pub fn cut(mut self, most: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        while self.rows() > most {
            pieces.push(self.split_off(self.rows() - most));
        }
        pieces.push(self);
        pieces
    }

    /// Takes the rows from `at` on. What was predicted stays with the rows before.
    fn split_off(&mut self, at: usize) -> Self {
        match self {
            Self::Single(columns) => Self::Single(pb::Columns {
                version: columns.version.clone(),
                minute: columns.minute,
                predictions: columns.predictions.split_off(at),
                outcomes: columns.outcomes.split_off(at),
                weights: split_weights(&mut columns.weights, at),
                predicted: 0,
            }),
            Self::Paired(columns) => Self::Paired(pb::PairedColumns {
                candidate: columns.candidate.clone(),
                baseline: columns.baseline.clone(),
                minute: columns.minute,
                candidate_predictions: columns.candidate_predictions.split_off(at),
                baseline_predictions: columns.baseline_predictions.split_off(at),
                outcomes: columns.outcomes.split_off(at),
                weights: split_weights(&mut columns.weights, at),
                predicted: 0,
            }),
        }
    }
}

fn split_weights(weights: &mut Vec<f32>, at: usize) -> Vec<f32> {
    if weights.is_empty() { Vec::new() } else { weights.split_off(at) }
}

pub(super) fn single_bytes(columns: &pb::Columns) -> usize {
    OVERHEAD + 5 * columns.predictions.len() + 4 * columns.weights.len()
}

pub(super) fn paired_bytes(columns: &pb::PairedColumns) -> usize {
    OVERHEAD + 9 * columns.candidate_predictions.len() + 4 * columns.weights.len()
}

/// Columns of `version` with `rows`.
pub(super) fn single(version: &VersionName, minute: Minute, rows: Columns) -> pb::Columns {
    let Columns { predictions, outcomes, weights } = rows;
    let minute = Some(minute.message());
    pb::Columns { version: version.to_string(), minute, predictions, outcomes, weights, predicted: 0 }
}

/// Columns of `candidate` and `baseline` with `rows`.
pub(super) fn paired(
    candidate: &VersionName,
    baseline: &VersionName,
    minute: Minute,
    rows: PairedColumns,
) -> pb::PairedColumns {
    let PairedColumns { candidate: candidate_predictions, baseline: baseline_predictions, outcomes, weights } = rows;
    pb::PairedColumns {
        candidate: candidate.to_string(),
        baseline: baseline.to_string(),
        minute: Some(minute.message()),
        candidate_predictions,
        baseline_predictions,
        outcomes,
        weights,
        predicted: 0,
    }
}

pub(super) fn push(columns: &mut pb::Columns, row: Observation) {
    weigh(&mut columns.weights, columns.predictions.len(), row.weight);
    columns.predictions.push(row.prediction);
    columns.outcomes.push(row.outcome);
}

pub(super) fn push_paired(columns: &mut pb::PairedColumns, row: PairedObservation) {
    weigh(&mut columns.weights, columns.candidate_predictions.len(), row.weight);
    columns.candidate_predictions.push(row.candidate);
    columns.baseline_predictions.push(row.baseline);
    columns.outcomes.push(row.outcome);
}

/// Adds the weight of row number `rows`. Weights stay empty as long as all are 1.
fn weigh(weights: &mut Vec<f32>, rows: usize, weight: f32) {
    if weight != 1.0 || !weights.is_empty() {
        weights.resize(rows, 1.0);
        weights.push(weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version() -> VersionName {
        VersionName::parse("namespaces/default/models/m/versions/1").unwrap()
    }

    #[test]
    fn a_minute_begins_before_its_instant_even_before_1970() {
        let minute = |second| Minute::of(Timestamp::from_second(second).unwrap()).message().seconds;
        assert_eq!([-61, -60, -1, 0, 59, 60].map(minute), [-120, -60, -60, 0, 0, 60]);
    }

    #[test]
    fn weights_are_written_only_once_one_differs_from_1() {
        let mut columns = single(&version(), Minute(0), Columns::default());
        let row = Observation { prediction: 0.5, outcome: true, weight: 1.0 };
        push(&mut columns, row);
        assert!(columns.weights.is_empty());
        push(&mut columns, Observation { weight: 2.0, ..row });
        push(&mut columns, row);
        assert_eq!(columns.weights, [1.0, 2.0, 1.0]);
    }

    #[test]
    fn cutting_loses_no_row_and_no_prediction() {
        for weighted in [Vec::new(), (0..10_u8).map(f32::from).collect()] {
            let predictions: Vec<f32> = (0..10_u8).map(f32::from).collect();
            let rows = Columns { predictions, outcomes: vec![true; 10], weights: weighted.clone() };
            let columns = pb::Columns { predicted: 7, ..single(&version(), Minute(3), rows) };
            let mut rest = (Vec::new(), Vec::new(), 0);
            for piece in Piece::Single(columns).cut(4).into_iter().rev() {
                let Piece::Single(part) = piece else { panic!("a single piece was cut") };
                assert!(part.predictions.len() <= 4 && part.outcomes.len() == part.predictions.len());
                rest.0.extend(part.predictions);
                rest.1.extend(part.weights);
                rest.2 += part.predicted;
            }
            assert_eq!(rest, ((0..10_u8).map(f32::from).collect(), weighted, 7));
        }
    }
}
