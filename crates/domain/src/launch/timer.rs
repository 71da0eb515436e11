//! The instants at which a launch acts by itself.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Launch, Phase, Stage};

/// The share, or the shadow, is held at least so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bake {
    /// Since the share was confirmed.
    pub since: Timestamp,
    /// Until then nothing advances.
    pub until: Timestamp,
}

/// The next instant at which a launch acts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// When.
    pub due: Timestamp,
    /// What for.
    pub kind: TimerKind,
}

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimerKind {
    /// The bake is over.
    Bake,
    /// The gate is asked again.
    Evaluate,
    /// A command is sent again, or the traffic is read again.
    Retry,
    /// A hold's consequence is drawn.
    Hold,
    /// The launch has waited too long to begin.
    Expire,
}

/// `instant + duration`, or the last representable instant when that lies beyond it.
pub(super) fn after(instant: Timestamp, duration: Duration) -> Timestamp {
    instant.checked_add(duration).unwrap_or(Timestamp::MAX)
}

impl Launch {
    /// The next instant at which the launch acts by itself: deliver [`super::Event::TimerFired`] then. Only an ended
    /// launch and one that was never submitted have none.
    #[must_use]
    pub fn timer(&self) -> Option<Timer> {
        let timer = |kind| move |due| Timer { due, kind };
        [
            self.bake_over_at().map(timer(TimerKind::Bake)),
            self.evaluate_at.filter(|_| self.may_ask()).map(timer(TimerKind::Evaluate)),
            self.retry_at.filter(|_| self.may_retry()).map(timer(TimerKind::Retry)),
            self.holds.deadline().map(timer(TimerKind::Hold)),
            self.expire_at.map(timer(TimerKind::Expire)),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|timer| timer.due)
    }

    /// When the bake will be over, if that will move anything: not while a person or a changed traffic holds the
    /// launch, and not while an answer is awaited that will be looked at then anyhow.
    fn bake_over_at(&self) -> Option<Timestamp> {
        let baking = self.stage.phase() == Some(Phase::Baking) && !self.is_blocked();
        let answered = self.outstanding.is_none() || !self.is_gated();
        self.bake.filter(|_| baking && answered).map(|bake| bake.until)
    }

    /// Whether the gate can be asked when its time comes: nothing is outstanding, and the traffic is the launch's own.
    fn may_ask(&self) -> bool {
        self.outstanding.is_none() && !self.is_traffic_changed()
    }

    /// Whether a gate decides what comes after the present stage: without a baseline there is nothing to hold the
    /// candidate against, and after the last step there is no more exposure to grant.
    pub(super) fn is_gated(&self) -> bool {
        let last = matches!(self.stage, Stage::Ramping { step, .. } if step + 1 >= self.plan.steps.len());
        self.baseline.is_some() && !last
    }
}
