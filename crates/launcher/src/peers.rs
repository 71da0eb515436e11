//! The services that the launcher asks: what it needs of registry and health monitor, and nothing more.
//!
//! [`remote::Remote`] asks them over the wire; tests and simulations put something else in its place.

mod news;
pub mod remote;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use jiff::Timestamp;
use slipway_domain::gate::{Comparison, Evidence, Policy};
use slipway_domain::launch::Fence;
use slipway_domain::name::{ModelName, VersionName};
use slipway_domain::traffic::{Range, Share, Traffic};
use uuid::Uuid;

/// A service that the launcher asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// Knows models, versions and traffic.
    Registry,
    /// Judges candidates.
    Health,
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Registry => "registry",
            Self::Health => "health monitor",
        })
    }
}

/// Why a peer did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It did not answer, or answered that it can't now; whether it was done is unknown.
    Unavailable {
        /// What was heard.
        message: String,
    },
    /// There is no such thing; nothing was done.
    NotFound {
        /// What was heard.
        message: String,
    },
    /// The traffic was changed by somebody else, or is somebody else's; nothing was done.
    Fenced {
        /// What the fence stands on.
        cause: Fence,
    },
    /// It refused for good; nothing was done.
    Refused {
        /// Why, for programs.
        reason: String,
        /// Why, for a person.
        message: String,
    },
}

/// What the launcher wants to know of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Why its digest must not be launched, if so.
    pub quarantine: Option<String>,
}

/// What the launcher wants to know of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// How old a cohort must be before it counts.
    pub label_window: Duration,
    /// Whose it is; empty if nobody's.
    pub team: String,
    /// How much it matters: its effective tier.
    pub tier: u8,
}

/// A change of a model's traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetTraffic {
    /// The model.
    pub model: ModelName,
    /// The ranges to set.
    pub ranges: Vec<Range>,
    /// The generation that it was decided on.
    pub generation: u64,
    /// The launch's epoch.
    pub epoch: u64,
    /// The same for every repetition of this change, so that it is made once.
    pub request_id: Uuid,
    /// Why, for the ledger.
    pub reason: String,
}

/// A mark on a version's digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// The version.
    pub version: VersionName,
    /// The same for every repetition.
    pub request_id: Uuid,
    /// What it did.
    pub reason: String,
}

/// A question to a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The version under test.
    pub candidate: VersionName,
    /// The version it is held against.
    pub baseline: VersionName,
    /// How the two are observed.
    pub comparison: Comparison,
    /// Only predictions from this instant on count.
    pub since: Timestamp,
    /// The share that a PASS would expose.
    pub next_share: Share,
    /// What is tolerated.
    pub policy: Policy,
    /// How old a cohort must be before it counts.
    pub label_window: Duration,
}

/// What the registry tells of traffic by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The traffic of a model, as it is after a change.
    Changed(ModelName, Traffic),
    /// Changes may have been missed: whoever cares reads again.
    Missed,
}

/// Registry and health monitor, as the launcher needs them.
///
/// Every call ends in bounded time: what a peer does not answer by a deadline has failed as unavailable.
///
/// # Errors
/// Every method fails with what [`Failure`] tells apart.
#[async_trait]
pub trait Peers: Send + Sync + 'static {
    /// What the registry says of a version.
    async fn version(&self, name: &VersionName) -> Result<Candidate, Failure>;

    /// What the registry says of a model.
    async fn model(&self, name: &ModelName) -> Result<Judged, Failure>;

    /// The traffic of a model.
    async fn traffic(&self, model: &ModelName) -> Result<Traffic, Failure>;

    /// Sets the traffic of a model; answers with what came of it.
    async fn set_traffic(&self, change: SetTraffic) -> Result<Traffic, Failure>;

    /// Marks a version's digest as not to be launched again.
    async fn quarantine(&self, mark: Quarantine) -> Result<(), Failure>;

    /// Asks the health monitor.
    async fn evaluate(&self, question: Question) -> Result<Evidence, Failure>;

    /// What happens to traffic, without end; [`News::Missed`] comes first. A peer that tells nothing, as this default,
    /// leaves it to the next read of a launch to find what others have done.
    fn news(&self) -> BoxStream<'static, News> {
        stream::pending().boxed()
    }
}
