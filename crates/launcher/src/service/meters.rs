//! The figures that the launcher shows of itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use slipway_chassis::metrics::{Durations, Figure, Gauge, Metrics, Reading, Total, one};
use slipway_domain::launch::{Action, Event, Failure, Launch};
use slipway_store::picture::Feed;

use crate::state::State;

const TRANSITIONS: Figure<Total> = Figure::total(
    "launcher_transitions",
    "Entries of launches into a state; RAMPING counts once for every step.",
    &[("state", "a state of launches")],
);
const COMMANDS: Figure<Durations> = Figure::durations(
    "launcher_command_duration_seconds",
    "How long a command took at its peer.",
    &[("command", "a command of launches"), ("outcome", "done, refused or unavailable")],
);
const ACTIVE: Figure<Gauge> =
    Figure::gauge("launcher_active_launches", "Launches that have not ended.", &[("state", "a state of launches")]);
const HELD: Figure<Gauge> = Figure::gauge(
    "launcher_held_launches",
    "Launches that something keeps from going on.",
    &[("reason", "a reason of holds")],
);
const OUTBOX: Figure<Gauge> = Figure::gauge("launcher_outbox_commands", "Commands that wait for their answer.", &[]);
const REVISION: Figure<Gauge> = Figure::gauge("launcher_revision", "The revision that reads see.", &[]);
const EPOCH: Figure<Gauge> = Figure::gauge("launcher_epoch", "The epoch of the launcher in charge.", &[]);

/// The instruments of the launcher.
pub(super) struct Meters {
    transitions: Counter<u64>,
    commands: Histogram<f64>,
}

impl Meters {
    pub fn new(metrics: &Metrics, feed: &Arc<Feed<State>>) -> Self {
        show_state(metrics, feed);
        Self { transitions: TRANSITIONS.counter(metrics), commands: COMMANDS.histogram(metrics) }
    }

    /// A step is stored: counts and logs the states that it entered.
    pub fn stepped(&self, launch: &Launch, entered: usize) {
        let first = launch.transitions.len().saturating_sub(entered);
        for transition in launch.transitions.iter().skip(first) {
            let state = transition.stage.name();
            self.transitions.add(1, &[KeyValue::new("state", state)]);
            tracing::info!(launch = %launch.name, state, reason = transition.reason, "entered");
        }
    }

    /// A command was run.
    pub fn ran(&self, action: &Action, answer: &Event, took: Duration) {
        let outcome = match answer {
            Event::CommandFailed { failure: Failure::Unavailable { .. }, .. } => "unavailable",
            Event::CommandFailed { failure: Failure::Refused { .. }, .. } | Event::TrafficRefused { .. } => "refused",
            _ => "done",
        };
        let labels = [KeyValue::new("command", action.name()), KeyValue::new("outcome", outcome)];
        self.commands.record(took.as_secs_f64(), &labels);
    }
}

fn show_state(metrics: &Metrics, feed: &Arc<Feed<State>>) {
    let reading = |read: fn(&State) -> Reading| {
        let feed = Arc::downgrade(feed);
        move || feed.upgrade().map(|feed| read(&feed.look())).unwrap_or_default()
    };
    ACTIVE.show(metrics, reading(|state| by("state", launches(state).map(|launch| launch.stage.name()))));
    HELD.show(
        metrics,
        reading(|state| by("reason", launches(state).filter_map(|launch| Some(launch.hold()?.reason.name())))),
    );
    OUTBOX.show(metrics, reading(|state| one(Some(state.outbox.len() as f64))));
    REVISION.show(metrics, reading(|state| one(Some(state.revision as f64))));
    EPOCH.show(metrics, reading(|state| one(Some(state.epoch as f64))));
}

/// The launches that have not ended.
fn launches(state: &State) -> impl Iterator<Item = &Launch> {
    state.active.values().filter_map(|name| state.launches.get(name)).map(|kept| &kept.value.launch)
}

/// How often each of `values` comes, with it as the label `label`.
fn by(label: &'static str, values: impl Iterator<Item = &'static str>) -> Reading {
    let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts.into_iter().map(|(value, count)| (f64::from(count), vec![KeyValue::new(label, value)])).collect()
}
