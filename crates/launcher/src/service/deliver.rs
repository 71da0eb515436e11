//! Lets events happen to launches, however often the store or a peer fails on the way.

use std::time::Duration;

use jiff::Timestamp;
use slipway_chassis::env::Env;
use slipway_chassis::trace;
use slipway_domain::launch::Event;
use slipway_domain::name::LaunchName;
use tracing::Instrument;

use super::Launcher;
use crate::Error;
use crate::peers::Failure;

/// How long to wait before the next try: the first wait, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

impl Launcher {
    /// Lets `event` happen to the launch `name`. An event that the launch rejects is out of date, which is the ordinary
    /// fate of repeated answers and early timers.
    pub(super) async fn deliver(&self, name: &LaunchName, event: &Event) {
        let span = tracing::info_span!("step", launch = %name, event = event.kind(), trace_id = tracing::field::Empty);
        trace::record_id(&span);
        self.deliver_patiently(name, event).instrument(span).await;
    }

    async fn deliver_patiently(&self, name: &LaunchName, event: &Event) {
        let (mut pause, longest) = PAUSES;
        loop {
            match self.take(name, event).await {
                Ok(()) => return,
                Err(Error::Rejected { rejected, .. }) => {
                    tracing::debug!(launch = %name, event = event.kind(), %rejected, "an event changes nothing");
                    return;
                }
                // Whether it was stored is seen in the picture, on which the event is then decided anew.
                Err(Error::Refused(error) | Error::OutcomeUnknown(error)) => {
                    tracing::warn!(launch = %name, event = event.kind(), %error, "an event is not stored yet");
                }
                Err(error) => {
                    tracing::error!(launch = %name, event = event.kind(), %error, "an event can't be taken");
                }
            }
            self.env.sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    async fn take(&self, name: &LaunchName, event: &Event) -> Result<(), Error> {
        loop {
            let state = self.feed.current();
            self.in_charge(&state)?;
            let step = self.step(&state, name, event)?;
            if self.store_step(&step, None).await?.is_some() {
                return Ok(());
            }
        }
    }

    /// Reads the traffic of a launch's model and tells the launch of it.
    pub(super) async fn look(&self, name: &LaunchName) {
        let (mut pause, longest) = PAUSES;
        while let Ok(found) = super::find(&self.feed.look(), name) {
            let launch = &found.value.launch;
            if launch.stage.is_end() {
                return;
            }
            match self.peers.traffic(&launch.candidate.model).await {
                Ok(traffic) => return self.deliver(name, &Event::TrafficSeen { traffic }).await,
                // A launch that needs the traffic will be told why it can't have it.
                Err(Failure::NotFound { .. } | Failure::Fenced { .. } | Failure::Refused { .. }) => return,
                Err(Failure::Unavailable { .. }) => {}
            }
            self.env.sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }
}

/// Waits for an instant, or for ever.
pub(super) async fn wait(env: &Env, due: Option<Timestamp>) {
    match due {
        Some(due) => env.sleep_until(due).await,
        None => std::future::pending().await,
    }
}
