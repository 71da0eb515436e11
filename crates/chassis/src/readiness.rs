//! Whether a service can do its work, component by component: what probes, balancers and `/readyz` are told.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

/// The readiness of one service. Cloning is cheap and every clone speaks of the same service.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<watch::Sender<State>>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    draining: bool,
    /// What each component that is not ready waits for.
    waiting: BTreeMap<String, String>,
}

/// Why a service is not ready, a line for each reason; empty when it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report(Vec<String>);

impl Report {
    /// Whether the service can do its work.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

impl Readiness {
    /// A service without components, which is ready.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }

    /// A part that the service cannot do without. It is starting until it says otherwise.
    #[must_use]
    pub fn component(&self, name: &str) -> Component {
        let component = Component { readiness: self.clone(), name: name.to_owned() };
        component.not_ready("starting");
        component
    }

    /// What stands in the way now.
    #[must_use]
    pub fn report(&self) -> Report {
        self.0.borrow().report()
    }

    /// Waits until the service is ready.
    pub async fn ready(&self) {
        let mut state = self.0.subscribe();
        let ready = state.wait_for(|state| state.report().is_ready()).await;
        ready.expect("this readiness holds the sender");
    }

    /// Waits until the answer to "is it ready" is no longer `ready`.
    pub(crate) async fn turned_from(&self, ready: Report) -> Report {
        let mut state = self.0.subscribe();
        let turned = state.wait_for(|state| state.report().is_ready() != ready.is_ready()).await;
        turned.expect("this readiness holds the sender").report()
    }

    /// From now on the service is not ready, because it stops.
    pub(crate) fn drain(&self) {
        self.0.send_modify(|state| state.draining = true);
    }
}

impl State {
    fn report(&self) -> Report {
        let draining = self.draining.then(|| "stopping".to_owned());
        let waiting = self.waiting.iter().map(|(name, why)| format!("{name}: {why}"));
        Report(draining.into_iter().chain(waiting).collect())
    }
}

/// A part of a service, which says whether it can do its work.
#[derive(Debug, Clone)]
pub struct Component {
    readiness: Readiness,
    name: String,
}

impl Component {
    /// The part can do its work.
    pub fn ready(&self) {
        self.readiness.0.send_if_modified(|state| state.waiting.remove(&self.name).is_some());
    }

    /// The part cannot do its work, and why: words for an operator.
    pub fn not_ready(&self, why: &str) {
        self.readiness.0.send_if_modified(|state| {
            let before = state.waiting.insert(self.name.clone(), why.to_owned());
            before.as_deref() != Some(why)
        });
    }
}
