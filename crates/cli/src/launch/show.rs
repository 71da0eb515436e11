//! A launch as a person reads it.

use slipway_sdk::pb;

use crate::table::{Table, facts};
use crate::text;

/// The state, and where within it the launch stands.
pub fn phase(launch: &pb::Launch) -> String {
    let state = text::word(launch.state().as_str_name(), "LAUNCH_STATE_");
    let phase = launch.phase().as_str_name().trim_start_matches("STEP_PHASE_").to_lowercase();
    match launch.state() {
        pb::LaunchState::Ramping => {
            let steps = launch.plan.as_ref().map_or(0, |plan| plan.steps.len());
            format!("{state} {}/{steps} {phase}", launch.step + 1)
        }
        _ => state,
    }
}

/// Why a launch is where it is, in one sentence.
pub fn why(launch: &pb::Launch) -> String {
    launch.hold.as_ref().map_or_else(|| launch.reason.clone(), |hold| hold.message.clone())
}

/// A launch, a field a line, then its evidence and its way so far.
pub fn launch(launch: &pb::Launch) -> String {
    let mut shown = facts(&[
        ("launch", launch.name.clone()),
        ("candidate", text::version(&launch.candidate)),
        ("baseline", if launch.baseline.is_empty() { "none".to_owned() } else { text::version(&launch.baseline) }),
        ("state", phase(launch)),
        ("share", format!("{} (at most {})", text::percent(launch.share), text::percent(launch.peak_share))),
        ("why", launch.reason.clone()),
        ("hold", launch.hold.as_ref().map(hold).unwrap_or_default()),
        ("next action", text::since(launch.next_action_time)),
        ("created", format!("{} by {}", text::since(launch.create_time), launch.creator)),
        ("ended", text::since(launch.end_time)),
        ("etag", launch.etag.clone()),
    ]);
    if let Some(evidence) = &launch.evidence {
        shown += &format!("\n{}", self::evidence(evidence));
    }
    shown + &format!("\n{}\n", way(launch))
}

fn hold(hold: &pb::Hold) -> String {
    let (since, until) = (text::since(hold.start_time), text::since(hold.deadline));
    format!("{} since {since}, until {until}: {}", hold.reason, hold.message)
}

/// What a gate found.
pub fn evidence(evidence: &pb::Evidence) -> String {
    let verdict = text::word(evidence.verdict().as_str_name(), "GATE_VERDICT_");
    let mut rows = Table::new(&["arm", "rows", "positives", "calibration", "log loss", "NE"]);
    for (name, arm) in [("candidate", &evidence.candidate), ("baseline", &evidence.baseline)] {
        let Some(arm) = arm else { continue };
        rows.add([
            format!("{name} {}", text::version(&arm.version)),
            arm.rows.to_string(),
            arm.positives.to_string(),
            text::number(arm.calibration),
            text::number(arm.log_loss),
            text::number(arm.normalized_entropy),
        ]);
    }
    let facts = facts(&[
        ("gate", format!("{verdict}: {}", evidence.explanation)),
        ("calibration ratio", text::estimate(evidence.calibration_ratio.as_ref())),
        ("relative loss", text::estimate(evidence.relative_loss.as_ref())),
        ("allowed share", text::percent(evidence.allowed_share)),
        ("mature through", text::since(evidence.mature_through)),
    ]);
    format!("{facts}{rows}\n")
}

fn way(launch: &pb::Launch) -> String {
    let mut rows = Table::new(&["when (utc)", "state", "share", "why"]);
    for entry in &launch.transitions {
        let state = text::word(entry.state().as_str_name(), "LAUNCH_STATE_");
        let state = match entry.state() {
            pb::LaunchState::Ramping => format!("{state} {}", entry.step + 1),
            _ => state,
        };
        rows.add([text::instant(entry.time), state, text::percent(entry.share), entry.reason.clone()]);
    }
    rows.to_string()
}

/// Why a launch is where it is, and what would move it.
pub fn explanation(answer: &pb::ExplainLaunchResponse) -> String {
    let mut shown = format!("{}\nSince {}.\n", answer.summary, text::since(answer.since));
    for next in &answer.next {
        shown += &format!("  - {next}\n");
    }
    if let Some(evidence) = answer.launch.as_ref().and_then(|launch| launch.evidence.as_ref()) {
        shown += &format!("\n{}", self::evidence(evidence));
    }
    let mut rows = Table::new(&["#", "when (utc)", "who", "what"]);
    for event in &answer.events {
        let what = event.description.clone();
        rows.add([event.sequence.to_string(), text::instant(event.time), event.principal.clone(), what]);
    }
    shown + &format!("\n{rows}\n")
}
