//! Until when a call is worth answering: the caller's `grpc-timeout`, or a default, never beyond the most allowed.

use std::time::{Duration, Instant};

use http::HeaderMap;

use crate::env::Stopwatch;
use crate::methods::Shape;

/// How much earlier than its caller the server gives up, so that the caller hears DEADLINE_EXCEEDED from the server
/// instead of breaking the call off itself: a twentieth of the patience, and never more than this.
const MOST_AHEAD: Duration = Duration::from_millis(100);

/// Which deadlines are given to calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For a unary call whose caller names none.
    pub default: Duration,
    /// The most that a unary call gets.
    pub max: Duration,
}

impl Deadlines {
    /// The deadline of a call that `came` then. A stream has one only when its caller names it, and then exactly that.
    pub(super) fn of(&self, shape: Shape, headers: &HeaderMap, came: Stopwatch) -> Option<Instant> {
        let asked = headers.get("grpc-timeout").and_then(|value| parse(value.as_bytes()));
        let asked = asked.map(|timeout| timeout - MOST_AHEAD.min(timeout / 20));
        let patience = match shape {
            Shape::Stream => asked?,
            Shape::Unary | Shape::Probe => asked.unwrap_or(self.default).min(self.max),
        };
        came.deadline(patience)
    }
}

/// The duration in a `grpc-timeout` header: one to eight digits and a unit, as in
/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>. None when it is none.
fn parse(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(amount * 3600)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn a_timeout_is_digits_and_a_unit_and_nothing_else() {
        assert_eq!(parse(b"3H"), Some(Duration::from_secs(10_800)));
        assert_eq!(parse(b"99999999m"), Some(Duration::from_millis(99_999_999)));
        assert_eq!(parse(b"5n"), Some(Duration::from_nanos(5)));
        for bad in [&b""[..], b"S", b"1", b"1s", b"-1S", b"1.5S", b"999999999S", b"1 S"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_unary_call_is_bounded_and_a_stream_only_by_its_caller() {
        let deadlines = Deadlines { default: Duration::from_secs(10), max: Duration::from_secs(60) };
        let left = |shape, timeout: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            timeout.map(|timeout| headers.insert("grpc-timeout", http::HeaderValue::from_static(timeout)));
            deadlines
                .of(shape, &headers, Env::system().stopwatch())
                .map(|deadline| (deadline - Instant::now()).as_secs_f64().ceil())
        };
        assert_eq!(left(Shape::Unary, None), Some(10.0));
        assert_eq!(left(Shape::Unary, Some("5S")), Some(5.0));
        assert_eq!(left(Shape::Unary, Some("5H")), Some(60.0));
        assert_eq!(left(Shape::Stream, None), None);
        assert_eq!(left(Shape::Stream, Some("5H")), Some(18_000.0));
    }
}
