//! What the wire asks, as the service understands it.

use jiff::{SignedDuration, Timestamp};
use slipway_domain::check::Check;
use slipway_domain::gate::{Comparison, Policy};
use slipway_proto::health::v1 as pb;

use crate::Error;
use crate::service::report::{Columns, Draft, PairedColumns};
use crate::service::{Cohorts, GateQuery, HealthQuery};

/// A report.
///
/// # Errors
/// [`Error::Invalid`] when an instant is none.
pub fn report(message: pb::ReportRequest) -> Result<Draft, Error> {
    let pb::ReportRequest { producer, epoch, sequence, columns, paired_columns, complete_through } = message;
    let mut check = Check::new();
    let draft = Draft {
        producer,
        epoch,
        sequence,
        columns: columns.into_iter().enumerate().map(|(at, message)| self::columns(&mut check, at, message)).collect(),
        paired_columns: paired_columns
            .into_iter()
            .enumerate()
            .map(|(at, message)| self::paired_columns(&mut check, at, message))
            .collect(),
        complete_through: instant(&mut check, "complete_through", complete_through),
    };
    check.finish()?;
    Ok(draft)
}

fn columns(check: &mut Check, at: usize, message: pb::Columns) -> Columns {
    let pb::Columns { version, minute, predictions, outcomes, weights, predicted } = message;
    let minute = instant(check, &format!("columns[{at}].minute"), minute);
    Columns { version, minute, predictions, outcomes, weights, predicted }
}

fn paired_columns(check: &mut Check, at: usize, message: pb::PairedColumns) -> PairedColumns {
    let pb::PairedColumns {
        candidate,
        baseline,
        minute,
        candidate_predictions,
        baseline_predictions,
        outcomes,
        weights,
        predicted,
    } = message;
    let minute = instant(check, &format!("paired_columns[{at}].minute"), minute);
    PairedColumns {
        candidate,
        baseline,
        minute,
        candidate_predictions,
        baseline_predictions,
        outcomes,
        weights,
        predicted,
    }
}

/// A question for the health of a version.
///
/// # Errors
/// [`Error::Invalid`] when an instant is none.
pub fn health_query(message: pb::GetHealthRequest) -> Result<HealthQuery, Error> {
    let pb::GetHealthRequest { name, start_time, end_time, include_immature } = message;
    let mut check = Check::new();
    let query = HealthQuery {
        name,
        start: instant(&mut check, "start_time", start_time),
        end: instant(&mut check, "end_time", end_time),
        cohorts: if include_immature { Cohorts::All } else { Cohorts::Mature },
    };
    check.finish()?;
    Ok(query)
}

/// A question to a gate.
///
/// # Errors
/// [`Error::Invalid`] when an instant is none.
pub fn gate_query(message: pb::EvaluateRequest) -> Result<GateQuery, Error> {
    let pb::EvaluateRequest { candidate, baseline, comparison, since, next_share, policy, label_window } = message;
    let mut check = Check::new();
    let query = GateQuery {
        candidate,
        baseline,
        comparison: match pb::Comparison::try_from(comparison) {
            Ok(pb::Comparison::Paired) => Some(Comparison::Paired),
            Ok(pb::Comparison::Split) => Some(Comparison::Split),
            Ok(pb::Comparison::Unspecified) | Err(_) => None,
        },
        since: instant(&mut check, "since", since),
        next_share,
        policy: gate_policy(policy.unwrap_or_default()),
        label_window: label_window.as_ref().map(span),
    };
    check.finish()?;
    Ok(query)
}

fn gate_policy(message: pb::GatePolicy) -> Policy {
    let pb::GatePolicy { alpha, calibration_tolerance, ne_tolerance, harm_budget, minimum_rows, minimum_positives } =
        message;
    let defaults = Policy::default();
    // A negative number lies beyond the bounds, as a number that is too large does.
    let count = |number: i64| u64::try_from(number).unwrap_or(u64::MAX);
    Policy {
        alpha: alpha.unwrap_or(defaults.alpha),
        calibration_tolerance: calibration_tolerance.unwrap_or(defaults.calibration_tolerance),
        ne_tolerance: ne_tolerance.unwrap_or(defaults.ne_tolerance),
        harm_budget: harm_budget.unwrap_or(defaults.harm_budget),
        minimum_rows: minimum_rows.map(count),
        minimum_positives: minimum_positives.map(count),
    }
}

fn instant(check: &mut Check, field: &str, message: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    let prost_types::Timestamp { seconds, nanos } = message?;
    let instant = (0..1_000_000_000).contains(&nanos).then(|| Timestamp::new(seconds, nanos).ok()).flatten();
    if instant.is_none() {
        let wanted = "must have seconds from year 1 to 9999 and nanos from 0 to 999,999,999";
        check.add(field, "NOT_AN_INSTANT", wanted);
    }
    instant
}

/// A span of time; what does not fit is the longest that there is.
pub(super) fn span(message: &prost_types::Duration) -> SignedDuration {
    let prost_types::Duration { seconds, nanos } = *message;
    SignedDuration::from_secs(seconds).saturating_add(SignedDuration::from_nanos(i64::from(nanos)))
}
