//! How values look to a person.

use std::time::Duration;

use anyhow::{Result, bail};
use jiff::Timestamp;
use slipway_sdk::pb;

/// The last part of a name.
pub fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A version's name as `model/number`.
pub fn version(name: &str) -> String {
    match name.split('/').collect::<Vec<_>>()[..] {
        [_, _, _, model, _, number] => format!("{model}/{number}"),
        _ => name.to_owned(),
    }
}

/// An instant to the minute, UTC.
pub fn instant(at: Option<prost_types::Timestamp>) -> String {
    let at = at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok());
    at.map_or("-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// A figure with its interval.
pub fn estimate(estimate: Option<&pb::Estimate>) -> String {
    let Some(pb::Estimate { value, lower, upper }) = estimate else { return "-".to_owned() };
    let number = |number: &Option<f64>| number.map_or("-".to_owned(), |number| format!("{number:.4}"));
    match (lower, upper) {
        (None, None) => number(value),
        _ => format!("{} [{}, {}]", number(value), number(lower), number(upper)),
    }
}

/// A figure that may be missing.
pub fn number(number: Option<f64>) -> String {
    number.map_or("-".to_owned(), |number| format!("{number:.5}"))
}

/// A share as percent, without digits that say nothing.
pub fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A length of time in its largest two units.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, size) in units {
        if rest >= size {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts[..parts.len().min(2)].join(" ") }
}

/// Reads a length of time, as `90s`, `12h`, `2d` or `1d12h`.
pub fn parse_duration(text: &str) -> Result<Duration> {
    let mut total = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (Ok(count), tail) = (rest[..end].parse::<f64>(), rest[end..].trim_start()) else {
            bail!("{text:?} is not a length of time; write 90s, 12h, 2d or 1d12h");
        };
        let size = match tail.chars().next() {
            Some('d') => 86_400.0,
            Some('h') => 3_600.0,
            Some('m') => 60.0,
            Some('s') => 1.0,
            _ => bail!("{text:?} needs a unit: d, h, m or s"),
        };
        total += count * size;
        rest = tail[1..].trim_start();
    }
    if text.trim().is_empty() {
        bail!("a length of time is missing; write 90s, 12h, 2d or 1d12h");
    }
    Ok(Duration::try_from_secs_f64(total)?)
}

/// Reads a share, as `5%` or `0.05`.
pub fn parse_share(text: &str) -> Result<f64> {
    let (number, size) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&(number / size)) => Ok(number / size),
        _ => bail!("{text:?} is not a share; write 5% or 0.05"),
    }
}

/// A length of time on the wire.
pub fn wire(duration: Duration) -> Option<prost_types::Duration> {
    prost_types::Duration::try_from(duration).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_reads_back_as_it_was_written() {
        for text in ["90s", "12h", "2d", "1d 12h", "5m 30s"] {
            let parsed = parse_duration(text).unwrap();
            assert_eq!(parse_duration(&duration(parsed)).unwrap(), parsed, "{text}");
        }
        for text in ["", "5", "h", "5x", "-1h", "1h5"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_percent_or_fractions() {
        assert_eq!((parse_share("5%").unwrap(), parse_share("0.05").unwrap()), (0.05, 0.05));
        for text in ["", "101%", "-1%", "2", "NaN", "inf%"] {
            assert!(parse_share(text).is_err(), "{text}");
        }
        assert_eq!((percent(0.05), percent(1.0), percent(0.12345)), ("5 %".into(), "100 %".into(), "12.345 %".into()));
    }
}
