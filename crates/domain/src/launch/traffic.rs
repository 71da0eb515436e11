//! What the launch makes of the traffic that it reads: its own, or changed by somebody else.

use super::turn::Turn;
use super::{Action, Fence, HoldReason, Phase, Rejected, Return, Stage};
use crate::traffic::{Share, Traffic};

/// So many reads in a row may show an older generation before it is believed: a minute, with their waits.
const MOST_LAGS: u32 = 6;

impl Turn {
    pub(super) fn traffic_read(&mut self, traffic: &Traffic) {
        if self.lags(traffic) {
            return;
        }
        self.answered();
        self.relieve();
        if let Stage::RollingBack { .. } = self.launch.stage {
            self.restore_from(traffic);
        } else if self.launch.stage == Stage::Preparing {
            self.prepared(traffic);
        } else if self.launch.is_traffic_changed() || self.launch.generation != Some(traffic.generation) {
            self.adopt(traffic);
        } else {
            self.observe(traffic);
            self.read_back();
        }
    }

    /// Whether `traffic` was read before the last change that the launch knows of could be seen. The command then stays
    /// outstanding and is sent again. After some patience the past is believed: the registry was restored to it.
    fn lags(&mut self, traffic: &Traffic) -> bool {
        let known = self.launch.generation.unwrap_or(0);
        let lags = traffic.generation < known && self.launch.failures < MOST_LAGS;
        if lags {
            let seen = traffic.generation;
            let message = format!("the registry still shows generation {seen} of the traffic, after {known}");
            self.trouble(HoldReason::RegistryUnavailable, message);
            self.back_off();
        }
        lags
    }

    /// The traffic is as the launch left it.
    fn read_back(&mut self) {
        match self.launch.stage {
            Stage::Ramping { phase: Phase::Confirming, .. } => self.confirmed(),
            Stage::Finalizing => self.finalized(),
            _ => self.look(),
        }
    }

    /// The traffic was set by this launch; `traffic` is what came of it.
    pub(super) fn traffic_set(&mut self, traffic: &Traffic) {
        match self.launch.stage {
            Stage::RollingBack { phase: Return::Restoring } => self.restored(traffic),
            _ => self.applied(traffic),
        }
    }

    pub(super) fn traffic_refused(&mut self, cause: Fence, traffic: &Traffic) {
        let landed = self.has_landed(traffic);
        self.answered();
        match self.launch.stage {
            Stage::RollingBack { .. } => self.restore_refused(cause, traffic),
            // The registry has forgotten that it did this already; the traffic shows that it did.
            _ if landed => self.applied(traffic),
            _ => self.traffic_changed(traffic),
        }
    }

    /// Whether `traffic` is exactly what the outstanding change would have made of it.
    fn has_landed(&self, traffic: &Traffic) -> bool {
        let Some(Action::SetTraffic { generation, ranges, .. }) = self.awaited() else { return false };
        traffic.generation == generation + 1 && traffic.ranges == *ranges && traffic.epoch <= self.launch.epoch
    }

    pub(super) fn traffic_seen(&mut self, traffic: &Traffic) -> Result<(), Rejected> {
        let news = self.launch.generation.is_some_and(|known| traffic.generation > known);
        let own = matches!(self.awaited(), Some(Action::SetTraffic { .. }));
        let concerned = matches!(
            self.launch.stage,
            Stage::Shadowing { .. } | Stage::Ramping { .. } | Stage::Finalizing | Stage::Watching { .. }
        );
        if !news || own || !concerned {
            return Err(Rejected::Stale);
        }
        self.adopt(traffic);
        Ok(())
    }

    /// Somebody else has written the traffic since. If it is what the launch left, it goes on, and bakes anew, for
    /// nobody knows what was served in between; otherwise it holds and touches nothing.
    fn adopt(&mut self, traffic: &Traffic) {
        let as_left = traffic.ranges == self.ranges(self.expected_share());
        if !as_left || traffic.epoch > self.launch.epoch {
            self.traffic_changed(traffic);
            return;
        }
        self.launch.generation = Some(traffic.generation);
        self.observe(traffic);
        self.launch.holds.trouble = None;
        if self.awaited() == Some(&Action::ReadTraffic) {
            self.launch.outstanding = None;
        }
        // An answer that is still awaited keeps its timer.
        self.launch.retry_at = self.launch.retry_at.filter(|_| self.launch.outstanding.is_some());
        match self.launch.stage {
            Stage::Ramping { step, phase: Phase::Applying } => self.earn_again(step),
            Stage::Ramping { .. } => self.confirmed(),
            Stage::Watching { .. } => self.start_bake(self.launch.plan.watch),
            Stage::Finalizing => self.finalized(),
            _ => self.look(),
        }
    }

    /// The share of `step` was granted, but somebody else wrote the traffic before it was set, or after: what comes
    /// before the step is baked and judged again, so that no PASS raises exposure twice.
    fn earn_again(&mut self, step: usize) {
        let why = "The traffic is as the launch left it again.";
        let shadow = self.launch.plan.shadow.filter(|_| self.launch.baseline.is_some());
        match shadow {
            _ if step > self.first_step() => {
                self.enter(Stage::Ramping { step: step - 1, phase: Phase::Baking }, why);
                self.confirmed();
            }
            Some(shadow) => {
                let begun = self.launch.transitions.iter().find(|entry| entry.stage.name() == "SHADOWING");
                self.launch.evidence_since = begun.map(|entry| entry.at);
                self.enter(Stage::Shadowing { phase: Phase::Baking }, why);
                self.start_bake(shadow.bake);
                self.look();
            }
            None => self.poke(),
        }
    }

    /// The share that the candidate has if nobody else wrote the traffic.
    fn expected_share(&self) -> Share {
        match self.launch.stage {
            Stage::Ramping { step, phase: Phase::Applying } if step == self.first_step() => Share::NONE,
            Stage::Ramping { step, phase: Phase::Applying } => self.exposure(step - 1),
            Stage::Ramping { step, .. } => self.exposure(step),
            Stage::Finalizing | Stage::Watching { .. } => Share::ALL,
            _ => Share::NONE,
        }
    }

    /// Holds because the traffic is not the launch's own, and reads it again now and then.
    pub(super) fn traffic_changed(&mut self, traffic: &Traffic) {
        self.observe(traffic);
        let whose = if traffic.epoch > self.launch.epoch { " and has taken it over" } else { "" };
        let message = format!(
            "somebody else set the traffic{whose}: it is at generation {}, epoch {}, and gives the candidate {}",
            traffic.generation, traffic.epoch, self.launch.share
        );
        self.trouble(HoldReason::TrafficChanged, message);
        self.launch.retry_at = Some(self.next_look());
    }
}
