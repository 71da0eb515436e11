//! What can be wrong with a request to the launcher.

use std::time::Duration;

use slipway_chassis::answers::Reused;
use slipway_chassis::page;
use slipway_domain::access;
use slipway_domain::fault::{Fault, Kind, Precondition, Violation, Violations};
use slipway_domain::launch::Rejected;
use slipway_domain::name::{LaunchName, VersionName};

use crate::peers::Peer;

/// A fact about the launcher or a request to it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the request are wrong.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The caller may not do it.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// There is no such resource.
    #[error("there is no {name}")]
    NotFound {
        /// The full name.
        name: String,
    },
    /// Somebody changed the launch since the caller read it.
    #[error("{name} has changed: its etag is {current}, not {given}; read it again")]
    EtagMismatch {
        /// The launch.
        name: LaunchName,
        /// What the caller stated.
        given: String,
        /// What it is.
        current: String,
    },
    /// The version can't be launched as things stand.
    #[error("{candidate} can't be launched: {}", reasons(.obstacles))]
    Blocked {
        /// The version.
        candidate: VersionName,
        /// Everything that stands in the way, at least one thing.
        obstacles: Vec<Obstacle>,
    },
    /// The launch does not take the command where it stands.
    #[error("{name}: {rejected}")]
    Rejected {
        /// The launch.
        name: LaunchName,
        /// Why.
        rejected: Rejected,
    },
    /// A newer launcher is in charge of everything that this one keeps.
    #[error("a newer launcher of epoch {current} is in charge; this one, of epoch {own}, only answers questions")]
    Fenced {
        /// The epoch of this launcher.
        own: u64,
        /// The epoch in charge.
        current: u64,
    },
    /// A service that has to be asked does not answer.
    #[error("the {peer} can't be asked: {message}")]
    PeerAway {
        /// Which one.
        peer: Peer,
        /// What was heard.
        message: String,
    },
    /// A service that has to be asked refuses.
    #[error("the {peer} refuses: {message} ({reason})")]
    PeerRefused {
        /// Which one.
        peer: Peer,
        /// Why, for programs.
        reason: String,
        /// Why, for a person.
        message: String,
    },
    /// The same request id was used for another request.
    #[error("the request id {id} was used for another request; use a new UUID4 for each")]
    RequestIdReused {
        /// The id.
        id: uuid::Uuid,
    },
    /// Others changed the same launch again and again.
    #[error("{name} is changed by many at once; try again")]
    Contended {
        /// What was to be changed.
        name: LaunchName,
    },
    /// The pages of this listing are no longer kept.
    #[error("the page token has expired; list from the first page again")]
    PageTokenExpired,
    /// The changes from there on are no longer kept.
    #[error("changes are kept from revision {oldest} on; list, then watch from the listing's revision")]
    Compacted {
        /// The oldest revision that can be watched from.
        oldest: u64,
    },
    /// That revision has not been reached.
    #[error("revision {asked} is not reached yet: the launcher is at {current}")]
    Ahead {
        /// What was asked for.
        asked: u64,
        /// Where the launcher is.
        current: u64,
    },
    /// A row of the store can't be read.
    #[error("the row {key} can't be read: {what}")]
    Damaged {
        /// The row's key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
    /// The change was not made: the store refused it.
    #[error("the store could not be used: {0}")]
    Refused(#[source] slipway_store::Error),
    /// It is not known whether the change was made.
    #[error("it is not known whether the change was made; repeat it with the same request_id: {0}")]
    OutcomeUnknown(#[source] slipway_store::Error),
}

/// One thing that keeps a version from being launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Its digest was quarantined.
    Quarantined {
        /// What it did.
        reason: String,
    },
    /// The model is in another launch.
    Active {
        /// That launch.
        launch: LaunchName,
    },
    /// It serves everything already.
    Serving,
    /// Several versions share the traffic, so there is no baseline to go back to.
    Split,
}

impl Obstacle {
    fn kind(&self) -> &'static str {
        match self {
            Self::Quarantined { .. } => "VERSION_QUARANTINED",
            Self::Active { .. } => "LAUNCH_ACTIVE",
            Self::Serving => "VERSION_SERVES_ALREADY",
            Self::Split => "TRAFFIC_SPLIT",
        }
    }

    fn description(&self) -> String {
        match self {
            Self::Quarantined { reason } => format!("its artifact is quarantined ({reason}); launch another artifact"),
            Self::Active { launch } => {
                format!("{launch} of the same model goes on; wait for its end, or abort it")
            }
            Self::Serving => "it serves all units already; there is nothing to launch".to_owned(),
            Self::Split => {
                "the traffic is split and no launch goes on; settle it on one version first (SetTraffic)".to_owned()
            }
        }
    }

    fn precondition(&self, candidate: &VersionName) -> Precondition {
        let subject = match self {
            Self::Quarantined { .. } | Self::Serving => candidate.to_string(),
            Self::Active { launch } => launch.to_string(),
            Self::Split => candidate.model.traffic(),
        };
        Precondition { kind: self.kind(), subject, description: self.description() }
    }
}

fn reasons(obstacles: &[Obstacle]) -> String {
    obstacles.iter().map(Obstacle::description).collect::<Vec<_>>().join("; ")
}

impl Error {
    /// One wrong field.
    #[must_use]
    pub fn invalid(field: &str, reason: &'static str, description: impl Into<String>) -> Self {
        Self::Invalid(Violations::one(Violation::new(field, reason, description)))
    }

