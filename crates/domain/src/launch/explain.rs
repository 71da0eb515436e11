//! What a launch does or waits for, since when, and what would move it: in plain sentences.

use std::time::Duration;

use jiff::Timestamp;

use super::describe::sentence;
use super::{Bake, Consequence, Hold, HoldReason, Launch, Phase, RampStep, Return, Stage};
use crate::gate::Verdict;
use crate::traffic::Share;

/// Why a launch is where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What it does or waits for, as one sentence.
    pub summary: String,
    /// Since when.
    pub since: Timestamp,
    /// What would move it, each as one sentence. Empty for a launch that has ended.
    pub next: Vec<String>,
}

/// Explains where `launch` stands at `now`.
#[must_use]
pub fn explain(launch: &Launch, now: Timestamp) -> Explanation {
    let entered = launch.transitions.last().map_or(launch.created_at, |transition| transition.at);
    if launch.stage.is_end() {
        return Explanation { summary: launch.reason.clone(), since: entered, next: Vec::new() };
    }
    let doing = doing(launch);
    let (summary, since) = match launch.hold() {
        Some(hold) => (format!("Holds ({}): {} {doing}", hold.reason.name(), sentence(&hold.message)), hold.since),
        None => (doing, launch.bake.map_or(entered, |bake| bake.since)),
    };
    Explanation { summary, since, next: next(launch, now) }
}

/// What the launch does, whatever holds it.
fn doing(launch: &Launch) -> String {
    match launch.stage {
        Stage::Draft => "It is a draft that nobody has submitted yet.".to_owned(),
        Stage::Estimating => "Its need of capacity is being estimated.".to_owned(),
        Stage::AwaitingApproval => {
            format!("It has {} of the {} approvals it needs.", launch.approvers.len(), launch.plan.approvals)
        }
        Stage::Queued => "It waits until nothing forbids it to begin.".to_owned(),
        Stage::Preparing => "The traffic that it starts from is being read.".to_owned(),
        Stage::Shadowing { phase: Phase::Evaluating } => {
            format!("The gate is asked whether the candidate may take {}.", exposure(launch, 0))
        }
        Stage::Shadowing { .. } => "Both versions score the same units, and nobody is exposed.".to_owned(),
        Stage::Ramping { step, phase } => ramping(launch, step, phase),
        Stage::Finalizing => "The candidate serves all units; that is being confirmed.".to_owned(),
        Stage::Watching { phase: Phase::Evaluating } => {
            "The candidate serves all units, and the gate is asked a last time.".to_owned()
        }
        Stage::Watching { .. } => "The candidate serves all units, and slow outcomes are waited for.".to_owned(),
        Stage::RollingBack { phase: Return::Restoring } => {
            format!("All units are being given back. {}", launch.reason)
        }
        Stage::RollingBack { phase: Return::Quarantining } => {
            format!("Nobody is exposed; the candidate's digest is being quarantined. {}", launch.reason)
        }
        Stage::Succeeded
        | Stage::RolledBack
        | Stage::Rejected
        | Stage::Aborted
        | Stage::Superseded
        | Stage::Expired => launch.reason.clone(),
    }
}

fn ramping(launch: &Launch, step: usize, phase: Phase) -> String {
    let place = format!("Step {} of {}", step + 1, launch.plan.steps.len());
    let share = exposure(launch, step);
    match phase {
        Phase::Applying => format!("{place}: the registry is being asked to give the candidate {share}."),
        Phase::Confirming => format!("{place}: it is being confirmed that the candidate has {share}."),
        Phase::Baking => format!("{place}: the candidate serves {share}, and its outcomes are gathered."),
        Phase::Evaluating => {
            let more = exposure(launch, step + 1);
            format!("{place}: the candidate serves {share}, and the gate is asked whether it may take {more}.")
        }
    }
}

fn exposure(launch: &Launch, step: usize) -> Share {
    launch.plan.steps.get(step).map_or(Share::ALL, RampStep::exposure)
}

/// Everything that would move the launch.
fn next(launch: &Launch, now: Timestamp) -> Vec<String> {
    let mut next = Vec::new();
    next.extend(launch.hold().map(|hold| lift(hold).to_owned()));
    if let Some(bake) = launch.bake.filter(|_| launch.stage.phase() == Some(Phase::Baking)) {
        next.push(baking(launch, bake, now));
    }
    if launch.stage.phase() == Some(Phase::Evaluating) {
        next.extend(last_answer(launch));
    }
    if let Some(at) = launch.evaluate_at.filter(|_| launch.outstanding.is_none()) {
        next.push(format!("The gate is asked again {}; if it fails, the launch is rolled back.", when(at, now)));
    }
    if let Some(command) = &launch.outstanding {
        let asked = when(command.asked_at, now);
        next.push(format!("The answer to {} moves it; that was asked {asked}.", command.action.name()));
    }
    if let Some(at) = launch.expire_at {
        next.push(format!("It expires {} if it still waits then.", when(at, now)));
    }
    next.extend(deadline(launch, now));
    next
}

/// What lifts a hold.
fn lift(hold: &Hold) -> &'static str {
    match hold.reason {
        HoldReason::Paused => "Resuming it lets it go on; aborting it ends it.",
        HoldReason::Frozen => "The end of the freeze lets it go on. A rollback is not held back by a freeze.",
        HoldReason::GateInconclusive => "More outcomes let the gate decide.",
        HoldReason::GateNoData => "Observations of both versions let the gate decide.",
        HoldReason::GateError => "It goes on when the gate can be evaluated.",
        HoldReason::RegistryUnavailable => "It goes on when the registry answers.",
        HoldReason::RegistryRefused => "It tries again; mend what the registry refuses, or abort it.",
        HoldReason::HealthUnavailable => "It goes on when the health monitor answers.",
        HoldReason::EstimateFailed => "It tries the estimate again.",
        HoldReason::TrafficChanged => "It goes on when the traffic is as the launch left it; aborting it ends it.",
    }
}

fn baking(launch: &Launch, bake: Bake, now: Timestamp) -> String {
    let over = when(bake.until, now);
    if launch.is_gated() {
        format!("The bake is over {over}; the gate is asked then. Promoting the launch skips the rest.")
    } else {
        format!("The bake is over {over}; the launch goes on then. Promoting it skips the rest.")
    }
}

fn last_answer(launch: &Launch) -> Option<String> {
    let evidence = launch.evidence.as_ref().filter(|evidence| evidence.verdict != Verdict::Pass)?;
    Some(format!("The gate last answered {}: {}", evidence.verdict.name(), evidence.explanation))
}

fn deadline(launch: &Launch, now: Timestamp) -> Option<String> {
    let at = when(launch.holds.deadline()?, now);
    Some(match launch.plan.hold_consequence {
        Consequence::KeepHolding => format!("The hold is renewed {at}, as the plan says."),
        Consequence::RollBack if launch.stage.may_expose() => format!("If it still holds {at}, it is rolled back."),
        Consequence::RollBack => format!("If it still holds {at}, it expires."),
    })
}

/// An instant, with its distance from `now`, as `at 2026-05-03 14:02:00 UTC (in 2 h 5 min)`.
fn when(at: Timestamp, now: Timestamp) -> String {
    let clock = at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let away = at.duration_since(now);
    let length = length(away.unsigned_abs());
    if away.is_negative() { format!("at {clock} ({length} ago)") } else { format!("at {clock} (in {length})") }
}

/// A length of time in its two largest units, as `2 d 3 h`.
fn length(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, _, _) => format!("{days} d {hours} h"),
    }
}
