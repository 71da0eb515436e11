//! What the texts of settings mean. Each function gives none for a text that is not allowed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// `true` or `false`.
#[must_use]
pub fn switch(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// An IP address and a port, as `127.0.0.1:7701` or `[::1]:7701`.
#[must_use]
pub fn address(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

/// A path that is not empty.
#[must_use]
pub fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}

/// A text without white space.
#[must_use]
pub fn text(text: &str) -> Option<String> {
    let sane = !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    sane.then(|| text.to_owned())
}

/// A duration of at least a millisecond and at most a day, as `250ms`, `30s` or `1h 30m`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let duration = Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()?;
    (Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(&duration).then_some(duration)
}

/// A number of bytes from 1 KiB to 1 GiB, as `65536`, `64KiB` or `4MiB`.
#[must_use]
pub fn bytes(text: &str) -> Option<usize> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let unit = units.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
    let (digits, size) = unit.unwrap_or((text, 1));
    let amount = digits.trim_end().parse::<usize>().ok()?.checked_mul(size)?;
    ((1 << 10)..=(1 << 30)).contains(&amount).then_some(amount)
}

/// A whole number from 1 to a million.
#[must_use]
pub fn count(text: &str) -> Option<u32> {
    text.parse().ok().filter(|count| (1..=1_000_000).contains(count))
}

/// Bytes in a second, as a size; 0 is any number.
#[must_use]
pub fn byte_rate(text: &str) -> Option<u32> {
    if text == "0" { Some(0) } else { self::bytes(text).and_then(|bytes| u32::try_from(bytes).ok()) }
}

/// A share from 0 to 1.
#[must_use]
pub fn ratio(text: &str) -> Option<f64> {
    text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
}

/// A finite number above zero.
#[must_use]
pub fn factor(text: &str) -> Option<f64> {
    text.parse().ok().filter(|factor: &f64| factor.is_finite() && *factor > 0.0)
}

/// An instant in RFC 3339, as `2023-06-01T00:00:00Z`.
#[must_use]
pub fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// The address of a server without TLS, as `http://127.0.0.1:7701`.
#[must_use]
pub fn endpoint(text: &str) -> Option<http::Uri> {
    let uri: http::Uri = text.parse().ok()?;
    let plain = uri.scheme_str() == Some("http") && uri.authority().is_some() && matches!(uri.path(), "" | "/");
    plain.then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_bounds() {
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("1h 30m"), Some(Duration::from_secs(5400)));
        for bad in ["", "30", "0s", "-1s", "2 days", "25h", "soon"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_bytes_or_have_a_binary_unit() {
        assert_eq!(bytes("4MiB"), Some(4 << 20));
        assert_eq!(bytes("64 KiB"), Some(64 << 10));
        assert_eq!(bytes("2048"), Some(2048));
        for bad in ["", "MiB", "4MB", "1023", "2GiB", "-4MiB", "99999999999999999999GiB"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_endpoint_is_a_plain_server_address() {
        assert!(endpoint("http://127.0.0.1:4317").is_some());
        assert!(endpoint("http://collector:4317/").is_some());
        for bad in ["", "127.0.0.1:4317", "https://a:1", "http://", "http://a:1/path"] {
            assert_eq!(endpoint(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        assert_eq!(count("0").or(count("1000001")).or(count("-1")), None);
        assert_eq!(ratio("1.01").or(ratio("NaN")).or(ratio("-0.1")), None);
        assert_eq!(factor("0").or(factor("inf")).or(factor("NaN")), None);
        assert_eq!((count("7"), ratio("0.5"), factor("1e5")), (Some(7), Some(0.5), Some(1e5)));
    }
}
