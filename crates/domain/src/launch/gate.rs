//! When a gate is asked, and what its answer does: only a PASS advances, and only a FAIL rolls back.

use jiff::Timestamp;

use super::describe::sentence;
use super::turn::Turn;
use super::{Action, HoldReason, Phase, Stage};
use crate::gate::{Comparison, Evidence, Verdict};
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
        self.evaluate(Action::Evaluate { comparison, since, next_share });
    }

    /// Asks what has been seen since full exposure alone.
    fn ask_of_the_watch(&mut self, since: Timestamp) {
        self.evaluate(Action::Evaluate { comparison: Comparison::Split, since, next_share: Share::ALL });
    }

    fn evaluate(&mut self, question: Action) {
        let failures = self.launch.failures;
        self.send(question);
        // Asking again after a failure is still the same trouble.
        self.launch.failures = failures;
    }

    pub(super) fn gate_answered(&mut self, evidence: &Evidence, since: Timestamp) {
        self.answered();
        if self.watched_since().is_some_and(|watched| watched == since) && self.heard(evidence) {
            // What the ramp has shown stays what the end rests on.
            self.launch.evidence.get_or_insert_with(|| evidence.clone());
            self.succeed();
            return;
        }
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
        let watching = matches!(self.launch.stage, Stage::Watching { .. });
        let granted = match evidence.verdict {
            Verdict::Pass => true,
            // After full exposure there is nothing left to grant, and no baseline rows that could make it any clearer.
            Verdict::Inconclusive => watching,
            Verdict::Fail | Verdict::NoData | Verdict::Error => false,
        };
        if !granted {
            self.trouble(undecided(evidence.verdict), missing(evidence));
            return;
        }
        if watching {
            self.conclude();
            return;
        }
        self.relieve();
        if self.may_raise() {
            self.advance(format!("The gate passed: {}", evidence.explanation));
        }
    }

    /// Nothing of all that was seen since the ramp began speaks against the candidate. The rows of the ramp would say
    /// so even had it gone silent since, so before the watch ends it is asked what was seen in the watch itself.
    fn conclude(&mut self) {
        if self.launch.is_blocked() {
            return;
        }
        match self.watched_since() {
            Some(since) => self.ask_of_the_watch(since),
            None => self.succeed(),
        }
    }

    /// Since when the candidate must have been heard of before the watch ends: its begin. None for a plan that does not
    /// watch, and outside of the watch.
    fn watched_since(&self) -> Option<Timestamp> {
        let evaluating = self.launch.stage == Stage::Watching { phase: Phase::Evaluating };
        let watched = evaluating && !self.launch.plan.watch.is_zero();
        self.launch.bake.filter(|_| watched).map(|bake| bake.since)
    }

    /// Whether the candidate was heard of, and nothing forbids to end the watch.
    fn heard(&self, evidence: &Evidence) -> bool {
        matches!(evidence.verdict, Verdict::Pass | Verdict::Inconclusive) && !self.launch.is_blocked()
    }

    fn succeed(&mut self) {
        self.relieve();
        let evidence = self.launch.evidence.as_ref();
        let said = evidence.map_or_else(String::new, |evidence| match evidence.verdict {
            Verdict::Pass => sentence(&evidence.explanation),
            _ => format!("What the comparison with the baseline leaves open: {}", sentence(&evidence.explanation)),
        });
        let why = "The watch is over, and nothing that was seen since the ramp began convicts the candidate.";
        self.end(Stage::Succeeded, format!("{why} {said} The candidate serves all units."));
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

fn undecided(verdict: Verdict) -> HoldReason {
    match verdict {
        Verdict::NoData => HoldReason::GateNoData,
        Verdict::Error => HoldReason::GateError,
        Verdict::Pass | Verdict::Fail | Verdict::Inconclusive => HoldReason::GateInconclusive,
    }
}

/// What the gate said, and what is missing.
fn missing(evidence: &Evidence) -> String {
    let mut parts = vec![sentence(&evidence.explanation)];
    if evidence.missing_rows > 0 {
        parts.push(format!("At least {} more labelled rows are needed.", evidence.missing_rows));
    }
    if evidence.missing_positives > 0 {
        parts.push(format!("At least {} more positive outcomes are needed.", evidence.missing_positives));
    }
    parts.join(" ")
}
