//! What a launch does or waits for, in plain sentences.

use jiff::Timestamp;

use super::{Action, Event, Failure, Launch, Phase, Return, Stage, TimerKind};

/// Why a launch is where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What it does or waits for, as one sentence.
    pub summary: String,
    /// Since when.
    pub since: Timestamp,
    /// What would move it, each as one sentence.
    pub next: Vec<String>,
}

/// Explains where `launch` stands at `now`.
#[must_use]
pub fn explain(launch: &Launch, now: Timestamp) -> Explanation {
    let _ = now;
    let entered = launch.transitions.last().map_or(launch.created_at, |transition| transition.at);
    let _ = (Phase::Baking, Return::Restoring, TimerKind::Bake, Stage::Draft);
    Explanation { summary: launch.reason.clone(), since: entered, next: Vec::new() }
}

/// What `event` was, as one sentence.
#[must_use]
pub fn describe(event: &Event) -> String {
    let _ = (Action::Estimate, Failure::Unavailable { message: String::new() });
    event.kind().to_owned()
}
