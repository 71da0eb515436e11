//! The figures that are shown of a cell.

use super::auc::{Auc, auc};
use super::cell::{Cell, Totals};
use super::ece::{Ece, ece};

/// All figures of a cell. What is not defined for its rows is absent, never 0 and never NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    /// Predictions made.
    pub predicted: u64,
    /// Rows with prediction and outcome.
    pub labelled: u64,
    /// Labelled rows whose outcome was 1.
    pub positives: u64,
    /// See [`calibration`].
    pub calibration: Option<f64>,
    /// See [`log_loss`].
    pub log_loss: Option<f64>,
    /// See [`normalized_entropy`].
    pub normalized_entropy: Option<f64>,
    /// See [`auc()`].
    pub auc: Option<Auc>,
    /// See [`ece()`].
    pub ece: Option<Ece>,
    /// See [`label_rate`].
    pub label_rate: Option<f64>,
    /// See [`Cell::coverage`].
    pub coverage: Option<f64>,
}

impl Metrics {
    /// The figures of `cell`.
    pub fn of(cell: &Cell) -> Self {
        let totals = cell.totals();
        Self {
            predicted: cell.predicted(),
            labelled: cell.labelled(),
            positives: cell.positives(),
            calibration: calibration(&totals),
            log_loss: log_loss(&totals),
            normalized_entropy: normalized_entropy(&totals),
            auc: auc(cell.histogram()),
            ece: ece(cell),
            label_rate: label_rate(&totals),
            coverage: cell.coverage(),
        }
    }
}

/// Σwp / Σwy: how many positives were predicted for each that came. Above 1 the model promises too much. Nothing
/// without a positive.
pub fn calibration(totals: &Totals) -> Option<f64> {
    (totals.outcome > 0.0).then(|| totals.prediction / totals.outcome)
}

/// Σwl / Σw, in nats; predictions clipped to [10⁻⁶, 1 − 10⁻⁶]. Nothing without weight.
pub fn log_loss(totals: &Totals) -> Option<f64> {
    (totals.weight > 0.0).then(|| totals.loss / totals.weight)
}

/// Σwy / Σw: the share of positives among the labelled rows. Nothing without weight.
pub fn label_rate(totals: &Totals) -> Option<f64> {
    (totals.weight > 0.0).then(|| totals.outcome / totals.weight)
}

/// The log loss over the entropy of the label rate (He et al., Practical lessons from predicting clicks on ads at
/// Facebook, 2014). Lower is better; 1 is what predicting the label rate alone would score. Nothing when all outcomes
/// are the same.
pub fn normalized_entropy(totals: &Totals) -> Option<f64> {
    let entropy = entropy(label_rate(totals)?);
    (entropy > 0.0).then(|| totals.loss / totals.weight / entropy)
}

/// −q ln q − (1 − q) ln(1 − q), in nats; 0 at the ends.
pub fn entropy(q: f64) -> f64 {
    let term = |x: f64| if x > 0.0 { -x * x.ln() } else { 0.0 };
    term(q) + term(1.0 - q)
}
