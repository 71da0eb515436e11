//! Where things lie in the store.

use bytes::Bytes;
use slipway_domain::name::{LaunchName, ModelName};
use slipway_store::KeyRange;
use uuid::Uuid;

/// The launch that each model is in.
const ACTIVE: &str = "active/";
/// Answers to requests that carried an id.
const ANSWER: &[u8] = b"answer/";
/// The outbox: commands to run.
const COMMAND: &str = "command/";
/// When each launch acts by itself next.
const TIMER: &str = "due/";
/// The epoch of the launcher in charge.
const EPOCH: &[u8] = b"epoch";
/// Current states of launches.
const LAUNCH: &str = "launch/";
/// The event logs of launches: behind everything else, so that one range holds all but them.
const EVENT: &str = "log/";

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// The state of a launch.
    Launch(LaunchName),
    /// An entry of a launch's log, by its number.
    Event(LaunchName, u64),
    /// A command of a launch to run, by its number.
    Command(LaunchName, u64),
    /// When a launch acts by itself next.
    Timer(LaunchName),
    /// The launch that a model is in.
    Active(ModelName),
    /// The answer to a request.
    Answer(Uuid),
    /// The epoch of the launcher in charge.
    Epoch,
}

impl Key {
    /// The key's bytes.
    #[must_use]
    pub fn write(&self) -> Bytes {
        match self {
            Self::Launch(launch) => format!("{LAUNCH}{launch}").into(),
            Self::Event(launch, sequence) => numbered(EVENT, launch, *sequence),
            Self::Command(launch, id) => numbered(COMMAND, launch, *id),
            Self::Timer(launch) => format!("{TIMER}{launch}").into(),
            Self::Active(model) => format!("{ACTIVE}{model}").into(),
            Self::Answer(id) => [ANSWER, id.as_bytes()].concat().into(),
            Self::Epoch => Bytes::from_static(EPOCH),
        }
    }

    /// What `bytes` stand for; none if this service writes no such key.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if bytes == EPOCH {
            return Some(Self::Epoch);
        }
        if let Some(id) = bytes.strip_prefix(ANSWER) {
            return Uuid::from_slice(id).ok().map(Self::Answer);
        }
        if let Some((launch, sequence)) = read_numbered(EVENT, bytes) {
            return Some(Self::Event(launch, sequence));
        }
        if let Some((launch, id)) = read_numbered(COMMAND, bytes) {
            return Some(Self::Command(launch, id));
        }
        let text = std::str::from_utf8(bytes).ok()?;
        if let Some(launch) = text.strip_prefix(LAUNCH) {
            return LaunchName::parse(launch).ok().map(Self::Launch);
        }
        if let Some(launch) = text.strip_prefix(TIMER) {
            return LaunchName::parse(launch).ok().map(Self::Timer);
        }
        ModelName::parse(text.strip_prefix(ACTIVE)?).ok().map(Self::Active)
    }
}

/// Everything but the event logs.
#[must_use]
pub fn all() -> KeyRange {
    KeyRange::new("", EVENT)
}

/// The states of all launches.
#[must_use]
pub fn launches() -> KeyRange {
    KeyRange::prefix(LAUNCH)
}

/// The entries `first` to `last` of a launch's log.
#[must_use]
pub fn events(launch: &LaunchName, first: u64, last: u64) -> KeyRange {
    KeyRange::new(numbered(EVENT, launch, first), numbered(EVENT, launch, last.saturating_add(1)))
}

/// Numbers stand in the order of their bytes; the zero byte keeps a name apart from one that begins with it.
fn numbered(kind: &str, launch: &LaunchName, number: u64) -> Bytes {
    let mut key = format!("{kind}{launch}").into_bytes();
    key.push(0);
    key.extend_from_slice(&number.to_be_bytes());
    key.into()
}

fn read_numbered(kind: &str, bytes: &[u8]) -> Option<(LaunchName, u64)> {
    let rest = bytes.strip_prefix(kind.as_bytes())?;
    let (name, number) = rest.split_at_checked(rest.len().checked_sub(9)?)?;
    let number = number.strip_prefix(&[0])?;
    let launch = LaunchName::parse(std::str::from_utf8(name).ok()?).ok()?;
    Some((launch, u64::from_be_bytes(number.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reads_back_as_it_was_written() {
        let launch = LaunchName::parse("namespaces/default/launches/m-v2-1").unwrap();
        let model = ModelName::parse("namespaces/default/models/m").unwrap();
        for key in [
            Key::Launch(launch.clone()),
            Key::Event(launch.clone(), 47),
            Key::Command(launch.clone(), u64::MAX),
            Key::Timer(launch),
            Key::Active(model),
            Key::Answer(Uuid::from_u128(7)),
            Key::Epoch,
        ] {
            let logged = matches!(key, Key::Event(..));
            assert_eq!(all().contains(&key.write()), !logged, "{key:?}");
            assert_eq!(Key::read(&key.write()), Some(key));
        }
    }

    #[test]
    fn a_range_of_events_holds_these_numbers_of_this_launch_only() {
        let launch = LaunchName::parse("namespaces/default/launches/m-v2-1").unwrap();
        let longer = LaunchName::parse("namespaces/default/launches/m-v2-11").unwrap();
        let range = events(&launch, 2, 256);
        let inside = |launch: &LaunchName, number| range.contains(&Key::Event(launch.clone(), number).write());
        assert!(inside(&launch, 2) && inside(&launch, 256));
        assert!(!inside(&launch, 1) && !inside(&launch, 257) && !inside(&longer, 2));
    }

    #[test]
    fn foreign_keys_are_not_understood() {
        for bytes in [&b""[..], b"launch/x", b"command/namespaces/default/launches/a", b"\xff", b"answer/short"] {
            assert_eq!(Key::read(bytes), None);
        }
    }
}
