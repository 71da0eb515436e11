//! Where a launch stands, and how it came there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::traffic::Share;

/// Where a launch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// Created, not submitted yet.
    Draft,
    /// Its need of capacity is being estimated.
    Estimating,
    /// Waits for people.
    AwaitingApproval,
    /// Waits for a freeze to end.
    Queued,
    /// The traffic that it starts from is being read and pinned.
    Preparing,
    /// Both versions score the same units; nobody is exposed.
    Shadowing {
        /// Baking or evaluating.
        phase: Phase,
    },
    /// The candidate serves a rising share.
    Ramping {
        /// The step of the plan, from 0.
        step: usize,
        /// Where within the step.
        phase: Phase,
    },
    /// The candidate serves everything, and that is being confirmed.
    Finalizing,
    /// The candidate serves everything; slow outcomes are waited for.
    Watching {
        /// Baking or evaluating.
        phase: Phase,
    },
    /// Ended: the candidate serves.
    Succeeded,
    /// Traffic is on its way back to the baseline.
    RollingBack {
        /// What is being done.
        phase: Return,
    },
    /// Ended: the baseline serves again, or still.
    RolledBack,
    /// Ended by an approver, before anybody was exposed.
    Rejected,
    /// Ended by a person, before anybody was exposed.
    Aborted,
    /// Ended by a newer launch, before anybody was exposed.
    Superseded,
    /// Ended because it waited too long, before anybody was exposed.
    Expired,
}

/// Where within a stage a launch stands. Shadowing and watching only bake and evaluate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// The registry is being told the new share.
    Applying,
    /// The registry's answer is being read back.
    Confirming,
    /// The share is held for the planned time; the gate is asked now and then, but only a FAIL acts.
    Baking,
    /// The planned time is over: the gate decides.
    Evaluating,
}

/// What a rollback is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Return {
    /// The registry is being told to give all units back.
    Restoring,
    /// Nobody is exposed any more; the digest is being marked.
    Quarantining,
}

impl Stage {
    /// The name for programs, as `RAMPING`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Estimating => "ESTIMATING",
            Self::AwaitingApproval => "AWAITING_APPROVAL",
            Self::Queued => "QUEUED",
            Self::Preparing => "PREPARING",
            Self::Shadowing { .. } => "SHADOWING",
            Self::Ramping { .. } => "RAMPING",
            Self::Finalizing => "FINALIZING",
            Self::Watching { .. } => "WATCHING",
            Self::Succeeded => "SUCCEEDED",
            Self::RollingBack { .. } => "ROLLING_BACK",
            Self::RolledBack => "ROLLED_BACK",
            Self::Rejected => "REJECTED",
            Self::Aborted => "ABORTED",
            Self::Superseded => "SUPERSEDED",
            Self::Expired => "EXPIRED",
        }
    }

    /// Whether the launch is over for ever.
    #[must_use]
    pub fn is_end(self) -> bool {
        match self {
            Self::Succeeded | Self::RolledBack | Self::Rejected | Self::Aborted | Self::Superseded | Self::Expired => {
                true
            }
            Self::Draft
            | Self::Estimating
            | Self::AwaitingApproval
            | Self::Queued
            | Self::Preparing
            | Self::Shadowing { .. }
            | Self::Ramping { .. }
            | Self::Finalizing
            | Self::Watching { .. }
            | Self::RollingBack { .. } => false,
        }
    }

    /// Whether units may be on the candidate, or on their way to it.
    #[must_use]
    pub fn may_expose(self) -> bool {
        match self {
            Self::Ramping { .. } | Self::Finalizing | Self::Watching { .. } | Self::RollingBack { .. } => true,
            Self::Draft
            | Self::Estimating
            | Self::AwaitingApproval
            | Self::Queued
            | Self::Preparing
            | Self::Shadowing { .. }
            | Self::Succeeded
            | Self::RolledBack
            | Self::Rejected
            | Self::Aborted
            | Self::Superseded
            | Self::Expired => false,
        }
    }

    /// The step of the ramp, from 0; none outside of it.
    #[must_use]
    pub fn ramp_step(self) -> Option<usize> {
        if let Self::Ramping { step, .. } = self { Some(step) } else { None }
    }

    /// Where within the stage; none for stages without phases.
    #[must_use]
    pub fn phase(self) -> Option<Phase> {
        match self {
            Self::Shadowing { phase } | Self::Ramping { phase, .. } | Self::Watching { phase } => Some(phase),
            Self::Draft
            | Self::Estimating
            | Self::AwaitingApproval
            | Self::Queued
            | Self::Preparing
            | Self::Finalizing
            | Self::Succeeded
            | Self::RollingBack { .. }
            | Self::RolledBack
            | Self::Rejected
            | Self::Aborted
            | Self::Superseded
            | Self::Expired => None,
        }
    }

    /// The same stage in another phase; a stage without phases stays as it is.
    pub(super) fn in_phase(self, phase: Phase) -> Self {
        match self {
            Self::Shadowing { .. } => Self::Shadowing { phase },
            Self::Ramping { step, .. } => Self::Ramping { step, phase },
            Self::Watching { .. } => Self::Watching { phase },
            Self::Draft
            | Self::Estimating
            | Self::AwaitingApproval
            | Self::Queued
            | Self::Preparing
            | Self::Finalizing
            | Self::Succeeded
            | Self::RollingBack { .. }
            | Self::RolledBack
            | Self::Rejected
            | Self::Aborted
            | Self::Superseded
            | Self::Expired => self,
        }
    }
}

/// One entry into a stage, or into a step of the ramp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The stage as it was entered.
    pub stage: Stage,
    /// When.
    pub at: Timestamp,
    /// Why, as one sentence for a person.
    pub reason: String,
    /// The candidate's share as last confirmed at that moment.
    pub share: Share,
}
