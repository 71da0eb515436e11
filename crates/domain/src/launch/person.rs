//! What people, freezes and a new launcher ask of a launch.

use super::turn::Turn;
use super::{Action, Hold, HoldReason, Phase, Rejected, Stage};
use crate::name::LaunchName;
use crate::principal::Principal;

impl Turn {
    pub(super) fn paused(&mut self, by: &Principal, reason: &str) -> Result<(), Rejected> {
        self.must_not_roll_back()?;
        if self.launch.holds.pause.is_some() {
            return Err(Rejected::AlreadyPaused);
        }
        self.launch.holds.pause = Some(self.hold(HoldReason::Paused, format!("paused by {by}: {reason}")));
        Ok(())
    }

    pub(super) fn resumed(&mut self, by: &Principal, reason: &str) -> Result<(), Rejected> {
        self.must_not_roll_back()?;
        self.launch.holds.pause.take().ok_or(Rejected::NotPaused)?;
        self.launch.reason = format!("Resumed by {by}: {reason}");
        self.poke();
        Ok(())
    }

    pub(super) fn promoted(&mut self, by: &Principal, reason: &str) -> Result<(), Rejected> {
        self.must_not_roll_back()?;
        let baking = self.launch.stage.phase() == Some(Phase::Baking);
        let state = self.launch.stage.name();
        let now = self.now;
        let rest = self.launch.bake.as_mut().filter(|bake| baking && bake.until > now);
        rest.ok_or(Rejected::NothingToSkip { state })?.until = now;
        self.launch.reason = format!("The rest of the bake was skipped by {by}: {reason}");
        self.look();
        Ok(())
    }

    pub(super) fn aborted(&mut self, by: &Principal, reason: &str) -> Result<(), Rejected> {
        self.must_not_roll_back()?;
        let why = format!("Aborted by {by}: {reason}");
        if self.launch.stage.may_expose() {
            self.roll_back(why);
        } else {
            self.end(Stage::Aborted, why);
        }
        Ok(())
    }

    pub(super) fn superseded(&mut self, by: &Principal, newer: &LaunchName) -> Result<(), Rejected> {
        self.must_not_roll_back()?;
        if self.launch.stage.may_expose() {
            return Err(Rejected::Exposed);
        }
        self.end(Stage::Superseded, format!("Superseded by {newer}, submitted by {by}."));
        Ok(())
    }

    pub(super) fn frozen(&mut self, by: &Principal, reason: &str) -> Result<(), Rejected> {
        self.must_not_roll_back()?;
        let fresh = self.hold(HoldReason::Frozen, format!("frozen by {by}: {reason}"));
        let since = self.launch.holds.freeze.take();
        self.launch.holds.freeze = Some(match since {
            Some(hold) => Hold { message: fresh.message, ..hold },
            None => fresh,
        });
        self.outgrow_freeze();
        Ok(())
    }

    pub(super) fn thawed(&mut self) -> Result<(), Rejected> {
        self.must_not_roll_back()?;
        self.launch.holds.freeze.take().ok_or(Rejected::NotFrozen)?;
        self.poke();
        Ok(())
    }

    /// A launcher has started anew. A change of traffic that is still outstanding is asked for again in its epoch,
    /// under a new number, because the old number means the old epoch.
    pub(super) fn adopted(&mut self, epoch: u64) -> Result<(), Rejected> {
        let current = self.launch.epoch;
        if epoch < current {
            return Err(Rejected::OlderEpoch { stated: epoch, current });
        }
        if epoch == current {
            return Err(Rejected::Stale);
        }
        self.launch.epoch = epoch;
        if let Some(Action::SetTraffic { generation, ranges, reason, .. }) = self.awaited().cloned() {
            self.prepare(Action::SetTraffic { generation, epoch, ranges, reason });
            if self.may_retry() {
                self.emit();
            }
        } else if self.launch.is_traffic_changed() {
            self.launch.retry_at = Some(self.now);
        }
        Ok(())
    }

    fn hold(&self, reason: HoldReason, message: String) -> Hold {
        Hold { reason, message, since: self.now, deadline: self.hold_deadline() }
    }

    fn must_not_roll_back(&self) -> Result<(), Rejected> {
        if matches!(self.launch.stage, Stage::RollingBack { .. }) { Err(Rejected::RollingBack) } else { Ok(()) }
    }
}
