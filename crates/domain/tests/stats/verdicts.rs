//! The verdict on one model.

use slipway_domain::stats::overdispersion::overdispersion;
use slipway_domain::stats::{Cell, Columns, Stability, Tolerance, fold, judge_calibration};

use crate::flights::{self, Flight};

fn cell<'a>(flights: impl IntoIterator<Item = &'a Flight>, version: usize) -> Cell {
    let (predictions, outcomes): (Vec<f32>, Vec<bool>) =
        flights.into_iter().map(|flight| (flight.scores[version], flight.late)).unzip();
    let mut cell = Cell::new();
    fold(&mut cell, &Columns { predictions: &predictions, outcomes: &outcomes, weights: &[] }).unwrap();
    cell
}

/// `rows` predictions of one half, of which `positives` in `rows` came true.
fn coin(rows: usize, positives: usize) -> Cell {
    let mut cell = Cell::new();
    let outcomes: Vec<bool> = (0..rows).map(|row| row < positives).collect();
    fold(&mut cell, &Columns { predictions: &vec![0.5; rows], outcomes: &outcomes, weights: &[] }).unwrap();
    cell
}

#[test]
fn much_evidence_inside_the_band_is_stable_and_beyond_it_unstable() {
    let tolerance = Tolerance::default();
    for (positives, expected) in
        [(10_000, Stability::Stable), (8_000, Stability::Unstable), (13_000, Stability::Unstable)]
    {
        let judged = judge_calibration(&coin(20_000, positives).totals(), 1.0, &tolerance);
        assert_eq!(judged.stability, expected, "{judged:?}");
        assert_eq!(judged.missing_outcomes, None);
    }
}

#[test]
fn little_evidence_is_unknown_and_says_how_much_is_missing() {
    let judged = judge_calibration(&coin(400, 200).totals(), 1.0, &Tolerance::default());
    assert_eq!(judged.stability, Stability::Unknown);
    // (3.04 / (1 − 1/1.1))² = 1118.3 positives in all, at a label rate of one half.
    assert_eq!((judged.missing_positives, judged.missing_outcomes), (Some(919), Some(1837)), "{judged:?}");
}

#[test]
fn what_is_said_to_be_missing_is_about_enough() {
    let tolerance = Tolerance::default();
    let missing = judge_calibration(&coin(400, 200).totals(), 1.0, &tolerance).missing_outcomes.unwrap() as usize;
    let rows = (400 + missing) * 11 / 10;
    assert_eq!(judge_calibration(&coin(rows, rows / 2).totals(), 1.0, &tolerance).stability, Stability::Stable);
}

#[test]
fn nothing_seen_is_unknown() {
    let judged = judge_calibration(&Cell::new().totals(), 1.0, &Tolerance::default());
    assert_eq!((judged.stability, judged.calibration), (Stability::Unknown, None));
    assert!(judged.missing_positives.is_some() && judged.missing_outcomes.is_none());
}

#[test]
fn the_same_row_with_a_larger_weight_is_no_more_evidence() {
    let fold_with = |weights: &[f32]| {
        let mut cell = Cell::new();
        let outcomes: Vec<bool> = (0..400).map(|row| row < 200).collect();
        fold(&mut cell, &Columns { predictions: &[0.5; 400], outcomes: &outcomes, weights }).unwrap();
        judge_calibration(&cell.totals(), 1.0, &Tolerance::default())
    };
    assert_eq!(fold_with(&[8.0; 400]).interval, fold_with(&[]).interval);
}

/// numpy: Σz²/91 over the 92 days, z = (Σy − Σp/r)/√Σp(1 − p), is 45.8 for v1 and 40.8 for v2.
#[test]
fn a_summer_of_storms_shows_as_overdispersion() {
    let flights = flights::all();
    for (version, expected) in [(0, 45.76330012645528), (1, 40.772857380068736)] {
        let days = flights.chunk_by(|left, right| left.takeoff / 1440 == right.takeoff / 1440);
        let days: Vec<_> = days.map(|day| cell(day, version).totals()).collect();
        let daily = overdispersion(&days).unwrap();
        assert!(daily >= expected * (1.0 - 1e-6) && daily < 2.0 * expected, "v{}: {daily}", version + 1);
    }
}

#[test]
fn independent_outcomes_show_no_overdispersion() {
    // Every bucket has exactly what was predicted of it.
    let buckets = vec![coin(100, 50).totals(); 64];
    assert_eq!(overdispersion(&buckets), Some(1.0));
    assert_eq!(overdispersion(&buckets[..7]), None);
}

#[test]
fn a_storm_makes_no_sound_model_unstable_once_overdispersion_is_known() {
    let flights = flights::all();
    let days: Vec<Vec<&Flight>> = flights
        .chunk_by(|left, right| left.takeoff / 1440 == right.takeoff / 1440)
        .map(|day| day.iter().collect())
        .collect();
    let totals: Vec<_> = days.iter().map(|day| cell(day.iter().copied(), 0).totals()).collect();
    let phi = overdispersion(&totals).unwrap();
    let unstable = |phi: f64| {
        let mut sum = Cell::new();
        days.iter()
            .filter(|day| {
                sum.merge(&cell(day.iter().copied(), 0));
                judge_calibration(&sum.totals(), phi, &Tolerance::default()).stability == Stability::Unstable
            })
            .count()
    };
    assert_eq!(unstable(phi), 0);
    assert!(unstable(1.0) > 0, "without it the first storm would convict");
}
