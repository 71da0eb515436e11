//! What the reducer asks the world to do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::gate::Comparison;
use crate::traffic::{Range, Share};

/// One thing to do, after the step that asked for it is durable, at least once.
///
/// A launch has at most one outstanding command ([`super::Launch::outstanding`]): whatever is not outstanding any more
/// need not be run, and its answer is rejected as stale; [`super::Launch::pending`] is what a restarted launcher runs. (launch name, `id`) is the idempotency key: the same id always
/// means the same action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Rises within a launch, from 1.
    pub id: u64,
    /// When it was asked for first.
    pub asked_at: Timestamp,
    /// What to do.
    pub action: Action,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Estimate the candidate's need of capacity. Answered by `Estimated`.
    Estimate,
    /// Read the model's traffic. Answered by `TrafficRead`.
    ReadTraffic,
    /// Set the model's traffic. Answered by `TrafficSet`, or by `TrafficRefused` when it is fenced out.
    SetTraffic {
        /// The generation that it was decided on.
        generation: u64,
        /// The launch's epoch at that time.
        epoch: u64,
        /// The ranges to set.
        ranges: Vec<Range>,
        /// Why, for the registry's ledger.
        reason: String,
    },
    /// Ask the gate, candidate against baseline, with the plan's policy. Answered by `GateAnswered`.
    Evaluate {
        /// How the two are observed.
        comparison: Comparison,
        /// Only predictions from this instant on count.
        since: Timestamp,
        /// The share that a PASS would expose.
        next_share: Share,
    },
    /// Mark the candidate's digest as not to be launched again. Answered by `Quarantined`.
    Quarantine {
        /// What it did.
        reason: String,
    },
}

impl Action {
    /// The name for programs, as `SET_TRAFFIC`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Estimate => "ESTIMATE",
            Self::ReadTraffic => "READ_TRAFFIC",
            Self::SetTraffic { .. } => "SET_TRAFFIC",
            Self::Evaluate { .. } => "EVALUATE",
            Self::Quarantine { .. } => "QUARANTINE",
        }
    }
}
