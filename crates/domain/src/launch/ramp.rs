//! The ramp: apply a share, confirm it, bake it, and at the end finalize and watch.

use super::turn::Turn;
use super::{Action, Phase, Stage};
use crate::traffic::{Share, Traffic};

impl Turn {
    /// Begins the ramp at its first step. Without a baseline that is the last one: everything at once.
    pub(super) fn begin_ramp(&mut self, why: impl Into<String>) {
        self.launch.evidence_since = Some(self.now);
        self.ramp(self.first_step(), why);
    }

    /// The step that the ramp of this launch begins with.
    pub(super) fn first_step(&self) -> usize {
        if self.launch.baseline.is_some() { 0 } else { self.launch.plan.steps.len().saturating_sub(1) }
    }

    pub(super) fn ramp(&mut self, step: usize, why: impl Into<String>) {
        self.enter(Stage::Ramping { step, phase: Phase::Applying }, why);
        self.apply();
    }

    /// Asks for the share of the present step.
    pub(super) fn apply(&mut self) {
        let Stage::Ramping { step, .. } = self.launch.stage else { return };
        let share = self.exposure(step);
        let reason = format!("{}: {} of the units to {}", self.launch.name, share, self.launch.candidate);
        self.set_share(share, reason);
    }

    /// Asks for traffic that gives the candidate `share`.
    pub(super) fn set_share(&mut self, share: Share, reason: String) {
        let generation = self.launch.generation.unwrap_or(0);
        let epoch = self.launch.epoch;
        self.send(Action::SetTraffic { generation, epoch, ranges: self.ranges(share), reason });
    }

    /// The share of a step; everything beyond the last.
    pub(super) fn exposure(&self, step: usize) -> Share {
        self.launch.plan.steps.get(step).map_or(Share::ALL, super::RampStep::exposure)
    }

    /// The share was set as asked.
    pub(super) fn applied(&mut self, traffic: &Traffic) {
        self.answered();
        self.relieve();
        self.launch.generation = Some(traffic.generation);
        self.observe(traffic);
        self.set_phase(Phase::Confirming);
        self.send(Action::ReadTraffic);
    }

    /// The share was read back as it was set: it is held from now on.
    pub(super) fn confirmed(&mut self) {
        let Stage::Ramping { step, .. } = self.launch.stage else { return };
        let bake = self.launch.plan.steps.get(step).map_or_else(Default::default, |step| step.bake);
        self.start_bake(bake);
        self.look();
    }

    pub(super) fn finalize(&mut self, why: impl Into<String>) {
        self.enter(Stage::Finalizing, why);
        self.send(Action::ReadTraffic);
    }

    /// Full exposure was read back once more.
    pub(super) fn finalized(&mut self) {
        if self.launch.is_blocked() {
            self.launch.retry_at = None;
            return;
        }
        let phase = Phase::Baking;
        self.enter(Stage::Watching { phase }, "The candidate serves all units; slow outcomes are waited for.");
        self.start_bake(self.launch.plan.watch);
        self.look();
    }
}
