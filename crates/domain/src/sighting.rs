//! Sightings: what serving fleets say really runs, and what that is, held against what is registered.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::name::{Identifier, ModelName};
use crate::principal::Principal;
use crate::traffic::Range;

/// The most bytes of what a fleet calls a model, of a digest and of an endpoint.
const LONGEST: usize = 256;

/// What somebody sees running: one version of one model at one place. Nothing of it need be registered, or even have the
/// form of what is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seen {
    /// Where the model would be registered.
    pub namespace: Identifier,
    /// What the fleet calls the model: the last part of its name, if it is registered.
    pub model: String,
    /// The number of its version; 0 where the fleet does not know it.
    pub version: u64,
    /// The digest of its artifact; empty where the fleet does not know it.
    pub digest: String,
    /// Where it serves.
    pub endpoint: String,
    /// Who says so.
    pub reporter: Principal,
}

/// Since when something is seen, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// When it was first seen.
    pub first: Timestamp,
    /// When it was last seen.
    pub last: Timestamp,
    /// Predictions a second, as last reported.
    pub rate: f64,
}

/// A sighting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// What is seen.
    pub seen: Seen,
    /// Since when.
    pub times: Times,
}

/// What a sighting is, held against what is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// It runs as it is registered.
    AsRegistered,
    /// There is no such model.
    UnregisteredModel,
    /// The model has no such version.
    UnregisteredVersion,
    /// The version is registered with another artifact.
    WrongDigest,
    /// The version has no share of the model's traffic.
    WrongVersion,
    /// It is registered, and nobody says that it runs.
    NotSeen,
}

impl Finding {
    /// The name, as filters write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AsRegistered => "AS_REGISTERED",
            Self::UnregisteredModel => "UNREGISTERED_MODEL",
            Self::UnregisteredVersion => "UNREGISTERED_VERSION",
            Self::WrongDigest => "WRONG_DIGEST",
            Self::WrongVersion => "WRONG_VERSION",
            Self::NotSeen => "NOT_SEEN",
        }
    }
}

/// What is registered under the name that a fleet uses: a model that is there.
#[derive(Debug, Clone, Copy)]
pub struct Registered<'a> {
    /// The version of the reported number, or else of the reported digest, with the digest of its artifact.
    pub version: Option<(u64, &'a str)>,
    /// The model's traffic.
    pub ranges: &'a [Range],
}

impl Seen {
    /// Notes what is wrong, with fields named from `field`.
    pub fn check(&self, field: &str, check: &mut Check) {
        check.required(&format!("{field}.model"), &self.model);
        for (part, text) in [("model", &self.model), ("digest", &self.digest), ("endpoint", &self.endpoint)] {
            let field = format!("{field}.{part}");
            if text.len() > LONGEST {
                check.add(field, "TOO_LONG", format!("has {} bytes; at most {LONGEST} are kept", text.len()));
            } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                check.add(field, "NOT_PLAIN", "must be visible ASCII characters without white space");
            }
        }
    }

    /// The model's name, if what the fleet calls it is the last part of one.
    #[must_use]
    pub fn name(&self) -> Option<ModelName> {
        let model = Identifier::parse(&self.model).ok()?;
        Some(ModelName { namespace: self.namespace.clone(), model })
    }

    /// What this is.
    #[must_use]
    pub fn judge(&self, registered: Option<Registered<'_>>) -> Finding {
        let Some(Registered { version, ranges }) = registered else { return Finding::UnregisteredModel };
        let Some((number, digest)) = version else {
            let is_named = self.version > 0 || !self.digest.is_empty();
            return if is_named { Finding::UnregisteredVersion } else { Finding::AsRegistered };
        };
        if !self.digest.is_empty() && self.digest != digest {
            return Finding::WrongDigest;
        }
        let serves = ranges.is_empty() || ranges.iter().any(|range| range.version.number == number);
        if serves { Finding::AsRegistered } else { Finding::WrongVersion }
    }
}

impl Times {
    /// Seen at `now`.
    #[must_use]
    pub fn begun(now: Timestamp, rate: f64) -> Self {
        Self { first: now, last: now, rate }
    }

    /// Seen again at `now`. A clock that was set back takes nothing away.
    #[must_use]
    pub fn again(self, now: Timestamp, rate: f64) -> Self {
        Self { last: self.last.max(now), rate, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(version: u64, digest: &str) -> Seen {
        Seen {
            namespace: Identifier::parse("default").unwrap(),
            model: "m".to_owned(),
            version,
            digest: digest.to_owned(),
            endpoint: "eu-1".to_owned(),
            reporter: Principal::anonymous(),
        }
    }

    /// Of a model whose versions 1 and 2 have the digests `one` and `two`.
    fn judge(version: u64, digest: &str, serving: &[u64]) -> Finding {
        let name = ModelName::parse("namespaces/default/models/m").unwrap();
        let serving = serving.iter().map(|number| Range { start: 0, end: 1, version: name.version(*number) });
        let ranges: Vec<_> = serving.collect();
        let found = [(1, "one"), (2, "two")].into_iter().find(|(number, known)| match version {
            0 => *known == digest,
            wanted => *number == wanted,
        });
        seen(version, digest).judge(Some(Registered { version: found, ranges: &ranges }))
    }

    #[test]
    fn what_runs_is_held_against_what_is_registered() {
        assert_eq!(seen(1, "one").judge(None), Finding::UnregisteredModel);
        assert_eq!(judge(1, "one", &[1]), Finding::AsRegistered);
        assert_eq!(judge(0, "one", &[1]), Finding::AsRegistered);
        assert_eq!(judge(0, "", &[1]), Finding::AsRegistered);
        assert_eq!(judge(1, "one", &[]), Finding::AsRegistered);
        assert_eq!(judge(3, "", &[1]), Finding::UnregisteredVersion);
        assert_eq!(judge(0, "three", &[1]), Finding::UnregisteredVersion);
        assert_eq!(judge(1, "two", &[1]), Finding::WrongDigest);
        assert_eq!(judge(2, "two", &[1]), Finding::WrongVersion);
    }

    #[test]
    fn names_of_nothing_are_bounded_and_plain() {
        let wrong = |model: &str| {
            let mut check = Check::new();
            Seen { model: model.to_owned(), ..seen(0, "") }.check("running[0]", &mut check);
            check.into_violations().len()
        };
        assert_eq!(["ranker", "Legacy_Ranker.v2", "a/b"].map(wrong), [0, 0, 0]);
        assert_eq!(["", "a b", "r\u{0}", "ranké", &"x".repeat(257)].map(wrong), [1; 5]);
    }
}
