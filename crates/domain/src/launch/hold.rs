//! What keeps a launch from going on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why a launch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HoldReason {
    /// A person paused it.
    Paused,
    /// A freeze forbids to raise exposure.
    Frozen,
    /// The gate has evidence, but not enough.
    GateInconclusive,
    /// The gate has nothing to judge.
    GateNoData,
    /// The gate could not be evaluated.
    GateError,
    /// The registry can't be asked.
    RegistryUnavailable,
    /// The registry refuses for a reason that is none of the launch's making.
    RegistryRefused,
    /// The health monitor can't be asked.
    HealthUnavailable,
    /// The estimate of capacity could not be made.
    EstimateFailed,
    /// Somebody else changed the traffic.
    TrafficChanged,
}

impl HoldReason {
    /// The name for programs, as `GATE_INCONCLUSIVE`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Paused => "PAUSED",
            Self::Frozen => "FROZEN",
            Self::GateInconclusive => "GATE_INCONCLUSIVE",
            Self::GateNoData => "GATE_NO_DATA",
            Self::GateError => "GATE_ERROR",
            Self::RegistryUnavailable => "REGISTRY_UNAVAILABLE",
            Self::RegistryRefused => "REGISTRY_REFUSED",
            Self::HealthUnavailable => "HEALTH_UNAVAILABLE",
            Self::EstimateFailed => "ESTIMATE_FAILED",
            Self::TrafficChanged => "TRAFFIC_CHANGED",
        }
    }
}

/// One thing that keeps a launch from going on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub reason: HoldReason,
    /// The same for a person, with what is missing.
    pub message: String,
    /// Since when. A hold that only changes its reason keeps its beginning and its deadline.
    pub since: Timestamp,
    /// When the plan's consequence is drawn; none for a rollback, which never gives up.
    #[serde(default)]
    pub deadline: Option<Timestamp>,
}

/// Everything that holds a launch at once: a person, a freeze, and whatever is the matter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Holds {
    /// A person's pause.
    pub pause: Option<Hold>,
    /// A freeze.
    pub freeze: Option<Hold>,
    /// A gate that does not pass, a service that is away, traffic that somebody else changed.
    pub trouble: Option<Hold>,
}

impl Holds {
    /// The next instant at which a consequence is drawn.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        [&self.pause, &self.freeze, &self.trouble].into_iter().flatten().filter_map(|hold| hold.deadline).min()
    }

    /// Every hold whose deadline has passed by `now`.
    pub(super) fn overdue(&mut self, now: Timestamp) -> impl Iterator<Item = &mut Hold> {
        let all = [&mut self.pause, &mut self.freeze, &mut self.trouble];
        all.into_iter().flatten().filter(move |hold| hold.deadline.is_some_and(|deadline| deadline <= now))
    }
}
