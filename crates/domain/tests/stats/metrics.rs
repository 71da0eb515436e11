//! The metrics agree with scikit-learn.

use slipway_domain::stats::auc::exact_auc;
use slipway_domain::stats::{Cell, Columns, Metrics, fold};

use crate::flights;

/// What scikit-learn 1.9.1 and numpy 2.4.6 say of all flights, predictions read as float32 and widened to float64:
/// `p.sum() / y.sum()`, `log_loss(y, clip(p, 1e-6, 1 - 1e-6))`, that over the entropy of `y.mean()`,
/// `roc_auc_score(y, p)`, `((y - p)**2).sum()`, `(p * (1 - p)).sum()`.
const REFERENCE: [[f64; 6]; 4] = [
    [
        0.9807130534952082,
        0.3020265995606067,
        0.5015119267047451,
        0.899560864356516,
        7485.200079922417,
        6635.127729074246,
    ],
    [
        0.9974664698986475,
        0.2991498757240075,
        0.4967351576519888,
        0.9050184888531411,
        7436.9136139204875,
        6827.651887712147,
    ],
    [
        1.392932136576202,
        0.35635229639334115,
        0.5917191631792774,
        0.9062453923873776,
        9011.753544494726,
        10891.420547308182,
    ],
    [
        0.8405010598742423,
        0.6085379460862863,
        1.0104707276070248,
        0.5424306015221768,
        17507.577015863382,
        15036.663182897842,
    ],
];

fn cell(predictions: &[f32], outcomes: &[bool], weights: &[f32]) -> Cell {
    let mut cell = Cell::new();
    fold(&mut cell, &Columns { predictions, outcomes, weights }).unwrap();
    cell
}

fn flights_of(version: usize) -> (Vec<f32>, Vec<bool>) {
    flights::all().iter().map(|flight| (flight.scores[version], flight.late)).unzip()
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * right.abs().max(1.0)
}

#[test]
fn the_flights_metrics_agree_with_scikit_learn() {
    for (version, [calibration, log_loss, ne, auc, squared_error, variance]) in REFERENCE.into_iter().enumerate() {
        let (predictions, outcomes) = flights_of(version);
        let cell = cell(&predictions, &outcomes, &[]);
        let metrics = Metrics::of(&cell);
        assert_eq!((metrics.labelled, metrics.positives), (84_560, 24_530));
        assert!(close(metrics.calibration.unwrap(), calibration), "v{}: {metrics:?}", version + 1);
        assert!(close(metrics.log_loss.unwrap(), log_loss), "v{}: {metrics:?}", version + 1);
        assert!(close(metrics.normalized_entropy.unwrap(), ne), "v{}: {metrics:?}", version + 1);
        let binned = metrics.auc.unwrap();
        assert!((binned.value - auc).abs() <= binned.bound, "v{}: {binned:?}", version + 1);
        assert!((binned.value - auc).abs() < 2e-4, "v{}: {binned:?} against {auc}", version + 1);
        assert!(close(exact_auc(predictions.iter().zip(&outcomes)).unwrap(), auc));
        assert!(close(cell.totals().squared_error, squared_error));
        assert!(close(cell.totals().variance, variance));
    }
}

/// `log_loss(..., sample_weight=w)` and numpy's weighted sums for v2, w = 1 + (row mod 7) / 4.
#[test]
fn weighted_metrics_agree_with_scikit_learn() {
    let (predictions, outcomes) = flights_of(1);
    let weights: Vec<f32> = (0..predictions.len()).map(|row| 1.0 + (row % 7) as f32 / 4.0).collect();
    let metrics = Metrics::of(&cell(&predictions, &outcomes, &weights));
    assert!(close(metrics.calibration.unwrap(), 0.9985270736790991), "{metrics:?}");
    assert!(close(metrics.log_loss.unwrap(), 0.29845994106455337), "{metrics:?}");
    assert!(close(metrics.normalized_entropy.unwrap(), 0.49586867435744064), "{metrics:?}");
}

/// The same eight rows in scikit-learn: log loss 3.62…, AUC 0.6875, calibration 0.89….
#[test]
fn predictions_at_the_ends_are_clipped_in_the_log_loss_only() {
    let predictions = [0.0, 1.0, 0.5, 1e-7, 0.999_999, 0.25, 0.75, 0.1];
    let outcomes = [false, true, true, true, false, false, true, false];
    let metrics = Metrics::of(&cell(&predictions, &outcomes, &[]));
    assert!(close(metrics.log_loss.unwrap(), 3.6239629237655953), "{metrics:?}");
    assert!(close(metrics.calibration.unwrap(), 0.899999772052789), "{metrics:?}");
    let auc = metrics.auc.unwrap();
    assert!((auc.value - 0.6875).abs() <= auc.bound + 1e-12, "{auc:?}");
}

#[test]
fn a_metric_that_is_not_defined_is_absent() {
    let nothing = Metrics::of(&Cell::new());
    assert_eq!((nothing.calibration, nothing.log_loss, nothing.normalized_entropy), (None, None, None));
    assert_eq!((nothing.auc, nothing.ece, nothing.coverage), (None, None, None));
    let negatives = Metrics::of(&cell(&[0.2, 0.3], &[false, false], &[]));
    assert_eq!((negatives.calibration, negatives.normalized_entropy, negatives.auc), (None, None, None));
    assert!(negatives.log_loss.is_some());
}

#[test]
fn a_well_calibrated_model_has_no_calibration_error_beyond_its_noise() {
    // Each score k/100 comes a hundred times, and k of them are positive.
    let rows = (1..100).flat_map(|k| (0..100).map(move |row| (k as f32 / 100.0, row < k)));
    let (predictions, outcomes): (Vec<f32>, Vec<bool>) = rows.unzip();
    let ece = Metrics::of(&cell(&predictions, &outcomes, &[])).ece.unwrap();
    assert!(ece.raw <= ece.bound && ece.value == 0.0, "{ece:?}");
}

#[test]
fn a_shifted_model_shows_its_calibration_error() {
    let rows = (1..80).flat_map(|k| (0..1000).map(move |row| (k as f32 / 100.0 + 0.2, row < k * 10)));
    let (predictions, outcomes): (Vec<f32>, Vec<bool>) = rows.unzip();
    let ece = Metrics::of(&cell(&predictions, &outcomes, &[])).ece.unwrap();
    assert!((ece.raw - 0.2).abs() <= ece.bound && (ece.value - 0.2).abs() < 0.01, "{ece:?}");
}

#[test]
fn coverage_counts_the_predictions_whose_outcome_never_came() {
    let mut cell = cell(&[0.1, 0.9], &[false, true], &[]);
    assert_eq!(cell.coverage(), Some(1.0));
    cell.add_predicted(8);
    assert_eq!(cell.coverage(), Some(0.25));
}
