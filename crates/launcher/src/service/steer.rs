//! What people do to a launch that goes on: hold it, let it go on, skip a bake, end it.

use slipway_chassis::intent::Intent;
use slipway_domain::launch::Event;
use slipway_domain::name::LaunchName;
use slipway_domain::principal::Principal;
use slipway_store::picture::Kept;

use super::Launcher;
use super::access::find;
use super::commit::check_etag;
use super::create::said;
use crate::Error;
use crate::record::Record;

/// Which launch a command is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The launch.
    pub name: LaunchName,
    /// What the caller believes its etag to be; empty for no belief.
    pub etag: String,
}

impl Launcher {
    /// Holds a launch where it is.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, and what the launch rejects, as `LAUNCH_ENDED` or `LAUNCH_ALREADY_PAUSED`.
    pub async fn pause_launch(&self, intent: &Intent, target: &Target) -> Result<Kept<Record>, Error> {
        self.steer(intent, target, |by, reason| Event::Paused { by, reason }).await
    }

    /// Lets a paused launch go on.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, and what the launch rejects, as `LAUNCH_NOT_PAUSED`.
    pub async fn resume_launch(&self, intent: &Intent, target: &Target) -> Result<Kept<Record>, Error> {
        self.steer(intent, target, |by, reason| Event::Resumed { by, reason }).await
    }

    /// Skips the rest of the present bake; the gate is still asked.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, and what the launch rejects, as `NOTHING_TO_SKIP`.
    pub async fn promote_launch(&self, intent: &Intent, target: &Target) -> Result<Kept<Record>, Error> {
        self.steer(intent, target, |by, reason| Event::Promoted { by, reason }).await
    }

    /// Ends a launch; it rolls back if anybody may be exposed.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, and what the launch rejects, as `LAUNCH_ENDED` or `LAUNCH_ROLLING_BACK`.
    pub async fn abort_launch(&self, intent: &Intent, target: &Target) -> Result<Kept<Record>, Error> {
        self.steer(intent, target, |by, reason| Event::Aborted { by, reason }).await
    }

    async fn steer(
        &self,
        intent: &Intent,
        target: &Target,
        event: fn(Principal, String) -> Event,
    ) -> Result<Kept<Record>, Error> {
        let event = event(intent.caller.principal.clone(), said(&intent.reason));
        let print = intent.fingerprint(event.kind(), &[target, &intent.reason]);
        let found = self.mutate(intent, print, |state| {
            check_etag(&find(&intent.caller, state, &target.name)?, &target.etag)?;
            self.step(state, &target.name, &event)
        });
        found.await
    }
}
