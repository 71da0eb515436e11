//! The records that stand beside the cells: who wrote last, how far each producer has reported, and which models it
//! reports. Cells have their own compact form in `domain::stats`.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use slipway_chassis::record;
use slipway_domain::principal::Principal;
use uuid::Uuid;

use crate::window::Minute;

/// The layout of this service's rows, which its data folder says. It is raised with the first row that a program which
/// knows the layout before would read wrongly: such a program then refuses the folder.
pub const ROWS: u32 = 2;

/// Who reports: a name of 1 to 128 characters of `[A-Za-z0-9._:/-]`, and the principal who reports under it. Two who
/// report under one name are two producers, so that neither can fence the other or pass for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProducerId {
    name: std::sync::Arc<str>,
    /// None in rows from before it was kept.
    principal: Option<Principal>,
}

impl ProducerId {
    /// Parses a producer's name, whoever reports under it; none if the text is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte);
        ((1..=128).contains(&text.len()) && text.bytes().all(allowed))
            .then(|| Self { name: text.into(), principal: None })
    }

    /// The producer of this name who reports as `principal`.
    #[must_use]
    pub fn of(self, principal: Principal) -> Self {
        Self { principal: Some(principal), ..self }
    }

    /// The producer of this name as it was before principals were kept.
    #[must_use]
    pub fn unbound(&self) -> Self {
        Self { name: self.name.clone(), principal: None }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Who reports under its name.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }
}

impl std::fmt::Display for ProducerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who wrote last. Every transaction compares it and writes it anew, so of two processes on one store only one can go
/// on, and a transaction whose outcome was unknown is recognised by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The process, by an id that it took when it opened the store.
    pub writer: Uuid,
    /// The number of its transaction.
    pub batch: u64,
}

/// How far a producer has reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Producer {
    /// The epoch of its last report.
    pub epoch: u64,
    /// The number of its last report in that epoch.
    pub sequence: u64,
    /// Everything that it learned of before this instant has been reported.
    pub complete_through: Option<Timestamp>,
    /// When its last report was taken, by this service's clock.
    pub reported_at: Timestamp,
    /// The fingerprints of its last reports, the newest at the end.
    pub recent: Vec<u64>,
}

/// That a producer reports a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The number of the newest minute that it reported.
    pub newest: u32,
}

impl Member {
    /// A producer that reported `newest` and nothing newer.
    #[must_use]
    pub fn of(newest: Minute) -> Self {
        Self { newest: newest.number() }
    }
}

/// The stored form of `value`.
pub fn encode<T: Serialize>(value: &T) -> Bytes {
    record::encode(value).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_producer_id_has_few_characters_and_a_bounded_length() {
        assert!(ProducerId::parse("ranker-7.eu-west:/x_".trim_end_matches('_')).is_some());
        for bad in ["", "a b", "naïve", "x\0", &"a".repeat(129)] {
            assert_eq!(ProducerId::parse(bad), None, "{bad:?}");
        }
        assert!(ProducerId::parse(&"a".repeat(128)).is_some());
    }
}
