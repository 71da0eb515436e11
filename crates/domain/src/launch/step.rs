//! The reducer: which part of the machine takes which event.

use jiff::Timestamp;

use super::turn::Turn;
use super::{Action, Command, Consequence, Event, Launch, Phase, Rejected, Stage};

/// What `event` at `now` makes of `launch`, and what is to be done then.
///
/// # Errors
/// [`Rejected`]: nothing changes and nothing is to be done. An ended launch rejects every event.
pub fn step(launch: &Launch, event: &Event, now: Timestamp) -> Result<(Launch, Vec<Command>), Rejected> {
    if launch.stage.is_end() {
        return Err(Rejected::Ended { state: launch.stage.name() });
    }
    let mut turn = Turn { launch: launch.clone(), commands: Vec::new(), now };
    turn.take(event)?;
    turn.launch.updated_at = now;
    Ok((turn.launch, turn.commands))
}

impl Turn {
    fn take(&mut self, event: &Event) -> Result<(), Rejected> {
        match event {
            Event::Submitted { by, reason } => self.submitted(by, reason),
            Event::Approved { by, .. } => self.approved(by),
            Event::Declined { by, reason } => self.declined(by, reason),
            Event::Paused { by, reason } => self.paused(by, reason),
            Event::Resumed { by, reason } => self.resumed(by, reason),
            Event::Promoted { by, reason } => self.promoted(by, reason),
            Event::Aborted { by, reason } => self.aborted(by, reason),
            Event::Superseded { by, launch } => self.superseded(by, launch),
            Event::Frozen { by, reason } => self.frozen(by, reason),
            Event::Thawed { .. } => self.thawed(),
            Event::Adopted { epoch } => self.adopted(*epoch),
            Event::TrafficSeen { traffic } => self.traffic_seen(traffic),
            Event::TimerFired => self.timer_fired(),
            Event::Estimated { .. }
            | Event::TrafficRead { .. }
            | Event::TrafficSet { .. }
            | Event::TrafficRefused { .. }
            | Event::GateAnswered { .. }
            | Event::Quarantined { .. }
            | Event::CommandFailed { .. } => self.answer(event),
        }
    }

    fn timer_fired(&mut self) -> Result<(), Rejected> {
        let now = self.now;
        let due = |instant: Option<Timestamp>| instant.is_some_and(|instant| instant <= now);
        if !due(self.launch.timer().map(|timer| timer.due)) {
            return Err(Rejected::NotDue);
        }
        if due(self.launch.expire_at) {
            let waited = format!("Expired: it was {} for too long.", self.launch.stage.name());
            self.end(Stage::Expired, waited);
            return Ok(());
        }
        let before = self.launch.transitions.len();
        self.draw_consequences();
        if self.launch.transitions.len() > before {
            return Ok(());
        }
        if due(self.launch.retry_at) && self.may_retry() {
            self.retry();
        }
        self.look();
        Ok(())
    }

    /// A hold has lasted as long as the plan lets it.
    fn draw_consequences(&mut self) {
        let Some(hold) = self.launch.holds.overdue(self.now).next() else { return };
        let why = format!("{} lasted past its deadline: {}", hold.reason.name(), hold.message);
        match self.launch.plan.hold_consequence {
            Consequence::KeepHolding => {
                let renewed = self.hold_deadline();
                self.launch.holds.overdue(self.now).for_each(|hold| hold.deadline = renewed);
            }
            Consequence::RollBack if self.launch.stage.may_expose() => self.roll_back(why),
            Consequence::RollBack => self.end(Stage::Expired, why),
        }
    }

    /// Whether the outstanding command may be sent again: not one that raises exposure while that is held back.
    pub(super) fn may_retry(&self) -> bool {
        self.launch.may_retry()
    }

    /// Sends the outstanding command again, or reads changed traffic again.
    fn retry(&mut self) {
        let again = self.launch.outstanding.clone().filter(|_| !self.launch.is_traffic_changed());
        match again.map(|command| command.action) {
            // A change must keep its number: it may have been done the first time.
            Some(Action::SetTraffic { .. } | Action::Quarantine { .. } | Action::Estimate) => self.emit(),
            Some(Action::Evaluate { .. }) => {
                self.launch.outstanding = None;
                self.launch.evaluate_at = Some(self.now);
                self.launch.retry_at = None;
            }
            Some(Action::ReadTraffic) | None => {
                self.prepare(Action::ReadTraffic);
                self.emit();
            }
        }
    }

    /// Moves on whatever was held back, as far as it may move now.
    pub(super) fn poke(&mut self) {
        if self.launch.outstanding.is_some() || self.launch.is_blocked() {
            return;
        }
        match self.launch.stage {
            Stage::Queued => self.queue(),
            Stage::Preparing | Stage::Finalizing => self.send(Action::ReadTraffic),
            Stage::Ramping { phase: Phase::Applying, .. } if self.may_raise() => self.apply(),
            Stage::Shadowing { phase } | Stage::Ramping { phase, .. } | Stage::Watching { phase } => {
                if phase == Phase::Evaluating {
                    self.launch.evaluate_at = Some(self.now);
                }
                self.look();
            }
            Stage::Draft
            | Stage::Estimating
            | Stage::AwaitingApproval
            | Stage::RollingBack { .. }
            | Stage::Succeeded
            | Stage::RolledBack
            | Stage::Rejected
            | Stage::Aborted
            | Stage::Superseded
            | Stage::Expired => {}
        }
    }
}
