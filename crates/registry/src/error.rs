//! What can be wrong with a request to the registry.

use std::time::Duration;

use jiff::Timestamp;
use slipway_chassis::answers::Reused;
use slipway_chassis::page;
use slipway_domain::access;
use slipway_domain::fault::{Fault, Kind, Precondition, Violation, Violations};

use crate::service::Finding;

/// A fact about the registry or a request to it.
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
    /// The resource exists already.
    #[error("{name} exists already; update it, or choose another id")]
    AlreadyExists {
        /// The full name.
        name: String,
    },
    /// The resource is deleted.
    #[error("{name} is deleted; undelete it first")]
    Deleted {
        /// The full name.
        name: String,
    },
    /// Others refer to the resource.
    #[error("{name} is used by {}; change those first", .by.join(", "))]
    InUse {
        /// The full name.
        name: String,
        /// Some of what refers to it.
        by: Vec<String>,
    },
    /// An alias names another version than the caller believes.
    #[error("{name} names {current}, not {expected}; read it again")]
    AliasMoved {
        /// The full name.
        name: String,
        /// What the caller stated.
        expected: String,
        /// What it is.
        current: String,
    },
    /// Aliases are protected, and the caller may not change such.
    #[error("{} is protected; propose it, and somebody with aliases.approve decides", .names.join(", "))]
    AliasProtected {
        /// Their full names.
        names: Vec<String>,
    },
    /// What is proposed for an alias is not approved.
    #[error("{name}: {refused}")]
    Proposal {
        /// The full name of the alias.
        name: String,
        /// Why.
        refused: slipway_domain::alias::Refused,
    },
    /// A model would break policies that refuse that.
    #[error("{}", Finding::all_told(.findings))]
    PolicyBroken {
        /// Which policies, and which models.
        findings: Vec<Finding>,
    },
    /// Somebody changed the resource since the caller read it.
    #[error("{name} has changed: its etag is {current}, not {given}; read it again")]
    EtagMismatch {
        /// The full name.
        name: String,
        /// What the caller stated.
        given: String,
        /// What it is.
        current: String,
    },
    /// The traffic of a model can't be set by this writer, or not on what it has read.
    #[error("{name}: {refused}")]
    Traffic {
        /// The model's traffic.
        name: String,
        /// Why.
        refused: slipway_domain::traffic::Refused,
    },
    /// The same request id was used for another request.
    #[error("the request id {id} was used for another request; use a new UUID4 for each")]
    RequestIdReused {
        /// The id.
        id: uuid::Uuid,
    },
    /// What a manifest asks for belongs to others, or is used by them.
    #[error("{}", unapplied(conflicts))]
    Unapplied {
        /// Each of it.
        conflicts: Vec<Precondition>,
    },
    /// A change is too large to be made at once.
    #[error("the change has {bytes} bytes, and at most {most} are written at once: divide it")]
    TooMuch {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// Others changed the same resource again and again.
    #[error("{name} is changed by many at once; try again")]
    Contended {
        /// What was to be changed.
        name: String,
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
    #[error("revision {asked} is not reached yet: the registry is at {current}")]
    Ahead {
        /// What was asked for.
        asked: u64,
        /// Where the registry is.
        current: u64,
    },
    /// That moment has not come.
    #[error("{asked} is still to come: the registry's clock says {now}")]
    TimeAhead {
        /// What was asked for.
        asked: Timestamp,
        /// What the registry's clock says.
        now: Timestamp,
    },
    /// That lies before everything that the ledger knows.
    #[error("{asked} lies before the ledger: the oldest that is known is revision {oldest}, made {oldest_at}")]
    TooOld {
        /// What was asked for.
        asked: String,
        /// The oldest revision that can be read.
        oldest: u64,
        /// When it was made.
        oldest_at: Timestamp,
    },
    /// The ledger has not so many entries.
    #[error("the ledger has {current} entries, not {asked}: it never had, or it was cut since")]
    LedgerShorter {
        /// What was asked for.
        asked: u64,
        /// How many it has.
        current: u64,
    },
    /// That revision belongs to another history: the registry was restored from a backup since.
    #[error(
        "revision {asked} is of the history {history}, and the registry goes on with another: watch from the state"
    )]
    HistoryChanged {
        /// The revision that was asked for.
        asked: u64,
        /// The history that it belongs to.
        history: String,
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

/// The first things that stand in the way of a manifest, as one sentence.
fn unapplied(conflicts: &[Precondition]) -> String {
    const SHOWN: usize = 3;
    let shown = conflicts.iter().take(SHOWN).map(|conflict| format!("{}: {}", conflict.subject, conflict.description));
    let shown = shown.collect::<Vec<_>>().join("; ");
    match conflicts.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}; and {more} more, which validate_only lists"),
    }
}

