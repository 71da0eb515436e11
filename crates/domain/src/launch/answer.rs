//! Answers to commands: only the outstanding command's answer counts, and only one of its kind.

use super::turn::Turn;
use super::{Action, Event, Failure, HoldReason, Rejected, Stage};

impl Turn {
    pub(super) fn answer(&mut self, event: &Event) -> Result<(), Rejected> {
        let outstanding = self.launch.outstanding.as_ref().filter(|command| event.command() == Some(command.id));
        let action = &outstanding.ok_or(Rejected::Stale)?.action.clone();
        match (event, action) {
            (Event::Estimated { summary, .. }, Action::Estimate) => self.estimated(summary),
            (Event::TrafficRead { traffic, .. }, Action::ReadTraffic) => self.traffic_read(traffic),
            (Event::TrafficSet { traffic, .. }, Action::SetTraffic { .. }) => self.traffic_set(traffic),
            (Event::TrafficRefused { cause, traffic, .. }, Action::SetTraffic { .. }) => {
                self.traffic_refused(*cause, traffic);
            }
            (Event::GateAnswered { evidence, .. }, Action::Evaluate { since, .. }) => {
                self.gate_answered(evidence, *since)
            }
            (Event::Quarantined { .. }, Action::Quarantine { .. }) => self.quarantined(),
            (Event::CommandFailed { failure: Failure::Unavailable { message }, .. }, action) => {
                self.unavailable(action, message);
            }
            (Event::CommandFailed { failure: Failure::Refused { reason, message }, .. }, action) => {
                self.refused(action, &format!("{message} ({reason})"));
            }
            // The answer to another kind of command than the one of that number.
            (_, _) => return Err(Rejected::Stale),
        }
        Ok(())
    }

    fn unavailable(&mut self, action: &Action, message: &str) {
        let reason = match action {
            Action::ReadTraffic | Action::SetTraffic { .. } | Action::Quarantine { .. } => {
                HoldReason::RegistryUnavailable
            }
            Action::Evaluate { .. } => HoldReason::HealthUnavailable,
            Action::Estimate => HoldReason::EstimateFailed,
        };
        self.trouble(reason, message);
        self.back_off();
    }

    fn refused(&mut self, action: &Action, message: &str) {
        match action {
            Action::Evaluate { .. } => self.gate_refused(message),
            Action::Quarantine { .. } => self.quarantine_refused(message),
            Action::Estimate => self.estimate_failed(message),
            Action::ReadTraffic => {
                self.trouble(HoldReason::RegistryRefused, message);
                self.launch.retry_at = Some(self.next_look());
            }
            Action::SetTraffic { .. } => {
                // Under a number of its own: the old number's answer is a refusal for good.
                self.prepare(action.clone());
                if let Stage::RollingBack { .. } = self.launch.stage {
                    self.restore_failed(message);
                } else {
                    self.trouble(HoldReason::RegistryRefused, message);
                    self.launch.retry_at = Some(self.next_look());
                }
            }
        }
    }
}
