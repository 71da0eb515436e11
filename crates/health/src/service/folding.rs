//! From the rows of a report to what they add: the work that can be done before anybody waits in line.

use jiff::Timestamp;
use slipway_domain::name::ModelName;
use slipway_domain::stats::{self, Cell, PairedCell, RefusedRows, fold, fold_paired};
use xxhash_rust::xxh3::Xxh3;

use super::report::{Columns, PairedColumns, Report};
use crate::keys::{Paired, Segment, Served};
use crate::record::ProducerId;
use crate::state::Delta;
use crate::window::Minute;

/// A report whose rows have been folded.
#[derive(Debug)]
pub(super) struct Folded {
    pub producer: ProducerId,
    pub epoch: u64,
    pub sequence: u64,
    pub complete_through: Option<Timestamp>,
    pub delta: Delta,
    pub rows: Rows,
    /// Differs for reports that say different things.
    pub fingerprint: u64,
}

/// What became of the rows of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub accepted: u64,
    pub refused: RefusedRows,
}

/// Folds all rows of `report`.
pub(super) fn fold_report(report: Report) -> Folded {
    let Report { producer, epoch, sequence, columns, paired_columns, complete_through } = report;
    let mut folding = Folding::default();
    for (version, minute, columns) in &columns {
        folding.add_columns(&version.model, version.number, *minute, columns);
    }
    for (candidate, baseline, minute, paired) in &paired_columns {
        let pair = Paired { candidate: candidate.number, baseline: *baseline, segment: Segment::ALL };
        folding.add_paired(&candidate.model, pair, *minute, paired);
    }
    folding.fingerprint.update(&complete_through.map_or(0, Timestamp::as_second).to_le_bytes());
    let Folding { delta, rows, fingerprint } = folding;
    Folded { producer, epoch, sequence, complete_through, delta, rows, fingerprint: fingerprint.digest() }
}

#[derive(Default)]
struct Folding {
    delta: Delta,
    rows: Rows,
    fingerprint: Xxh3,
}

impl Folding {
    fn add_columns(&mut self, model: &ModelName, version: u64, minute: Minute, columns: &Columns) {
        let mut cell = Cell::new();
        let rows = stats::Columns {
            predictions: &columns.predictions,
            outcomes: &columns.outcomes,
            weights: &columns.weights,
        };
        fold(&mut cell, &rows).expect("columns of different lengths were refused when the report was parsed");
        cell.add_predicted(columns.predicted.unsigned_abs());
        self.print(model, &[version], minute);
        self.print_cell(&cell);
        if cell.is_empty() {
            return;
        }
        self.rows.accepted += cell.labelled();
        self.rows.refused += *cell.refused();
        let served = Served { version, segment: Segment::ALL };
        let minutes = self.delta.model_mut(model).served.entry(served).or_default();
        minutes.entry(minute).or_default().merge(&cell);
    }

    fn add_paired(&mut self, model: &ModelName, pair: Paired, minute: Minute, paired: &PairedColumns) {
        let mut cell = PairedCell::new();
        let rows = stats::PairedColumns {
            candidate: &paired.candidate_predictions,
            baseline: &paired.baseline_predictions,
            outcomes: &paired.outcomes,
            weights: &paired.weights,
        };
        fold_paired(&mut cell, &rows).expect("columns of different lengths were refused when the report was parsed");
        cell.add_predicted(paired.predicted.unsigned_abs());
        self.print(model, &[pair.candidate, pair.baseline], minute);
        self.print_cell(cell.candidate());
        self.print_cell(cell.baseline());
        if cell.is_empty() {
            return;
        }
        self.rows.accepted += cell.candidate().labelled();
        self.rows.refused += *cell.candidate().refused();
        self.rows.refused += *cell.baseline().refused();
        let minutes = self.delta.model_mut(model).paired.entry(pair).or_default();
        minutes.entry(minute).or_default().merge(&cell);
    }

    fn print(&mut self, model: &ModelName, versions: &[u64], minute: Minute) {
        self.fingerprint.update(model.namespace.as_str().as_bytes());
        self.fingerprint.update(b"/");
        self.fingerprint.update(model.model.as_str().as_bytes());
        versions.iter().for_each(|version| self.fingerprint.update(&version.to_le_bytes()));
        self.fingerprint.update(&minute.number().to_le_bytes());
    }

    /// The sums of a cell tell reports apart as well as its rows do, and there are far fewer of them.
    fn print_cell(&mut self, cell: &Cell) {
        let totals = cell.totals();
        for sum in [totals.weight, totals.prediction, totals.outcome, totals.loss, totals.squared_error] {
            self.fingerprint.update(&sum.to_bits().to_le_bytes());
        }
        let refused = cell.refused().total();
        for count in [cell.predicted(), cell.labelled(), refused] {
            self.fingerprint.update(&count.to_le_bytes());
        }
    }
}
