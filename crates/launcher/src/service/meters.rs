//! The figures that the launcher shows of itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use slipway_chassis::metrics::{Metrics, SECONDS};
use slipway_domain::launch::{Action, Event, Failure, Launch};
use slipway_store::picture::Feed;

use crate::state::State;

/// The instruments of the launcher.
pub(super) struct Meters {
    transitions: Counter<u64>,
    commands: Histogram<f64>,
}

impl Meters {
    pub fn new(metrics: &Metrics, feed: &Arc<Feed<State>>) -> Self {
        show_state(metrics, feed);
        let meter = metrics.meter();
        let transitions = meter
            .u64_counter("launcher_transitions")
            .with_description("Entries into a state, by state: RAMPING counts once for every step.")
            .build();
        let commands = meter
            .f64_histogram("launcher_command_duration")
            .with_unit("s")
            .with_boundaries(SECONDS.to_vec())
            .with_description("How long a command took at its peer, by command and outcome.")
            .build();
        Self { transitions, commands }
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

/// Figures with their labels.
type Reading = Vec<(u64, Vec<KeyValue>)>;

fn show_state(metrics: &Metrics, feed: &Arc<Feed<State>>) {
    let gauge = |name: &'static str, what: &'static str, read: fn(&State) -> Reading| {
        let feed = Arc::downgrade(feed);
        let observe = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<u64>| {
            if let Some(feed) = feed.upgrade() {
                read(&feed.look()).into_iter().for_each(|(value, labels)| observer.observe(value, &labels));
            }
        };
        metrics.meter().u64_observable_gauge(name).with_description(what).with_callback(observe).build();
    };
    gauge("launcher_active_launches", "Launches that have not ended, by state.", |state| {
        let mut states = BTreeMap::new();
        for kept in state.active.values().filter_map(|name| state.launches.get(name)) {
            *states.entry(kept.value.launch.stage.name()).or_default() += 1;
        }
        states.into_iter().map(|(name, count)| (count, vec![KeyValue::new("state", name)])).collect()
    });
    gauge("launcher_held_launches", "Launches that something keeps from going on, by reason.", |state| {
        let mut reasons = BTreeMap::new();
        for kept in state.active.values().filter_map(|name| state.launches.get(name)) {
            if let Some(hold) = kept.value.launch.hold() {
                *reasons.entry(hold.reason.name()).or_default() += 1;
            }
        }
        reasons.into_iter().map(|(name, count)| (count, vec![KeyValue::new("reason", name)])).collect()
    });
    gauge("launcher_outbox_commands", "Commands that wait for their answer.", |state| {
        vec![(state.outbox.len() as u64, vec![])]
    });
    gauge("launcher_revision", "The revision that reads see.", |state| vec![(state.revision, vec![])]);
    gauge("launcher_epoch", "The epoch of the launcher in charge.", |state| vec![(state.epoch, vec![])]);
}
