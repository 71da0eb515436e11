//! What can happen to a launch.

use serde::{Deserialize, Serialize};

use crate::gate::Evidence;
use crate::name::LaunchName;
use crate::principal::Principal;
use crate::traffic::{Refused, Traffic};

/// Something that happened: a person's wish, the answer to a command, or time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "events are taken one at a time and never kept in number")]
pub enum Event {
    /// Its creator wants it to begin.
    Submitted {
        /// Who.
        by: Principal,
        /// Why.
        reason: String,
    },
    /// Somebody agreed.
    Approved {
        /// Who.
        by: Principal,
        /// Why.
        reason: String,
    },
    /// An approver refused.
    Declined {
        /// Who.
        by: Principal,
        /// Why.
        reason: String,
    },
    /// Hold it where it is.
    Paused {
        /// Who.
        by: Principal,
        /// Why.
        reason: String,
    },
    /// Let it go on.
    Resumed {
        /// Who.
        by: Principal,
        /// Why.
        reason: String,
    },
    /// Skip the rest of the present bake; the gate is still asked.
    Promoted {
        /// Who.
        by: Principal,
        /// Why.
        reason: String,
    },
    /// End it, and roll back if anybody may be exposed.
    Aborted {
        /// Who.
        by: Principal,
        /// Why.
        reason: String,
    },
    /// A newer launch of the model takes its place.
    Superseded {
        /// Who submitted the newer one.
        by: Principal,
        /// The newer one.
        launch: LaunchName,
    },
    /// A freeze began that covers it. Blocks only what raises exposure.
    Frozen {
        /// Who.
        by: Principal,
        /// Why.
        reason: String,
    },
    /// No freeze covers it any more.
    Thawed {
        /// Who.
        by: Principal,
        /// Why.
        reason: String,
    },
    /// A launcher of this epoch has taken charge of it; sent by a launcher that has started anew.
    Adopted {
        /// The launcher's epoch.
        epoch: u64,
    },
    /// Answers [`super::Action::Estimate`].
    Estimated {
        /// The command's id.
        command: u64,
        /// What was found, as one sentence.
        summary: String,
    },
    /// Answers [`super::Action::ReadTraffic`].
    TrafficRead {
        /// The command's id.
        command: u64,
        /// As it was read.
        traffic: Traffic,
    },
    /// Answers [`super::Action::SetTraffic`]: it was set.
    TrafficSet {
        /// The command's id.
        command: u64,
        /// As it is after the change.
        traffic: Traffic,
    },
    /// Answers [`super::Action::SetTraffic`]: generation or epoch forbade it, and nothing was changed.
    TrafficRefused {
        /// The command's id.
        command: u64,
        /// Why.
        cause: Fence,
        /// As it was read after the refusal.
        traffic: Traffic,
    },
    /// The traffic was seen by a watch, without having been asked for.
    TrafficSeen {
        /// As it was seen.
        traffic: Traffic,
    },
    /// Answers [`super::Action::Evaluate`].
    GateAnswered {
        /// The command's id.
        command: u64,
        /// What the gate found.
        evidence: Evidence,
    },
    /// Answers [`super::Action::Quarantine`].
    Quarantined {
        /// The command's id.
        command: u64,
    },
    /// The command got no answer of its own.
    CommandFailed {
        /// The command's id.
        command: u64,
        /// What happened instead.
        failure: Failure,
    },
    /// An instant of [`super::Launch::timer`] has come.
    TimerFired,
}

/// What a fence stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fence {
    /// The generation is another one.
    Generation,
    /// A newer epoch holds the traffic.
    Epoch,
}

impl From<&Refused> for Fence {
    fn from(refused: &Refused) -> Self {
        match refused {
            Refused::Generation { .. } => Self::Generation,
            Refused::Epoch { .. } | Refused::Held { .. } => Self::Epoch,
        }
    }
}

/// Why a command got no answer of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// Nobody answered, or answered that it can't now; whether it was done is unknown.
    Unavailable {
        /// What was heard, for a person.
        message: String,
    },
    /// It was refused for good; nothing was done.
    Refused {
        /// The reason for programs.
        reason: String,
        /// The reason for a person.
        message: String,
    },
}

impl Event {
    /// The name for programs, as `GATE_ANSWERED`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Submitted { .. } => "SUBMITTED",
            Self::Approved { .. } => "APPROVED",
            Self::Declined { .. } => "DECLINED",
            Self::Paused { .. } => "PAUSED",
            Self::Resumed { .. } => "RESUMED",
            Self::Promoted { .. } => "PROMOTED",
            Self::Aborted { .. } => "ABORTED",
            Self::Superseded { .. } => "SUPERSEDED",
            Self::Frozen { .. } => "FROZEN",
            Self::Thawed { .. } => "THAWED",
            Self::Adopted { .. } => "ADOPTED",
            Self::Estimated { .. } => "ESTIMATED",
            Self::TrafficRead { .. } => "TRAFFIC_READ",
            Self::TrafficSet { .. } => "TRAFFIC_SET",
            Self::TrafficRefused { .. } => "TRAFFIC_REFUSED",
            Self::TrafficSeen { .. } => "TRAFFIC_SEEN",
            Self::GateAnswered { .. } => "GATE_ANSWERED",
            Self::Quarantined { .. } => "QUARANTINED",
            Self::CommandFailed { .. } => "COMMAND_FAILED",
            Self::TimerFired => "TIMER_FIRED",
        }
    }

    /// Who caused it: a person, or the launcher itself.
    #[must_use]
    pub fn principal(&self) -> Principal {
        match self {
            Self::Submitted { by, .. }
            | Self::Approved { by, .. }
            | Self::Declined { by, .. }
            | Self::Paused { by, .. }
            | Self::Resumed { by, .. }
            | Self::Promoted { by, .. }
            | Self::Aborted { by, .. }
            | Self::Superseded { by, .. }
            | Self::Frozen { by, .. }
            | Self::Thawed { by, .. } => by.clone(),
            Self::Adopted { .. }
            | Self::Estimated { .. }
            | Self::TrafficRead { .. }
            | Self::TrafficSet { .. }
            | Self::TrafficRefused { .. }
            | Self::TrafficSeen { .. }
            | Self::GateAnswered { .. }
            | Self::Quarantined { .. }
            | Self::CommandFailed { .. }
            | Self::TimerFired => Principal::service("launcher"),
        }
    }

    /// The id of the command that it answers; none if it answers none.
    #[must_use]
    pub fn command(&self) -> Option<u64> {
        match self {
            Self::Estimated { command, .. }
            | Self::TrafficRead { command, .. }
            | Self::TrafficSet { command, .. }
            | Self::TrafficRefused { command, .. }
            | Self::GateAnswered { command, .. }
            | Self::Quarantined { command }
            | Self::CommandFailed { command, .. } => Some(*command),
            Self::Submitted { .. }
            | Self::Approved { .. }
            | Self::Declined { .. }
            | Self::Paused { .. }
            | Self::Resumed { .. }
            | Self::Promoted { .. }
            | Self::Aborted { .. }
            | Self::Superseded { .. }
            | Self::Frozen { .. }
            | Self::Thawed { .. }
            | Self::Adopted { .. }
            | Self::TrafficSeen { .. }
            | Self::TimerFired => None,
        }
    }
}
