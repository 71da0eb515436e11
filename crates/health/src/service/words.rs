//! Figures in sentences for people.

use slipway_domain::stats::Interval;

/// "between 0.95 and 1.05", "at least 0.95", "at most 1.05".
pub(super) fn interval(interval: &Interval) -> String {
    match (interval.low.is_finite(), interval.high.is_finite()) {
        (true, true) => format!("between {:.3} and {:.3}", interval.low, interval.high),
        (true, false) => format!("at least {:.3}", interval.low),
        (false, true) => format!("at most {:.3}", interval.high),
        (false, false) => "anywhere".to_owned(),
    }
}
