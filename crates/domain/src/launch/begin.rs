//! From the draft to the first stage that judges: estimate, approvals, queue, preparation. What a plan does not ask
//! for is passed over in the same step.

use super::timer::after;
use super::turn::Turn;
use super::{Action, HoldReason, Phase, Rejected, Stage};
use crate::principal::Principal;
use crate::traffic::{Share, Traffic};

impl Turn {
    pub(super) fn submitted(&mut self, by: &Principal, reason: &str) -> Result<(), Rejected> {
        self.must_be(Stage::Draft)?;
        let why = format!("Submitted by {by}: {reason}");
        if self.launch.plan.estimate {
            self.wait_in(Stage::Estimating, why);
            self.send(Action::Estimate);
        } else {
            self.await_approval(why);
        }
        Ok(())
    }

    pub(super) fn estimated(&mut self, summary: &str) {
        self.answered();
        self.await_approval(format!("Estimated: {summary}"));
    }

    fn await_approval(&mut self, why: String) {
        if self.launch.plan.approvals > 0 {
            self.wait_in(Stage::AwaitingApproval, why);
        } else {
            self.queue_because(why);
        }
    }

    pub(super) fn approved(&mut self, by: &Principal) -> Result<(), Rejected> {
        self.must_be(Stage::AwaitingApproval)?;
        if *by == self.launch.creator {
            return Err(Rejected::OwnApproval);
        }
        if self.launch.approvers.contains(by) {
            return Err(Rejected::AlreadyApproved);
        }
        self.launch.approvers.push(by.clone());
        if self.launch.approvers.len() >= self.launch.plan.approvals as usize {
            self.queue_because(format!("Approved, last by {by}."));
        }
        Ok(())
    }

    pub(super) fn declined(&mut self, by: &Principal, reason: &str) -> Result<(), Rejected> {
        self.must_be(Stage::AwaitingApproval)?;
        self.end(Stage::Rejected, format!("Rejected by {by}: {reason}"));
        Ok(())
    }

    pub(super) fn queue(&mut self) {
        self.queue_because("The way is free.".to_owned());
    }

    fn queue_because(&mut self, why: String) {
        if self.may_raise() {
            self.enter(Stage::Preparing, why);
            self.send(Action::ReadTraffic);
        } else if self.launch.stage != Stage::Queued {
            self.wait_in(Stage::Queued, why);
        }
    }

    /// The traffic that the launch starts from was read.
    pub(super) fn prepared(&mut self, traffic: &Traffic) {
        if traffic.ranges != self.ranges(Share::NONE) {
            self.traffic_changed(traffic);
            return;
        }
        self.launch.generation = Some(traffic.generation);
        // Whoever took the traffic over before the launch began is not fought by it: it begins from what they left.
        self.launch.epoch = self.launch.epoch.max(traffic.epoch);
        self.launch.holds.trouble = None;
        // A held launch stays here, and reads again once it may go on.
        self.launch.retry_at = None;
        match self.launch.plan.shadow.filter(|_| self.launch.baseline.is_some()) {
            Some(shadow) if !self.launch.is_blocked() => {
                let phase = Phase::Baking;
                self.enter(Stage::Shadowing { phase }, "Both versions score the same units; nobody is exposed.");
                self.launch.evidence_since = Some(self.now);
                self.start_bake(shadow.bake);
                self.look();
            }
            None if self.may_raise() => self.begin_ramp("The ramp begins without a shadow stage."),
            Some(_) | None => {}
        }
    }

    pub(super) fn estimate_failed(&mut self, message: &str) {
        self.trouble(HoldReason::EstimateFailed, message);
        self.launch.retry_at = Some(self.next_look());
    }

    /// Enters a stage in which the launch waits for others, and does not wait for ever.
    fn wait_in(&mut self, stage: Stage, why: String) {
        self.enter(stage, why);
        self.launch.expire_at = Some(after(self.now, self.launch.plan.wait_deadline));
    }

    pub(super) fn must_be(&self, wanted: Stage) -> Result<(), Rejected> {
        let state = self.launch.stage;
        if state == wanted { Ok(()) } else { Err(Rejected::WrongStage { state: state.name(), wanted: wanted.name() }) }
    }
}
