//! The expected calibration error, less what noise alone would show.

use super::bins;
use super::cell::Cell;
use super::histogram::BinCounts;

/// Into how many groups of about equal mass the score bins are gathered.
pub const GROUPS: usize = 20;

/// The mean distance of predicted and observed frequency over groups of like scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ece {
    /// Σ_b n_b/n·|p̄_b − ȳ_b| as it comes.
    pub raw: f64,
    /// What `raw` would be on average if every prediction were exactly right.
    pub noise: f64,
    /// `raw` − `noise`, at least 0: the error that is the model's.
    pub value: f64,
    /// `raw` is within ± `bound` of the same groups' error with exact predictions instead of binned ones.
    pub bound: f64,
}

/// The ECE over [`GROUPS`] groups of about equal mass, rows counting once each. Nothing without labelled rows.
///
/// A bin's predictions are taken to lie at one and the same fraction of its width in every bin, the fraction that
/// agrees best with the cell's exact sum of predictions. Noise: a group's Σ(y − p) has the variance Σp(1 − p), and the
/// mean of |z| of a normal z is √(2/π), so noise alone gives √(2/π)·Σ_b √(Σ_{i∈b} p(1 − p)) / n.
pub fn ece(cell: &Cell) -> Option<Ece> {
    let bins = cell.histogram().by_bin();
    let rows = cell.labelled() as f64;
    if bins.is_empty() {
        return None;
    }
    let fraction = fraction(cell, &bins);
    let (mut raw, mut noise, mut bound) = (0.0, 0.0, 0.0);
    for group in groups(&bins, rows) {
        let (mut gap, mut variance) = (0.0, 0.0);
        for bin in group {
            let edges = bins::bounds(bin.bin);
            let count = (bin.negatives + bin.positives) as f64;
            let width = edges.end - edges.start;
            let p = edges.start + fraction * width;
            gap += count * p - bin.positives as f64;
            variance += count * p * (1.0 - p);
            bound += count * width * fraction.max(1.0 - fraction);
        }
        raw += gap.abs();
        noise += (std::f64::consts::FRAC_2_PI * variance).sqrt();
    }
    let (raw, noise, bound) = (raw / rows, noise / rows, bound / rows);
    Some(Ece { raw, noise, value: (raw - noise).max(0.0), bound })
}

/// At which fraction of its bin's width a prediction lies, on average.
fn fraction(cell: &Cell, bins: &[BinCounts]) -> f64 {
    let totals = cell.totals();
    let unweighted = totals.weight == totals.rows && totals.weight_squared == totals.rows;
    let (mut least, mut width) = (0.0, 0.0);
    for bin in bins {
        let edges = bins::bounds(bin.bin);
        let count = (bin.negatives + bin.positives) as f64;
        least += count * edges.start;
        width += count * (edges.end - edges.start);
    }
    if unweighted { ((totals.prediction - least) / width).clamp(0.0, 1.0) } else { 0.5 }
}

/// The bins in groups of neighbours: a group is closed once it and those before it hold their share of the rows.
fn groups(bins: &[BinCounts], rows: f64) -> impl Iterator<Item = &[BinCounts]> {
    let mut seen = 0;
    let mut closed = 0.0;
    bins.chunk_by(move |bin, _| {
        seen += bin.negatives + bin.positives;
        let full = (seen as f64 * GROUPS as f64 / rows).floor();
        let same = full <= closed;
        closed = full;
        same
    })
}
