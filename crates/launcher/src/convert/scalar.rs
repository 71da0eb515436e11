//! Instants, durations and numbers, both ways.

use std::time::Duration;

use jiff::Timestamp;
use slipway_domain::check::Check;

/// An instant on the wire, which counts nanoseconds forward from the second before; jiff counts them towards zero.
pub fn instant(at: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
    if nanos < 0 {
        prost_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}

/// A duration on the wire.
pub fn duration(duration: Duration) -> Option<prost_types::Duration> {
    prost_types::Duration::try_from(duration).ok()
}

/// The duration that a message tells of; `usual` if there is none, or if it is noted as wrong.
pub fn parse_duration(
    check: &mut Check,
    field: &str,
    message: Option<prost_types::Duration>,
    usual: Duration,
) -> Duration {
    let Some(message) = message else { return usual };
    Duration::try_from(message).unwrap_or_else(|_| {
        check.out_of_bounds(field, "is negative or too long");
        usual
    })
}

/// A number on the wire, which knows only signed ones; none of ours comes near the bound.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from the wire that must not be negative; 0 if it is noted as wrong.
pub fn unsigned(check: &mut Check, field: &str, number: i64) -> u64 {
    u64::try_from(number).unwrap_or_else(|_| {
        check.out_of_bounds(field, format!("is {number}; it must not be negative"));
        0
    })
}
