//! Why an event changes nothing.

use crate::fault::{Fault, Kind, Precondition};

/// Why an event was not taken: the launch is as it was, and nothing is to be done.
///
/// [`Rejected::Stale`] and [`Rejected::NotDue`] are the ordinary fate of repeated answers and early timers; whoever
/// delivers those drops them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The launch has ended, and an end is final.
    #[error("the launch has ended: {state}")]
    Ended {
        /// How, as `SUCCEEDED`.
        state: &'static str,
    },
    /// The answer belongs to a command that is not outstanding any more, or says nothing new.
    #[error("the answer is not waited for any more")]
    Stale,
    /// Nothing is due at this instant.
    #[error("nothing is due yet")]
    NotDue,
    /// The launch is in another stage than the event asks for.
    #[error("the launch is {state}; that can only be done while it is {wanted}")]
    WrongStage {
        /// Where it stands.
        state: &'static str,
        /// Where it would have to stand.
        wanted: &'static str,
    },
    /// The launch is rolling back already, and nothing comes before that.
    #[error("the launch is rolling back already")]
    RollingBack,
    /// Units may be on the candidate already.
    #[error("users may be exposed already: abort the launch to roll it back")]
    Exposed,
    /// The launch is paused already.
    #[error("the launch is paused already")]
    AlreadyPaused,
    /// The launch is not paused.
    #[error("the launch is not paused")]
    NotPaused,
    /// There is no bake to skip.
    #[error("the launch is not baking, so there is nothing to skip: it is {state}")]
    NothingToSkip {
        /// Where it stands.
        state: &'static str,
    },
    /// Nobody approves a launch of their own.
    #[error("a launch can't be approved by the one who created it")]
    OwnApproval,
    /// Everybody counts once.
    #[error("this approver has approved already")]
    AlreadyApproved,
    /// No freeze covers the launch.
    #[error("no freeze covers the launch")]
    NotFrozen,
    /// A newer launcher is in charge.
    #[error("epoch {current} is in charge of the launch; epoch {stated} is older")]
    OlderEpoch {
        /// The epoch that asks.
        stated: u64,
        /// The epoch in charge.
        current: u64,
    },
}

impl Fault for Rejected {
    fn kind(&self) -> Kind {
        match self {
            Self::Stale | Self::NotDue => Kind::Aborted,
            Self::OwnApproval => Kind::PermissionDenied,
            Self::AlreadyApproved => Kind::AlreadyExists,
            Self::Ended { .. }
            | Self::WrongStage { .. }
            | Self::RollingBack
            | Self::Exposed
            | Self::AlreadyPaused
            | Self::NotPaused
            | Self::NothingToSkip { .. }
            | Self::NotFrozen
            | Self::OlderEpoch { .. } => Kind::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Ended { .. } => "LAUNCH_ENDED",
            Self::Stale => "ANSWER_STALE",
            Self::NotDue => "TIMER_NOT_DUE",
            Self::WrongStage { .. } => "LAUNCH_IN_OTHER_STATE",
            Self::RollingBack => "LAUNCH_ROLLING_BACK",
            Self::Exposed => "LAUNCH_EXPOSED",
            Self::AlreadyPaused => "LAUNCH_ALREADY_PAUSED",
            Self::NotPaused => "LAUNCH_NOT_PAUSED",
            Self::NothingToSkip { .. } => "NOTHING_TO_SKIP",
            Self::OwnApproval => "OWN_APPROVAL",
            Self::AlreadyApproved => "ALREADY_APPROVED",
            Self::NotFrozen => "LAUNCH_NOT_FROZEN",
            Self::OlderEpoch { .. } => "LAUNCHER_EPOCH_OLD",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ended { state } | Self::NothingToSkip { state } => vec![("state", (*state).to_owned())],
            Self::WrongStage { state, wanted } => {
                vec![("state", (*state).to_owned()), ("wanted_state", (*wanted).to_owned())]
            }
            Self::OlderEpoch { stated, current } => {
                vec![("stated_epoch", stated.to_string()), ("epoch", current.to_string())]
            }
            Self::Stale
            | Self::NotDue
            | Self::RollingBack
            | Self::Exposed
            | Self::AlreadyPaused
            | Self::NotPaused
            | Self::OwnApproval
            | Self::AlreadyApproved
            | Self::NotFrozen => Vec::new(),
        }
    }

    fn preconditions(&self) -> Vec<Precondition> {
        if self.kind() != Kind::FailedPrecondition {
            return Vec::new();
        }
        vec![Precondition { kind: self.reason(), subject: "launch".to_owned(), description: self.to_string() }]
    }
}