    /// A row that is not what it should be.
    #[must_use]
    pub fn damaged(key: &[u8], what: &dyn std::fmt::Display) -> Self {
        Self::Damaged { key: String::from_utf8_lossy(key).into_owned(), what: what.to_string() }
    }
}

impl From<page::Error> for Error {
    fn from(error: page::Error) -> Self {
        match error {
            page::Error::Invalid(violation) => Self::Invalid(Violations::one(violation)),
            page::Error::Expired => Self::PageTokenExpired,
        }
    }
}

impl From<Reused> for Error {
    fn from(Reused { id }: Reused) -> Self {
        Self::RequestIdReused { id }
    }
}

impl From<slipway_store::Error> for Error {
    fn from(error: slipway_store::Error) -> Self {
        match error {
            slipway_store::Error::Compacted { oldest } => Self::Compacted { oldest },
            slipway_store::Error::Ahead { asked, current } => Self::Ahead { asked, current },
            error if error.is_definite() => Self::Refused(error),
            error => Self::OutcomeUnknown(error),
        }
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid(_) | Self::RequestIdReused { .. } => Kind::InvalidArgument,
            Self::Access(refused) => refused.kind(),
            Self::NotFound { .. } => Kind::NotFound,
            Self::EtagMismatch { .. } | Self::Contended { .. } => Kind::Aborted,
            Self::Rejected { rejected, .. } => rejected.kind(),
            Self::Blocked { .. } | Self::Fenced { .. } | Self::PeerRefused { .. } => Kind::FailedPrecondition,
            Self::PageTokenExpired | Self::Compacted { .. } | Self::Ahead { .. } => Kind::OutOfRange,
            Self::Damaged { .. } => Kind::Internal,
            Self::PeerAway { .. } | Self::Refused(_) | Self::OutcomeUnknown(_) => Kind::Unavailable,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID_FIELDS",
            Self::Access(refused) => refused.reason(),
            Self::NotFound { .. } => "NOT_FOUND",
            Self::EtagMismatch { .. } => "ETAG_MISMATCH",
            Self::Blocked { obstacles, .. } => obstacles.first().map_or("LAUNCH_BLOCKED", Obstacle::kind),
            Self::Rejected { rejected, .. } => rejected.reason(),
            Self::Fenced { .. } => "LAUNCHER_FENCED",
            Self::PeerAway { peer: Peer::Registry, .. } => "REGISTRY_UNAVAILABLE",
            Self::PeerAway { peer: Peer::Health, .. } => "HEALTH_UNAVAILABLE",
            Self::PeerRefused { peer: Peer::Registry, .. } => "REGISTRY_REFUSED",
            Self::PeerRefused { peer: Peer::Health, .. } => "HEALTH_REFUSED",
            Self::RequestIdReused { .. } => "REQUEST_ID_REUSED",
            Self::Contended { .. } => "CONTENDED",
            Self::PageTokenExpired => "PAGE_TOKEN_EXPIRED",
            Self::Compacted { .. } => "COMPACTED",
            Self::Ahead { .. } => "REVISION_AHEAD",
            Self::Damaged { .. } => "ROW_DAMAGED",
            Self::Refused(_) => "STORE_UNAVAILABLE",
            Self::OutcomeUnknown(_) => "OUTCOME_UNKNOWN",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Access(refused) => refused.facts(),
            Self::NotFound { name } => vec![("name", name.clone())],
            Self::Contended { name } => vec![("name", name.to_string())],
            Self::EtagMismatch { name, given, current } => {
                vec![("name", name.to_string()), ("given", given.clone()), ("current", current.clone())]
            }
            Self::Rejected { name, rejected } => {
                let mut facts = rejected.facts();
                facts.push(("name", name.to_string()));
                facts
            }
            Self::Blocked { candidate, obstacles } => blocked(candidate, obstacles),
            Self::Fenced { own, current } => vec![("own_epoch", own.to_string()), ("epoch", current.to_string())],
            Self::PeerRefused { reason, .. } => vec![("reason", reason.clone())],
            Self::RequestIdReused { id } => vec![("request_id", id.to_string())],
            Self::Compacted { oldest } => vec![("oldest", oldest.to_string())],
            Self::Ahead { asked, current } => vec![("asked", asked.to_string()), ("current", current.to_string())],
            Self::Damaged { key, .. } => vec![("key", key.clone())],
            Self::Invalid(_)
            | Self::PeerAway { .. }
            | Self::PageTokenExpired
            | Self::Refused(_)
            | Self::OutcomeUnknown(_) => vec![],
        }
    }

    fn violations(&self) -> &[Violation] {
        if let Self::Invalid(violations) = self { violations.as_slice() } else { &[] }
    }

    fn preconditions(&self) -> Vec<Precondition> {
        if let Self::Blocked { candidate, obstacles } = self {
            return obstacles.iter().map(|obstacle| obstacle.precondition(candidate)).collect();
        }
        let Self::Rejected { name, rejected } = self else { return Vec::new() };
        let named = |found: Precondition| Precondition { subject: name.to_string(), ..found };
        rejected.preconditions().into_iter().map(named).collect()
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Refused(_) | Self::OutcomeUnknown(_) | Self::PeerAway { .. })
            .then_some(Duration::from_millis(200))
    }
}

fn blocked(candidate: &VersionName, obstacles: &[Obstacle]) -> Vec<(&'static str, String)> {
    let active = obstacles.iter().find_map(|obstacle| match obstacle {
        Obstacle::Active { launch } => Some(("launch", launch.to_string())),
        Obstacle::Quarantined { .. } | Obstacle::Serving | Obstacle::Split => None,
    });
    [("candidate", candidate.to_string())].into_iter().chain(active).collect()
}
