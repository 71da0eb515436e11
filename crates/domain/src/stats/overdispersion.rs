//! How much more outcomes vary than independent ones would: a storm delays everybody.

use super::cell::Totals;

/// The fewest blocks from which a variance is estimated.
const LEAST_BLOCKS: usize = 8;

/// φ, the variance of the calibration's z-score over stretches of time; 1 for independent outcomes, never below.
///
/// `buckets` are a model's sums over equal stretches of time, in order. For a block of buckets the z-score is
/// (Σwy − Σwp/r) / √Σw²p(1 − p), r the calibration over all of them, so that a constant miscalibration is no
/// overdispersion. What hangs together for longer than a bucket shows only in longer blocks; so the variance is taken
/// over blocks of 1, 2, 4, … buckets, as long as there are eight, and φ is the largest. Nothing when there are fewer than
/// eight buckets with rows, or no positive.
pub fn overdispersion(buckets: &[Totals]) -> Option<f64> {
    let outcome: f64 = buckets.iter().map(|bucket| bucket.outcome).sum();
    let prediction: f64 = buckets.iter().map(|bucket| bucket.prediction).sum();
    if !(outcome > 0.0 && prediction > 0.0) {
        return None;
    }
    let calibration = prediction / outcome;
    let lengths = std::iter::successors(Some(1), |length| Some(length * 2));
    let variances = lengths
        .take_while(|length| buckets.len() / length >= LEAST_BLOCKS)
        .filter_map(|length| variance_of_z(buckets.chunks(length), calibration));
    variances.reduce(f64::max).map(|variance| variance.max(1.0))
}

/// The mean square of the blocks' z-scores, one degree of freedom given to the calibration.
fn variance_of_z<'a>(blocks: impl Iterator<Item = &'a [Totals]>, calibration: f64) -> Option<f64> {
    let (mut count, mut squares) = (0, 0.0);
    for block in blocks {
        let gap: f64 = block.iter().map(|bucket| bucket.outcome - bucket.prediction / calibration).sum();
        let variance: f64 = block.iter().map(|bucket| bucket.variance).sum();
        if variance > 0.0 {
            count += 1;
            squares += gap * gap / variance;
        }
    }
    (count >= LEAST_BLOCKS).then(|| squares / (count - 1) as f64)
}