impl Error {
    /// One wrong field.
    #[must_use]
    pub fn invalid(field: &str, reason: &'static str, description: impl Into<String>) -> Self {
        Self::Invalid(Violations::one(Violation::new(field, reason, description)))
    }

    /// A row that holds another kind of resource than its request asks for.
    #[must_use]
    pub fn wrong_kind(found: &slipway_domain::ledger::Resource) -> Self {
        Self::Damaged { key: found.name(), what: "it is another kind of resource".to_owned() }
    }

    /// A kept answer without the resource that it must have.
    #[must_use]
    pub fn no_answer() -> Self {
        Self::Damaged { key: "answer".to_owned(), what: "it has no resource".to_owned() }
    }

    /// A row that can't be read.
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
            Self::Invalid(_) | Self::RequestIdReused { .. } | Self::TooMuch { .. } => Kind::InvalidArgument,
            Self::Access(refused) => refused.kind(),
            Self::NotFound { .. } => Kind::NotFound,
            Self::AlreadyExists { .. } => Kind::AlreadyExists,
            Self::Deleted { .. }
            | Self::InUse { .. }
            | Self::AliasProtected { .. }
            | Self::Unapplied { .. }
            | Self::PolicyBroken { .. } => Kind::FailedPrecondition,
            Self::Proposal { refused, .. } => refused.kind(),
            Self::EtagMismatch { .. } | Self::AliasMoved { .. } | Self::Contended { .. } => Kind::Aborted,
            Self::Traffic { refused, .. } => refused.kind(),
            Self::PageTokenExpired
            | Self::Compacted { .. }
            | Self::Ahead { .. }
            | Self::TimeAhead { .. }
            | Self::TooOld { .. }
            | Self::LedgerShorter { .. }
            | Self::HistoryChanged { .. } => Kind::OutOfRange,
            Self::Damaged { .. } => Kind::Internal,
            Self::Refused(_) | Self::OutcomeUnknown(_) => Kind::Unavailable,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID_FIELDS",
            Self::Access(refused) => refused.reason(),
            Self::NotFound { .. } => "NOT_FOUND",
            Self::AlreadyExists { .. } => "ALREADY_EXISTS",
            Self::Deleted { .. } => "DELETED",
            Self::InUse { .. } => "IN_USE",
            Self::AliasMoved { .. } => "ALIAS_MOVED",
            Self::AliasProtected { .. } => "ALIAS_PROTECTED",
            Self::PolicyBroken { .. } => "POLICY_BROKEN",
            Self::Proposal { refused, .. } => refused.reason(),
            Self::EtagMismatch { .. } => "ETAG_MISMATCH",
            Self::Traffic { refused, .. } => refused.reason(),
            Self::RequestIdReused { .. } => "REQUEST_ID_REUSED",
            Self::Contended { .. } => "CONTENDED",
            Self::TooMuch { .. } => "CHANGE_TOO_LARGE",
            Self::Unapplied { .. } => "APPLY_REFUSED",
            Self::PageTokenExpired => "PAGE_TOKEN_EXPIRED",
            Self::Compacted { .. } => "COMPACTED",
            Self::Ahead { .. } => "REVISION_AHEAD",
            Self::TimeAhead { .. } => "TIME_AHEAD",
            Self::TooOld { .. } => "TOO_OLD",
            Self::LedgerShorter { .. } => "LEDGER_SHORTER",
            Self::HistoryChanged { .. } => "HISTORY_CHANGED",
            Self::Damaged { .. } => "ROW_DAMAGED",
            Self::Refused(_) => "STORE_UNAVAILABLE",
            Self::OutcomeUnknown(_) => "OUTCOME_UNKNOWN",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Access(refused) => refused.facts(),
            Self::NotFound { name }
            | Self::AlreadyExists { name }
            | Self::Deleted { name }
            | Self::InUse { name, .. }
            | Self::Proposal { name, .. }
            | Self::Contended { name } => vec![("name", name.clone())],
            Self::AliasMoved { name, expected, current } => {
                vec![("name", name.clone()), ("expected", expected.clone()), ("current", current.clone())]
            }
            Self::EtagMismatch { name, given, current } => {
                vec![("name", name.clone()), ("given", given.clone()), ("current", current.clone())]
            }
            Self::Traffic { name, refused } => {
                let mut facts = refused.facts();
                facts.push(("name", name.clone()));
                facts
            }
            Self::RequestIdReused { id } => vec![("request_id", id.to_string())],
            Self::Compacted { oldest } => vec![("oldest", oldest.to_string())],
            Self::Ahead { asked, current } | Self::LedgerShorter { asked, current } => {
                vec![("asked", asked.to_string()), ("current", current.to_string())]
            }
            Self::TimeAhead { asked, now } => vec![("asked", asked.to_string()), ("now", now.to_string())],
            Self::TooOld { asked, oldest, oldest_at } => {
                vec![("asked", asked.clone()), ("oldest", oldest.to_string()), ("oldest_time", oldest_at.to_string())]
            }
            Self::HistoryChanged { asked, history } => {
                vec![("asked", asked.to_string()), ("history", history.clone())]
            }
            Self::Damaged { key, .. } => vec![("key", key.clone())],
            Self::AliasProtected { names } => vec![("names", names.join(" "))],
            Self::TooMuch { bytes, most } => vec![("bytes", bytes.to_string()), ("most", most.to_string())],
            Self::Unapplied { conflicts } => vec![("conflicts", conflicts.len().to_string())],
            Self::PolicyBroken { findings } => {
                let names: Vec<_> = findings.iter().map(|finding| finding.policy.to_string()).collect();
                vec![("policies", names.join(" "))]
            }
            Self::Invalid(_) | Self::PageTokenExpired | Self::Refused(_) | Self::OutcomeUnknown(_) => vec![],
        }
    }

    fn violations(&self) -> &[Violation] {
        if let Self::Invalid(violations) = self { violations.as_slice() } else { &[] }
    }

    fn preconditions(&self) -> Vec<Precondition> {
        match self {
            Self::Traffic { refused, .. } => refused.preconditions(),
            Self::Deleted { name } => {
                vec![Precondition { kind: "DELETED", subject: name.clone(), description: self.to_string() }]
            }
            Self::PolicyBroken { findings } => {
                let broken = |finding: &Finding| Precondition {
                    kind: "POLICY_BROKEN",
                    subject: finding.policy.to_string(),
                    description: finding.told(),
                };
                findings.iter().map(broken).collect()
            }
            Self::AliasProtected { names } => {
                let protected = |name: &String| Precondition {
                    kind: "ALIAS_PROTECTED",
                    subject: name.clone(),
                    description: "propose the change, and ask somebody with aliases.approve".to_owned(),
                };
                names.iter().map(protected).collect()
            }
            Self::InUse { name, by } => {
                let used = |by: &String| Precondition {
                    kind: "IN_USE",
                    subject: by.clone(),
                    description: format!("refers to {name}"),
                };
                by.iter().map(used).collect()
            }
            Self::Unapplied { conflicts } => conflicts.clone(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Refused(_) | Self::OutcomeUnknown(_)).then_some(Duration::from_millis(200))
    }
}
