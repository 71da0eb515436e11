//! The area under the ROC curve, from the histogram, with the bound of what binning can have hidden.

use super::histogram::Histogram;

/// An AUC and how far the exact one can be from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Auc {
    /// The probability that a positive is ranked above a negative, ties counting one half.
    pub value: f64,
    /// The exact AUC of the rows lies within `value` ± `bound`, always.
    pub bound: f64,
}

/// Σ_b P_b(N_{<b} + N_b/2) / (P·N) over score bins b, and the bound Σ_b P_b·N_b / (2·P·N): within a bin every order of
/// its positives and negatives is possible, so the truth is anywhere between none and all of them ranked right.
/// Nothing when either class is missing.
pub fn auc(histogram: &Histogram) -> Option<Auc> {
    let (mut below, mut positives, mut wins, mut ties) = (0u64, 0u64, 0u128, 0u128);
    for bin in histogram.by_bin() {
        wins += u128::from(bin.positives) * u128::from(below);
        ties += u128::from(bin.positives) * u128::from(bin.negatives);
        below += bin.negatives;
        positives += bin.positives;
    }
    let pairs = positives as f64 * below as f64;
    (pairs > 0.0).then(|| {
        let bound = ties as f64 / (2.0 * pairs);
        Auc { value: wins as f64 / pairs + bound, bound }
    })
}

/// The exact AUC of rows that are at hand: the rank sum of the positives, ties at their mean rank (Mann and Whitney
/// 1947). NaN ranks above all. Nothing when either class is missing.
///
/// For columns scored offline; a cell has only [`auc()`].
pub fn exact_auc<'a>(rows: impl IntoIterator<Item = (&'a f32, &'a bool)>) -> Option<f64> {
    let mut rows: Vec<(f32, bool)> = rows.into_iter().map(|(prediction, outcome)| (*prediction, *outcome)).collect();
    rows.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    let (mut below, mut positives, mut half_wins) = (0u64, 0u64, 0u128);
    for tie in rows.chunk_by(|left, right| left.0 == right.0) {
        let wins = tie.iter().filter(|row| row.1).count() as u64;
        let losses = tie.len() as u64 - wins;
        half_wins += u128::from(wins) * u128::from(2 * below + losses);
        below += losses;
        positives += wins;
    }
    (positives > 0 && below > 0).then(|| half_wins as f64 / (2.0 * positives as f64 * below as f64))
}
