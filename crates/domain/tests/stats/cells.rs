//! The laws of cells: merging, refusing, storing.

use proptest::prelude::*;
use slipway_domain::stats::auc::{auc, exact_auc};
use slipway_domain::stats::bins::{BINS, bin, bounds};
use slipway_domain::stats::logarithm::ln;
use slipway_domain::stats::{Cell, Columns, Error, PairedCell, PairedColumns, Refusal, fold, fold_paired};

type Row = (f32, f32, bool, f32);

fn folded(rows: &[Row]) -> Cell {
    let (predictions, outcomes, weights) = columns(rows);
    let mut cell = Cell::new();
    fold(&mut cell, &Columns { predictions: &predictions, outcomes: &outcomes, weights: &weights }).unwrap();
    cell
}

fn folded_as_one(rows: &[Row]) -> Cell {
    let (predictions, outcomes, _) = columns(rows);
    let mut cell = Cell::new();
    fold(&mut cell, &Columns { predictions: &predictions, outcomes: &outcomes, weights: &[] }).unwrap();
    cell
}

fn columns(rows: &[Row]) -> (Vec<f32>, Vec<bool>, Vec<f32>) {
    let predictions = rows.iter().map(|row| row.0).collect();
    (predictions, rows.iter().map(|row| row.2).collect(), rows.iter().map(|row| row.3).collect())
}

fn paired(rows: &[Row]) -> PairedCell {
    let (candidate, outcomes, weights) = columns(rows);
    let baseline: Vec<f32> = rows.iter().map(|row| row.1).collect();
    let mut cell = PairedCell::new();
    let columns = PairedColumns { candidate: &candidate, baseline: &baseline, outcomes: &outcomes, weights: &weights };
    fold_paired(&mut cell, &columns).unwrap();
    cell
}

fn score() -> impl Strategy<Value = f32> {
    prop_oneof![8 => 0.0f32..=1.0, 2 => (0.0f32..18.0).prop_map(|octaves| (-octaves).exp2()),
        1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, -0.5, 1.5, -0.0, 0.0, 1.0, 0.5, f32::MIN_POSITIVE])]
}

fn weight() -> impl Strategy<Value = f32> {
    prop_oneof![9 => 0.0f32..100.0, 1 => prop::sample::select(vec![f32::NAN, -1.0, 1e9, 0.0, 65_536.0])]
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((score(), score(), any::<bool>(), weight()), 0..700)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_is_folding_the_concatenation(left in rows(), right in rows()) {
        for fold in [folded, folded_as_one] {
            let mut merged = fold(&left);
            merged.merge(&fold(&right));
            prop_assert_eq!(merged, fold(&[left.clone(), right.clone()].concat()));
        }
    }

    #[test]
    fn merging_does_not_depend_on_the_order(a in rows(), b in rows(), c in rows()) {
        let (a, b, c) = (folded(&a), folded(&b), folded(&c));
        prop_assert_eq!(Cell::merged([&a, &b, &c]), Cell::merged([&c, &a, &b]));
    }

    #[test]
    fn merging_pairs_is_folding_the_concatenation(left in rows(), right in rows()) {
        let mut merged = paired(&left);
        merged.merge(&paired(&right));
        prop_assert_eq!(merged, paired(&[left, right].concat()));
    }

    #[test]
    fn a_cell_comes_back_from_its_bytes(rows in rows(), predicted in 0u64..1_000_000) {
        for mut cell in [folded(&rows), folded_as_one(&rows)] {
            cell.add_predicted(predicted);
            cell.refuse(Refusal::BadOutcome, predicted % 3);
            prop_assert_eq!(Cell::decode(&cell.encode()), Ok(cell));
        }
        let pair = paired(&rows);
        prop_assert_eq!(PairedCell::decode(&pair.encode()), Ok(pair));
    }

    #[test]
    fn rubbish_is_an_error_or_a_cell_and_never_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        let mut total = Cell::new();
        Cell::decode(&bytes).into_iter().for_each(|cell| total.merge(&cell));
        let _ = PairedCell::decode(&bytes);
    }

    #[test]
    fn a_changed_record_never_panics(rows in rows(), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut bytes = paired(&rows).encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let _ = PairedCell::decode(&bytes);
        let _ = PairedCell::decode(&bytes[..at]);
    }

    #[test]
    fn bad_rows_are_counted_and_touch_nothing_else(rows in rows()) {
        let good: Vec<Row> = rows.iter().copied()
            .filter(|row| (0.0..=1.0).contains(&row.0) && (0.0..=65_536.0).contains(&row.3)).collect();
        let (all, only_good) = (folded(&rows), folded(&good));
        prop_assert_eq!(all.totals(), only_good.totals());
        prop_assert_eq!(all.histogram(), only_good.histogram());
        prop_assert_eq!(all.refused().total(), (rows.len() - good.len()) as u64);
    }

    #[test]
    fn both_sides_of_a_pair_hold_the_same_rows(rows in rows()) {
        let cell = paired(&rows);
        prop_assert_eq!(cell.candidate().labelled(), cell.baseline().labelled());
        prop_assert_eq!(cell.candidate().totals().weight, cell.baseline().totals().weight);
    }

    #[test]
    fn a_pair_of_one_version_has_its_squared_loss_as_product(rows in rows()) {
        let same: Vec<Row> = rows.iter().map(|row| (row.0, row.0, row.2, row.3)).collect();
        let cell = paired(&same);
        prop_assert_eq!(cell.candidate(), &folded(&same));
        let expected = cell.candidate().totals().squared_loss;
        prop_assert!((cell.loss_product() - expected).abs() <= 1e-9 * expected.max(1.0));
    }

    #[test]
    fn the_exact_auc_lies_within_the_bound_of_the_binned_one(rows in rows()) {
        let (predictions, outcomes): (Vec<f32>, Vec<bool>) =
            rows.iter().filter(|row| (0.0..=1.0).contains(&row.0)).map(|row| (row.0, row.2)).unzip();
        let cell = folded_as_one(&rows);
        match (auc(cell.histogram()), exact_auc(predictions.iter().zip(&outcomes))) {
            (Some(binned), Some(exact)) => prop_assert!((binned.value - exact).abs() <= binned.bound + 1e-12),
            (binned, exact) => prop_assert!(binned.is_none() && exact.is_none()),
        }
    }

    #[test]
    fn a_prediction_lies_in_its_bin(score in score().prop_filter("good", |p| (0.0..=1.0).contains(p))) {
        let edges = bounds(bin(score));
        prop_assert!(edges.start <= f64::from(score) && f64::from(score) <= edges.end);
    }

    #[test]
    fn bins_ascend_with_the_prediction(a in 0.0f32..=1.0, b in 0.0f32..=1.0) {
        prop_assert_eq!(bin(a.min(b)).cmp(&bin(a.max(b))).is_le(), true);
    }

    #[test]
    fn our_logarithm_is_the_logarithm(x in prop_oneof![1e-6f64..=1.0, (0.0f64..40.0).prop_map(|octaves| (-octaves).exp2())]) {
        prop_assert!((ln(x) - x.ln()).abs() <= 4e-16 * (1.0 + x.ln().abs()), "{} {}", ln(x), x.ln());
    }
}

