//! Lengths of time and instants.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::Refused;

const UNITS: [(char, f64); 4] = [('d', 86_400.0), ('h', 3_600.0), ('m', 60.0), ('s', 1.0)];

/// Reads a length of time, as `90s`, `12h`, `2d` or `1d12h`.
pub fn duration(text: &str) -> Result<Duration, Refused> {
    let refused = || "a length of time has a number and a unit of d, h, m or s; write 90s, 12h, 2d or 1d12h".to_owned();
    let mut total = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(refused());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let count: f64 = rest[..end].parse().map_err(|_| refused())?;
        let tail = rest[end..].trim_start();
        let unit = tail.chars().next().and_then(|unit| UNITS.iter().find(|(name, _)| *name == unit));
        let (_, size) = unit.ok_or_else(refused)?;
        total += count * size;
        rest = tail[1..].trim_start();
    }
    Duration::try_from_secs_f64(total).map_err(|_| refused())
}

/// An instant as it is typed: on the clock, or so long ago.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Instant {
    /// At this instant.
    At(Timestamp),
    /// So long before now.
    Ago(Duration),
}

impl Instant {
    /// The instant, when it is `now`.
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for Instant {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let midnight = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        let day = || (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten().and_then(midnight);
        let minute = |text: &str| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
        let minute = || (text.len() > 10).then(|| minute(text)).flatten().map(|zoned| zoned.timestamp());
        if let Some(at) = text.parse().ok().or_else(day).or_else(minute) {
            return Ok(Self::At(at));
        }
        duration(text.strip_suffix(" ago").unwrap_or(text)).map(Self::Ago).map_err(|_| {
            "write an instant as 2013-06-03T00:00:00Z, without a zone as 2013-06-03T14:02 (UTC), a day (UTC) as 2013-06-03, \
             or how long ago as 2d"
                .to_owned()
        })
    }
}

/// A day, or an instant of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day(pub Timestamp);

impl FromStr for Day {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        match text.parse() {
            Ok(Instant::At(at)) => Ok(Self(at)),
            Ok(Instant::Ago(_)) | Err(_) => Err("write a day (UTC) as 2027-01-31".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn a_length_of_time_reads_back_as_it_was_written() {
        for text in ["90s", "12h", "2d", "1d 12h", "5m 30s"] {
            let parsed = duration(text).unwrap();
            assert_eq!(duration(&text::duration(parsed)).unwrap(), parsed, "{text}");
        }
        for text in ["", "5", "h", "5x", "-1h", "1h5", "1é", "99999999999999999999d"] {
            assert!(duration(text).unwrap_err().contains("12h"), "{text}");
        }
    }

    #[test]
    fn an_instant_is_on_the_clock_or_so_long_ago() {
        let now: Timestamp = "2013-06-05T00:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Instant>().unwrap().at(now).to_string();
        assert_eq!(at("2013-06-03T12:00:00+02:00"), "2013-06-03T10:00:00Z");
        assert_eq!((at("2013-06-03"), at("2d")), ("2013-06-03T00:00:00Z".into(), "2013-06-03T00:00:00Z".into()));
        assert_eq!(at("2013-06-03T14:02"), "2013-06-03T14:02:00Z");
        assert_eq!(
            (at("2013-06-03 14:02:07"), at("2d ago")),
            ("2013-06-03T14:02:07Z".into(), "2013-06-03T00:00:00Z".into())
        );
        for bad in ["", "yesterday", "2013-06-03T25:00", "2013-06-03T14:02+99:00", "2013-13-01", "2013", "12:00"] {
            assert!(bad.parse::<Instant>().unwrap_err().contains("2013-06-03"), "{bad}");
        }
    }
}
