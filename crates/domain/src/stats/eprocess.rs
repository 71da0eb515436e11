//! An e-process for the calibration of two arms of a split, exact from the first positive on.
//!
//! Within a stratum of time whatever makes positives common or rare strikes both arms alike. So given that a positive
//! came, it fell to the candidate with probability (P_A/ρ) / (P_A/ρ + P_B), P the arms' predicted masses and ρ the
//! calibration of the candidate over that of the baseline (after Lindon and Malek, arXiv 2011.03567). Likelihood ratios
//! of a ρ beyond an edge of the tolerated band against the edge itself multiply stratum by stratum; against any ρ on the
//! tolerated side each has a mean of at most 1, and so has their mixture over a grid.

use super::interval::Interval;

/// One stratum of a split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Positives {
    /// Predicted mass of the candidate, ΣP_A.
    pub candidate_predicted: f64,
    /// Predicted mass of the baseline, ΣP_B.
    pub baseline_predicted: f64,
    /// Positives of the candidate.
    pub candidate: f64,
    /// Positives of the baseline.
    pub baseline: f64,
}

/// How far beyond an edge of the band the grid's alternatives lie, as factors.
const GRID: [f64; 7] = [1.05, 1.1, 1.2, 1.35, 1.6, 2.2, 4.0];

/// ln of the e-value against "the relative calibration lies in `band`", which has both ends above 0. One half of the
/// bet is on each side.
pub fn log_e_value(strata: &[Positives], band: &Interval) -> f64 {
    let at_edges = [log_likelihood(strata, band.high), log_likelihood(strata, band.low)];
    let gains = GRID.iter().flat_map(|factor| {
        let beyond = [band.high * factor, band.low / factor];
        [0, 1].map(|side| log_likelihood(strata, beyond[side]) - at_edges[side])
    });
    let gains: Vec<f64> = gains.collect();
    let most = gains.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + (gains.iter().map(|gain| (gain - most).exp()).sum::<f64>() / gains.len() as f64).ln()
}

/// The log-likelihood of the relative calibration `rho`, up to a constant.
fn log_likelihood(strata: &[Positives], rho: f64) -> f64 {
    let told = strata.iter().filter(|stratum| stratum.candidate_predicted > 0.0 && stratum.baseline_predicted > 0.0);
    told.map(|stratum| {
        // With the odds o = P_A / (ρ·P_B): Y_A·ln(o/(1 + o)) + Y_B·ln(1/(1 + o)).
        let odds = stratum.candidate_predicted / (rho * stratum.baseline_predicted);
        stratum.candidate * odds.ln() - (stratum.candidate + stratum.baseline) * odds.ln_1p()
    })
    .sum()
}
