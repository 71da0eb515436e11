//! What an event was, as one sentence.

use super::{Event, Failure, Fence};
use crate::traffic::Traffic;

/// What `event` was, as one sentence for a person.
#[must_use]
pub fn describe(event: &Event) -> String {
    sentence(&what(event))
}

fn what(event: &Event) -> String {
    match event {
        Event::Submitted { by, reason } => because(format!("{by} submitted the launch"), reason),
        Event::Approved { by, reason } => because(format!("{by} approved the launch"), reason),
        Event::Declined { by, reason } => because(format!("{by} rejected the launch"), reason),
        Event::Paused { by, reason } => because(format!("{by} paused the launch"), reason),
        Event::Resumed { by, reason } => because(format!("{by} resumed the launch"), reason),
        Event::Promoted { by, reason } => because(format!("{by} skipped the rest of the bake"), reason),
        Event::Aborted { by, reason } => because(format!("{by} aborted the launch"), reason),
        Event::Superseded { by, launch } => format!("{by} submitted {launch}, which takes its place."),
        Event::Frozen { by, reason } => because(format!("{by} froze the launch"), reason),
        Event::Thawed { by, reason } => because(format!("{by} ended the freeze"), reason),
        Event::Adopted { epoch } => format!("The launcher of epoch {epoch} took charge of the launch."),
        Event::Estimated { summary, .. } => format!("Capacity was estimated: {summary}"),
        Event::TrafficRead { traffic, .. } => format!("The traffic was read: {}.", table(traffic)),
        Event::TrafficSet { traffic, .. } => format!("The traffic was set: {}.", table(traffic)),
        Event::TrafficRefused { cause, traffic, .. } => refused(*cause, traffic),
        Event::TrafficSeen { traffic } => format!("The traffic was seen to change: {}.", table(traffic)),
        Event::GateAnswered { evidence, .. } => {
            format!("The gate answered {}: {}", evidence.verdict.name(), evidence.explanation)
        }
        Event::Quarantined { .. } => "The candidate's digest was quarantined.".to_owned(),
        Event::CommandFailed { command, failure } => failed(*command, failure),
        Event::TimerFired => "An instant came at which the launch acts by itself.".to_owned(),
    }
}

/// `text` with a full stop, unless it ends a sentence already.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn because(what: String, reason: &str) -> String {
    if reason.is_empty() { sentence(&what) } else { sentence(&format!("{what}: {reason}")) }
}

fn refused(cause: Fence, traffic: &Traffic) -> String {
    let why = match cause {
        Fence::Generation => "somebody else had changed it",
        Fence::Epoch => "a newer epoch holds it",
    };
    format!("The traffic was not set, because {why}: {}.", table(traffic))
}

fn failed(command: u64, failure: &Failure) -> String {
    match failure {
        Failure::Unavailable { message } => format!("Command {command} got no answer: {message}"),
        Failure::Refused { reason, message } => format!("Command {command} was refused: {message} ({reason})"),
    }
}

/// The traffic as `generation 3: versions/1 75 %, versions/2 25 %`.
fn table(traffic: &Traffic) -> String {
    let mut parts: Vec<String> = Vec::new();
    for range in &traffic.ranges {
        parts.push(format!("versions/{} {}", range.version.number, traffic.share_of(&range.version)));
    }
    parts.dedup();
    let served = if parts.is_empty() { "nothing is served".to_owned() } else { parts.join(", ") };
    format!("generation {}: {served}", traffic.generation)
}
