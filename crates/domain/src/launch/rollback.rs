//! The way back: to the pinned baseline, past every hold, and without ever giving up.

use super::describe::sentence;
use super::timer::after;
use super::turn::Turn;
use super::{Action, Fence, HoldReason, Holds, Return, Stage};
use crate::traffic::{Share, Traffic};
use std::time::Duration;

/// How often a rollback looks whether it may go on.
const RECHECK: Duration = Duration::from_secs(30);

impl Turn {
    /// Begins the way back, from wherever the launch is. What is in flight is not waited for: the change that restores
    /// the baseline raises the generation, which refuses whatever is still on its way.
    pub(super) fn roll_back(&mut self, why: String) {
        let exposed = self.launch.stage.may_expose();
        let why = sentence(&why);
        self.launch.rollback_reason = Some(why.clone());
        self.launch.holds = Holds::default();
        if exposed {
            self.enter(Stage::RollingBack { phase: Return::Restoring }, why);
            self.restore();
        } else {
            self.enter(Stage::RollingBack { phase: Return::Quarantining }, why);
            self.quarantine();
        }
    }

    fn restore(&mut self) {
        let reason = format!("{}: roll back. {}", self.launch.name, self.why());
        self.set_share(Share::NONE, reason);
    }

    /// The baseline serves everything again.
    pub(super) fn restored(&mut self, traffic: &Traffic) {
        self.answered();
        self.relieve();
        self.launch.generation = Some(traffic.generation);
        self.observe(traffic);
        self.launch.stage = Stage::RollingBack { phase: Return::Quarantining };
        self.quarantine();
    }

    pub(super) fn restore_refused(&mut self, cause: Fence, traffic: &Traffic) {
        let known = self.launch.generation.unwrap_or(0);
        if cause == Fence::Generation && traffic.generation <= known {
            // The reader has not seen yet what the writer was refused for.
            self.launch.retry_at = Some(after(self.now, Duration::from_secs(1)));
            return;
        }
        self.restore_from(traffic);
    }

    /// Somebody else wrote the traffic. If nobody is exposed by it, that is all a rollback wants.
    pub(super) fn restore_from(&mut self, traffic: &Traffic) {
        self.observe(traffic);
        self.launch.generation = Some(traffic.generation);
        if self.launch.share == Share::NONE {
            self.restored(traffic);
        } else if traffic.epoch > self.launch.epoch {
            let message = format!("epoch {} has taken the traffic over: it alone can restore it", traffic.epoch);
            self.trouble(HoldReason::TrafficChanged, message);
            self.launch.retry_at = Some(after(self.now, RECHECK));
        } else {
            self.launch.holds.trouble = None;
            self.restore();
        }
    }

    fn quarantine(&mut self) {
        self.launch.holds.trouble = None;
        self.send(Action::Quarantine { reason: format!("{}: {}", self.launch.name, self.why()) });
    }

    pub(super) fn quarantined(&mut self) {
        let why = self.why().to_owned();
        self.end(Stage::RolledBack, format!("{why} {}", self.outcome()));
    }

    pub(super) fn quarantine_refused(&mut self, message: &str) {
        let why = self.why().to_owned();
        let outcome = self.outcome();
        self.end(Stage::RolledBack, format!("{why} {outcome} The digest could not be quarantined: {message}"));
    }

    /// The registry refused to restore the traffic, for a reason that is no fence.
    pub(super) fn restore_failed(&mut self, message: &str) {
        self.trouble(HoldReason::RegistryRefused, message);
        self.launch.retry_at = Some(after(self.now, RECHECK));
    }

    fn why(&self) -> &str {
        self.launch.rollback_reason.as_deref().unwrap_or("Rolled back.")
    }

    fn outcome(&self) -> String {
        match (&self.launch.baseline, self.launch.peak_share) {
            (_, Share::NONE) => "Nobody was exposed.".to_owned(),
            (Some(baseline), peak) => format!("{baseline} serves again; up to {peak} of the units were exposed."),
            (None, peak) => format!("The model serves nothing again; up to {peak} of the units were exposed."),
        }
    }
}

impl super::Launch {
    /// Whether the retry timer counts: a change that raises exposure is not sent again while that is held back.
    pub(super) fn may_retry(&self) -> bool {
        let raising = matches!(self.outstanding, Some(super::Command { action: Action::SetTraffic { .. }, .. }))
            && matches!(self.stage, Stage::Ramping { .. });
        !raising || (!self.is_blocked() && self.holds.freeze.is_none())
    }
}
