//! Instants, durations and numbers of the wire, both ways.

use std::time::Duration;

use jiff::Timestamp;
use slipway_domain::check::Check;

/// An instant on the wire, which counts nanoseconds forward from the second before; jiff counts them towards zero.
#[must_use]
pub fn instant(at: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
    if nanos < 0 {
        prost_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}

/// The instant that a message tells of; none if there is none, or if it is noted as wrong.
pub fn parse_instant(check: &mut Check, field: &str, message: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    let prost_types::Timestamp { seconds, nanos } = message?;
    let sane = (0..1_000_000_000).contains(&nanos);
    let instant = Timestamp::new(seconds, nanos).ok().filter(|_| sane);
    if instant.is_none() {
        check.out_of_bounds(field, "is no instant of the years -9999 to 9999");
    }
    instant
}

/// A duration on the wire.
#[must_use]
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
#[must_use]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_on_both_sides_of_1970() {
        for at in ["1969-12-31T23:59:58.25Z", "1970-01-01T00:00:00Z", "2026-01-01T00:00:00.000000001Z"] {
            let at: Timestamp = at.parse().unwrap();
            let message = instant(at);
            assert!((0..1_000_000_000).contains(&message.nanos), "{message:?}");
            assert_eq!(Timestamp::new(message.seconds, message.nanos).unwrap(), at);
        }
    }

    #[test]
    fn what_lies_out_of_bounds_is_noted_with_its_field() {
        let mut check = Check::new();
        assert_eq!(unsigned(&mut check, "generation", -1), 0);
        let negative = Some(prost_types::Duration { seconds: -1, nanos: 0 });
        assert_eq!(parse_duration(&mut check, "bake", negative, Duration::ZERO), Duration::ZERO);
        let fields: Vec<_> = check.into_violations().into_iter().map(|violation| violation.field).collect();
        assert_eq!(fields, ["generation", "bake"]);
    }
}
