//! One turn of a launch: the state being changed, the commands being gathered, and the few ways to change them.

use jiff::Timestamp;
use std::time::Duration;

use super::describe::sentence;
use super::timer::{Bake, after};
use super::{Action, Command, Hold, HoldReason, Holds, Launch, Phase, Stage, Transition};
use crate::traffic::{Range, Share, Traffic, split};

/// How long an answer may stay out before its command is sent again.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// The longest wait between two tries while a service is away.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// A launch on its way from one state to the next, at one instant.
pub(super) struct Turn {
    pub(super) launch: Launch,
    pub(super) commands: Vec<Command>,
    pub(super) now: Timestamp,
}

impl Turn {
    /// Enters a stage, or a step of the ramp: nothing of what the launch waited for before is waited for any more.
    pub(super) fn enter(&mut self, stage: Stage, reason: impl Into<String>) {
        let reason = sentence(&reason.into());
        let launch = &mut self.launch;
        launch.stage = stage;
        launch.reason.clone_from(&reason);
        launch.transitions.push(Transition { stage, at: self.now, reason, share: launch.share });
        launch.holds.trouble = None;
        launch.outstanding = None;
        launch.failures = 0;
        launch.bake = None;
        launch.evaluate_at = None;
        launch.retry_at = None;
        launch.expire_at = None;
        self.outgrow_freeze();
    }

    /// Once there is no exposure left to raise, a freeze holds nothing and has no consequence.
    pub(super) fn outgrow_freeze(&mut self) {
        if !self.launch.raises_later() {
            self.launch.holds.freeze.iter_mut().for_each(|freeze| freeze.deadline = None);
        }
    }

    /// Enters an end.
    pub(super) fn end(&mut self, stage: Stage, reason: impl Into<String>) {
        self.enter(stage, reason);
        self.launch.holds = Holds::default();
        self.launch.ended_at = Some(self.now);
    }

    pub(super) fn set_phase(&mut self, phase: Phase) {
        self.launch.stage = self.launch.stage.in_phase(phase);
        self.outgrow_freeze();
    }

    /// Begins a bake of the present stage, and asks the gate now and then while it lasts.
    pub(super) fn start_bake(&mut self, length: Duration) {
        self.set_phase(Phase::Baking);
        self.launch.bake = Some(Bake { since: self.now, until: after(self.now, length) });
        self.launch.evaluate_at = self.launch.baseline.as_ref().map(|_| self.next_look());
    }

    /// When a gate that was asked now is asked again.
    pub(super) fn next_look(&self) -> Timestamp {
        after(self.now, self.launch.plan.evaluate_interval)
    }

    /// Asks for something new. Whatever was outstanding is not waited for any more.
    pub(super) fn send(&mut self, action: Action) {
        self.prepare(action);
        self.launch.failures = 0;
        self.emit();
    }

    /// Makes `action` the outstanding command, under a number of its own, without running it yet.
    pub(super) fn prepare(&mut self, action: Action) {
        self.launch.last_command += 1;
        self.launch.outstanding = Some(Command { id: self.launch.last_command, asked_at: self.now, action });
    }

    /// Has the outstanding command run, for the first time or again.
    pub(super) fn emit(&mut self) {
        self.commands.extend(self.launch.outstanding.clone());
        self.launch.retry_at = Some(after(self.now, PATIENCE));
    }

    /// The outstanding command has been answered.
    pub(super) fn answered(&mut self) {
        self.launch.outstanding = None;
        self.launch.failures = 0;
        // Changed traffic is read again even when the answer was about something else.
        self.launch.retry_at = self.launch.is_traffic_changed().then(|| self.next_look());
    }

    /// Tries again a little later, and later every time.
    pub(super) fn back_off(&mut self) {
        let wait = Duration::from_secs(1 << self.launch.failures.min(16));
        self.launch.failures = self.launch.failures.saturating_add(1);
        self.launch.retry_at = Some(after(self.now, wait.min(LONGEST_BACKOFF)));
    }

    /// Something is the matter. A hold that only changes its reason keeps its beginning and its deadline, so that
    /// troubles in turn don't outlast the plan; changed traffic stays the reason until the traffic is as it was.
    pub(super) fn trouble(&mut self, reason: HoldReason, message: impl Into<String>) {
        let deadline = self.hold_deadline();
        let fresh = Hold { reason, message: message.into(), since: self.now, deadline };
        let changed = self.launch.is_traffic_changed() && reason != HoldReason::TrafficChanged;
        match &mut self.launch.holds.trouble {
            Some(_) if changed => {}
            Some(hold) => *hold = Hold { since: hold.since, deadline: hold.deadline, ..fresh },
            none => *none = Some(fresh),
        }
    }

    /// Nothing is the matter any more, unless the traffic is not the launch's own.
    pub(super) fn relieve(&mut self) {
        if !self.launch.is_traffic_changed() {
            self.launch.holds.trouble = None;
        }
    }

    /// When a hold that begins now has lasted too long; a rollback never gives up.
    pub(super) fn hold_deadline(&self) -> Option<Timestamp> {
        let rolling_back = matches!(self.launch.stage, Stage::RollingBack { .. });
        (!rolling_back).then(|| after(self.now, self.launch.plan.hold_deadline))
    }

    /// Takes note of the share that `traffic` gives the candidate.
    pub(super) fn observe(&mut self, traffic: &Traffic) {
        self.launch.share = traffic.share_of(&self.launch.candidate);
        self.launch.peak_share = self.launch.peak_share.max(self.launch.share);
    }

    /// The ranges that give the candidate `share` and the baseline the rest.
    pub(super) fn ranges(&self, share: Share) -> Vec<Range> {
        split(self.launch.baseline.as_ref(), &self.launch.candidate, share)
    }

    /// The outstanding command's action, if there is one.
    pub(super) fn awaited(&self) -> Option<&Action> {
        self.launch.outstanding.as_ref().map(|command| &command.action)
    }

    /// Whether exposure may be raised now.
    pub(super) fn may_raise(&self) -> bool {
        !self.launch.is_blocked() && self.launch.holds.freeze.is_none()
    }
}
