//! A plan, for people.

use slipway_sdk::pb;

use super::Run;
use crate::text;

/// So many changes are shown to a person.
const SHOWN: usize = 200;

/// What changes, a line each, and how much of what there is.
pub fn show(applied: &pb::ApplyModelsResponse, run: Run) -> String {
    let changed = || applied.changes.iter().filter(|change| change.action() != pb::PlanAction::Noop);
    let mut lines: Vec<String> = changed().take(SHOWN).flat_map(lines).collect();
    let more = changed().count().saturating_sub(SHOWN);
    if more > 0 {
        lines.push(format!("and {more} more; --output json has all of them"));
    }
    lines.push(summary(applied, run));
    lines.join("\n")
}

fn lines(change: &pb::PlannedChange) -> Vec<String> {
    let (mark, word) = match change.action() {
        pb::PlanAction::Create => ("+", "create"),
        pb::PlanAction::Update => ("~", "update"),
        pb::PlanAction::Delete => ("-", "delete"),
        pb::PlanAction::Undelete => ("+", "undelete"),
        pb::PlanAction::Noop | pb::PlanAction::Unspecified => ("=", "leave"),
    };
    let field = |field: &pb::FieldChange| {
        let pb::FieldChange { path, before, after, taken_from } = field;
        let taken = match &**taken_from {
            "" => String::new(),
            "-" => "   (somebody else set it)".to_owned(),
            manager => format!("   (it was set by {manager})"),
        };
        format!("    {path}: {} -> {}{taken}", value(before), value(after))
    };
    let head = format!("{mark} {word:<8} {}", named(&change.name));
    [head].into_iter().chain(change.fields.iter().map(field)).collect()
}

fn value(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("{text:?}") }
}

/// A resource by its kind and its name as it is typed.
pub fn named(name: &str) -> String {
    match name.split('/').collect::<Vec<_>>()[..] {
        [_, _, "teams", id] => format!("team {id}"),
        [_, _, "models", id] => format!("model {id}"),
        [_, _, "models", model, "versions", number] => format!("version {model}/{number}"),
        [_, _, "models", model, "aliases", alias] => format!("alias {model}@{alias}"),
        _ => text::resource(name),
    }
}

fn summary(applied: &pb::ApplyModelsResponse, run: Run) -> String {
    let count = |action| applied.changes.iter().filter(|change| change.action() == action).count();
    let parts = [
        (pb::PlanAction::Create, "created"),
        (pb::PlanAction::Update, "updated"),
        (pb::PlanAction::Undelete, "taken back"),
        (pb::PlanAction::Delete, "deleted"),
    ];
    let counts: Vec<String> = parts
        .into_iter()
        .map(|(action, word)| (count(action), word))
        .filter(|(count, _)| *count > 0)
        .map(told)
        .collect();
    let unchanged = count(pb::PlanAction::Noop);
    let revision = applied.revision;
    match (counts.is_empty(), run) {
        (true, _) => format!("nothing to change: {unchanged} as they are wanted to be, at revision {revision}"),
        (false, Run::Dry) => format!("would be: {}, {unchanged} unchanged; nothing was changed", counts.join(", ")),
        (false, Run::Real) => format!("{}, {unchanged} unchanged, in revision {revision}", counts.join(", ")),
    }
}

fn told((count, word): (usize, &str)) -> String {
    format!("{count} {word}")
}
