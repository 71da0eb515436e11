//! The gate of a shadow stage: candidate and baseline on the same rows.
//!
//! On the rows that were seen, the two calibrations differ by exactly Σp_A/Σp_B: no noise at all. What is uncertain is
//! whether these rows stand for the next ones. One stormy day can move a sound candidate's ratio by a third, and its
//! rows hang together; so days ([`SPAN`]) are the samples, and a candidate is failed only on several of them. To pass, on the other hand, what was seen must itself be tolerable.

use jiff::Timestamp;

use super::cell::Totals;
use super::decide::{Findings, Judgement, Observed, Question, Spending, decide};
use super::interval::Interval;
use super::paired::PairedCell;
use super::ratio::{Ratio, Sample, around, ratio_of_sums};
use super::sequence::normal_boundary;
use super::split;
use crate::gate::Policy;

/// The paired cell of one stratum of time.
#[derive(Clone, Copy, Debug)]
pub struct Stratum<'a> {
    /// When it begins. Strata are gathered into spans by it.
    pub start: Timestamp,
    /// Both versions on the same rows.
    pub cell: &'a PairedCell,
}

/// Seconds within which outcomes hang together: a storm delays everybody for a day. No split takes such a thing out
/// here, so spans are what is counted, and three are the least that can decide.
pub const SPAN: i64 = 24 * 60 * 60;

/// The rows at which the interval of independent rows is tightest.
const TIGHTEST_ROWS: f64 = 2000.0;

/// Judges on all strata of its shadow stage whether the candidate may take `next_share` of the traffic.
///
/// Relative calibration is Σp_A/Σp_B and relative NE Σl_A/Σl_B. The interval is the wider of two: that of
/// [`ratio_of_sums`] over spans of [`SPAN`] from the first stratum on (asymptotic in the number of spans, for
/// outcomes that hang together within them), and that of independent rows by a normal mixture, whose variance comes
/// from the paired sums. The last span counts while it is still filling.
///
/// `policy.alpha` and the tolerances must lie in (0, 1).
pub fn judge(strata: &[Stratum<'_>], policy: &Policy, next_share: f64) -> Judgement {
    let mut strata = strata.to_vec();
    strata.sort_by_key(|stratum| stratum.start);
    let spans = spans(&strata);
    let all = PairedCell::merged(&spans);
    let spending = Spending::in_shadow(policy.alpha);
    let calibration = Quantity { sum: |totals| totals.prediction, moments: Moments::of_predictions(&all) };
    let loss = Quantity { sum: |totals| totals.loss, moments: Moments::of_losses(&all) };
    let findings = Findings {
        candidate: all.candidate(),
        baseline: all.baseline(),
        calibration: ratio(&spans, &calibration, spending.calibration).map(|ratio| split::calibration(ratio, policy)),
        normalized_entropy: ratio(&spans, &loss, spending.normalized_entropy)
            .map(|ratio| split::normalized_entropy(ratio, policy)),
        alone: None,
        e_value: None,
        samples: spans.len(),
    };
    decide(&findings, &Question { policy, next_share, observed: Observed::MustBeTolerable })
}

/// The strata gathered into spans in which there are rows.
fn spans(strata: &[Stratum<'_>]) -> Vec<PairedCell> {
    let first = strata.first().map_or(0, |stratum| stratum.start.as_second());
    let span = |stratum: &Stratum<'_>| (stratum.start.as_second() - first) / SPAN;
    let gathered = strata.chunk_by(|left, right| span(left) == span(right));
    gathered
        .map(|strata| PairedCell::merged(strata.iter().map(|stratum| stratum.cell)))
        .filter(|cell| cell.candidate().labelled() > 0)
        .collect()
}

/// What of the two versions is compared.
struct Quantity {
    sum: fn(&Totals) -> f64,
    moments: Moments,
}

/// The ratio of one sum of the candidate to the same of the baseline.
fn ratio(spans: &[PairedCell], quantity: &Quantity, alpha: f64) -> Option<Ratio> {
    let sum = |totals: Totals| (quantity.sum)(&totals);
    let sample =
        |cell: &PairedCell| Sample { above: sum(cell.candidate().totals()), below: sum(cell.baseline().totals()) };
    let samples: Vec<Sample> = spans.iter().map(sample).collect();
    let mut ratio = ratio_of_sums(&samples, alpha)?;
    let above: f64 = samples.iter().map(|sample| sample.above).sum();
    let of_rows = around(ratio.estimate, quantity.moments.deviation(ratio.estimate, alpha) / above);
    ratio.interval = wider(ratio.interval, of_rows);
    Some(ratio)
}

pub(super) fn wider(left: Interval, right: Interval) -> Interval {
    Interval { low: left.low.min(right.low), high: left.high.max(right.high) }
}

/// Σw²a², Σw²b² and Σw²ab of a quantity a of the candidate and b of the baseline, over all rows.
#[derive(Clone, Copy)]
struct Moments {
    candidate: f64,
    baseline: f64,
    product: f64,
    rows: f64,
}

impl Moments {
    fn of_losses(cell: &PairedCell) -> Self {
        let squared = |totals: Totals| totals.squared_loss;
        Self::new(cell, squared, cell.loss_product())
    }

    fn of_predictions(cell: &PairedCell) -> Self {
        // Σw²p² = Σw²p − Σw²p(1 − p).
        let squared = |totals: Totals| totals.squared_weight_prediction - totals.variance;
        Self::new(cell, squared, cell.prediction_product())
    }

    fn new(cell: &PairedCell, squared: fn(Totals) -> f64, product: f64) -> Self {
        Self {
            candidate: squared(cell.candidate().totals()),
            baseline: squared(cell.baseline().totals()),
            product,
            rows: cell.candidate().labelled() as f64,
        }
    }

    /// How far the sum of a − `ratio`·b over independent rows may stray.
    fn deviation(&self, ratio: f64, alpha: f64) -> f64 {
        let variance = (self.candidate - 2.0 * ratio * self.product + ratio * ratio * self.baseline).max(0.0);
        if variance == 0.0 {
            return 0.0;
        }
        normal_boundary(variance, variance / self.rows * TIGHTEST_ROWS, alpha)
    }
}