#[test]
fn the_bins_cover_the_unit_interval_without_a_gap() {
    assert_eq!(BINS, 1218);
    assert_eq!((bin(0.0), bin(-0.0), bin(1.0), bin(0.5)), (0, 0, BINS - 1, BINS / 2));
    assert_eq!((bounds(0).start, bounds(BINS - 1).end), (0.0, 1.0));
    for bin in 1..BINS {
        assert_eq!(bounds(bin - 1).end, bounds(bin).start);
    }
}

#[test]
fn each_bad_row_is_counted_under_its_reason() {
    let mut cell = Cell::new();
    let predictions = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.01, 0.5, 0.5, 0.5];
    let weights = [1.0, 1.0, 1.0, 1.0, -1.0, f32::NAN, 1.0];
    fold(&mut cell, &Columns { predictions: &predictions, outcomes: &[true; 7], weights: &weights }).unwrap();
    let counts = Refusal::ALL.map(|reason| cell.refused().of(reason));
    assert_eq!((counts, cell.labelled()), ([1, 2, 1, 2, 0], 1));
}

#[test]
fn columns_of_different_lengths_are_refused_whole() {
    let mut cell = Cell::new();
    let columns = Columns { predictions: &[0.5, 0.5], outcomes: &[true], weights: &[] };
    let expected = Error::ColumnLengths { predictions: 2, column: "outcomes", other: 1 };
    assert_eq!(fold(&mut cell, &columns), Err(expected));
    assert!(cell.is_empty());
}

#[test]
fn a_record_of_another_layout_is_not_read() {
    assert_eq!(Cell::decode(&[9]), Err(Error::UnknownLayout { found: 9, known: 1 }));
    assert_eq!(Cell::decode(&[]), Err(Error::Truncated));
    let mut bytes = Cell::new().encode();
    bytes.push(0);
    assert_eq!(Cell::decode(&bytes), Err(Error::TrailingBytes { count: 1 }));
}

#[test]
fn a_record_whose_histogram_lacks_a_row_is_not_read() {
    let mut bytes = folded_as_one(&[(0.3, 0.3, true, 1.0)]).encode();
    let last = bytes.len() - 1;
    bytes[last] += 1;
    assert_eq!(Cell::decode(&bytes), Err(Error::CountsDisagree));
}

#[test]
fn a_minute_of_a_thousand_rows_is_a_small_record() {
    let rows: Vec<Row> = (0..1000).map(|row| (((row * 37) % 1000) as f32 / 1000.0, 0.5, row % 3 == 0, 1.0)).collect();
    let bytes = folded_as_one(&rows).encode().len();
    assert!(bytes < 800, "{bytes} bytes");
}
