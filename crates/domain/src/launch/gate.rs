//! When a gate is asked, and what its answer does: only a PASS advances, and only a FAIL rolls back.

use super::describe::sentence;
use super::turn::Turn;
use super::{Action, HoldReason, Phase, Stage};
use crate::gate::{Arm, Comparison, Evidence, Verdict};
use crate::traffic::Share;

impl Turn {
    /// Looks whether the bake is over or the gate is to be asked.
    pub(super) fn look(&mut self) {
        let Some(bake) = self.launch.bake else { return };
        let over = self.launch.stage.phase() == Some(Phase::Baking) && bake.until <= self.now;
        let over = over && !self.launch.is_blocked();
        if over && !self.launch.is_gated() {
            self.advance("The bake is over.".to_owned());
            return;
        }
        if self.launch.outstanding.is_some() {
            return;
        }
        if over {
            self.set_phase(Phase::Evaluating);
            self.ask();
        } else if !self.launch.is_traffic_changed() && self.launch.evaluate_at.is_some_and(|at| at <= self.now) {
            self.ask();
        }
    }

    fn ask(&mut self) {
        let launch = &self.launch;
        let (comparison, next_share) = match launch.stage {
            Stage::Ramping { step, .. } => (Comparison::Split, self.exposure(step + 1)),
            Stage::Shadowing { .. } => (Comparison::Paired, self.exposure(0)),
            _ => (Comparison::Split, Share::ALL),
        };
        let since = launch.evidence_since.unwrap_or(launch.created_at);
        let failures = launch.failures;
        self.send(Action::Evaluate { comparison, since, next_share });
        // Asking again after a failure is still the same trouble.
        self.launch.failures = failures;
    }

    pub(super) fn gate_answered(&mut self, evidence: &Evidence) {
        self.answered();
        self.launch.evidence = Some(evidence.clone());
        if evidence.verdict == Verdict::Fail {
            self.roll_back(failed(evidence));
            return;
        }
        self.launch.evaluate_at = Some(self.next_look());
        if self.launch.stage.phase() == Some(Phase::Baking) {
            self.relieve();
            self.look();
        } else {
            self.decide(evidence);
        }
    }

    /// The bake is over and the gate did not fail.
    fn decide(&mut self, evidence: &Evidence) {
        // After full exposure there is nothing left to grant, and no baseline rows that could make it any clearer.
        let watching = matches!(self.launch.stage, Stage::Watching { .. });
        let granted = match evidence.verdict {
            Verdict::Pass => true,
            Verdict::Inconclusive => watching,
            Verdict::NoData => watching && lacks_only_the_baseline(evidence),
            Verdict::Fail | Verdict::Error => false,
        };
        if !granted {
            self.trouble(undecided(evidence.verdict), missing(evidence));
            return;
        }
        self.relieve();
        let free = match self.launch.stage {
            // A freeze forbids to raise exposure, and this raises none.
            Stage::Watching { .. } => !self.launch.is_blocked(),
            _ => self.may_raise(),
        };
        if free {
            let said = if evidence.verdict == Verdict::Pass { "The gate passed" } else { "The gate did not fail" };
            self.advance(format!("{said}: {}", evidence.explanation));
        }
    }

    pub(super) fn gate_refused(&mut self, message: &str) {
        self.answered();
        self.trouble(HoldReason::GateError, format!("the health monitor refused to evaluate: {message}"));
        self.launch.evaluate_at = Some(self.next_look());
    }

    /// Goes on to what comes after the present stage.
    fn advance(&mut self, why: String) {
        match self.launch.stage {
            Stage::Shadowing { .. } => self.begin_ramp(why),
            Stage::Ramping { step, .. } if step + 1 < self.launch.plan.steps.len() => self.ramp(step + 1, why),
            Stage::Ramping { .. } => self.finalize(why),
            Stage::Watching { .. } => {
                self.end(Stage::Succeeded, format!("{} The candidate serves all units.", sentence(&why)));
            }
            // Only the stages above bake, and only they are judged.
            _ => {}
        }
    }
}

fn failed(evidence: &Evidence) -> String {
    let what = if evidence.deciding.is_empty() { String::new() } else { format!(" on {}", evidence.deciding) };
    format!("The gate failed{what}: {}", evidence.explanation)
}

/// Whether the candidate has outcomes and the baseline has none. When a plan goes to everybody at once, it never will.
fn lacks_only_the_baseline(evidence: &Evidence) -> bool {
    let rows = |arm: &Option<Arm>| arm.as_ref().map_or(0, |arm| arm.rows);
    rows(&evidence.candidate) > 0 && rows(&evidence.baseline) == 0
}

fn undecided(verdict: Verdict) -> HoldReason {
    match verdict {
        Verdict::NoData => HoldReason::GateNoData,
        Verdict::Error => HoldReason::GateError,
        Verdict::Pass | Verdict::Fail | Verdict::Inconclusive => HoldReason::GateInconclusive,
    }
}

/// What the gate said, and what is missing.
fn missing(evidence: &Evidence) -> String {
    let mut parts = vec![evidence.explanation.clone()];
    if evidence.missing_rows > 0 {
        parts.push(format!("at least {} more labelled rows are needed", evidence.missing_rows));
    }
    if evidence.missing_positives > 0 {
        parts.push(format!("at least {} more positive outcomes are needed", evidence.missing_positives));
    }
    parts.join("; ")
}
