//! How values look to a person.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use slipway_chassis::env::Env;
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

/// A resource's name without its namespace, as short as it is typed.
pub fn resource(name: &str) -> String {
    match name.split('/').collect::<Vec<_>>()[..] {
        [_, _, "models", model] => model.to_owned(),
        [_, _, "models", model, "versions", number] => format!("{model}/{number}"),
        [_, _, "models", model, "traffic"] => format!("traffic of {model}"),
        [_, _, "models", model, "aliases", alias] => format!("{model}@{alias}"),
        [_, _, "modelTypes", id] => format!("model type {id}"),
        [_, _, "teams", id] => format!("team {id}"),
        ["namespaces", id] => format!("namespace {id}"),
        _ => name.to_owned(),
    }
}

/// An instant to the minute, UTC.
pub fn instant(at: Option<prost_types::Timestamp>) -> String {
    read(at).map_or("-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// The same, and how long ago that was; nothing where there is no such instant.
pub fn since(at: Option<prost_types::Timestamp>) -> String {
    let Some(at) = read(at) else { return String::new() };
    let date = at.strftime("%Y-%m-%d %H:%M UTC");
    elapsed(at, Env::system().now()).map_or(date.to_string(), |age| format!("{date} ({age} ago)"))
}

/// How long ago an instant was, for a table.
pub fn age(at: Option<prost_types::Timestamp>) -> String {
    read(at).map_or("-".to_owned(), |at| age_at(at, Env::system().now()))
}

/// How long before `now` an instant was; its date if it is still to come.
fn age_at(at: Timestamp, now: Timestamp) -> String {
    elapsed(at, now).unwrap_or_else(|| at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// How long before `now` an instant was, in its largest unit.
fn elapsed(at: Timestamp, now: Timestamp) -> Option<String> {
    let age = Duration::try_from(now.duration_since(at)).ok()?;
    duration(age).split(' ').next().map(str::to_owned)
}

fn read(at: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok())
}

/// The beginning of a digest, by which a person tells it from others.
pub fn digest(digest: &str) -> String {
    const SHOWN: usize = "sha256:".len() + 12;
    match digest.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &digest[..end]),
        None => digest.to_owned(),
    }
}

/// Labels in the order of their keys.
pub fn labels(labels: &HashMap<String, String>) -> String {
    let mut pairs: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.sort();
    pairs.join(", ")
}

/// A value of an enum without the prefix that its name has on the wire.
pub fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_owned()
}

/// The id of the model that a resource is, or lies below.
pub fn model(name: &str) -> String {
    name.split('/').nth(3).unwrap_or(name).to_owned()
}

/// The namespace of a name.
pub fn namespace(name: &str) -> String {
    name.split('/').nth(1).unwrap_or_default().to_owned()
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

/// A length of time on the wire.
pub fn wire(duration: Duration) -> Option<prost_types::Duration> {
    prost_types::Duration::try_from(duration).ok()
}

/// A tier with all that is said of it.
pub fn criticality(own: &pb::Criticality) -> String {
    let pb::Criticality { tier, reason, evidence_uri, review_time } = own;
    let review = review_time.map(|at| format!("to be reviewed by {}", instant(Some(at)))).unwrap_or_default();
    let words: Vec<_> = [reason, evidence_uri, &review].into_iter().filter(|word| !word.is_empty()).cloned().collect();
    if words.is_empty() { tier.to_string() } else { format!("{tier} ({})", words.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_has_no_digits_that_say_nothing() {
        assert_eq!((percent(0.05), percent(1.0), percent(0.12345)), ("5 %".into(), "100 %".into(), "12.345 %".into()));
    }

    #[test]
    fn an_age_is_told_in_one_unit_and_what_is_to_come_by_its_date() {
        let now: Timestamp = "2013-06-05T12:00:00Z".parse().unwrap();
        let age = |at: &str| age_at(at.parse().unwrap(), now);
        assert_eq!(age("2013-06-05T11:59:30Z"), "30s");
        assert_eq!((age("2013-06-05T09:30:00Z"), age("2013-04-01T00:00:00Z")), ("2h".to_owned(), "65d".to_owned()));
        assert_eq!(age("2013-06-06T00:00:00Z"), "2013-06-06 00:00");
    }

    #[test]
    fn a_digest_keeps_its_beginning() {
        assert_eq!(digest(&format!("sha256:{}", "1234567890abcdef".repeat(4))), "sha256:1234567890ab…");
        assert_eq!(digest("sha256:12"), "sha256:12");
    }
}
