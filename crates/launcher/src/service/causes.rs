//! What caused each command in the outbox, so that a step of a launch is one trace: from the timer or the person that
//! began it, through the gate that health answered, to the traffic that the registry changed. Kept in memory alone: a
//! command that an earlier launcher left begins a trace of its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use slipway_chassis::trace::Cause;
use slipway_domain::name::LaunchName;

/// The causes of commands that wait, by launch and number.
#[derive(Debug, Default)]
pub(super) struct Causes(Mutex<BTreeMap<(LaunchName, u64), Cause>>);

impl Causes {
    /// Notes that the work that goes on here asks for `commands` of `launch`.
    pub fn note(&self, launch: &LaunchName, commands: impl Iterator<Item = u64>) {
        let Some(cause) = Cause::here() else { return };
        let mut causes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        causes.extend(commands.map(|command| ((launch.clone(), command), cause.clone())));
    }

    /// What caused a command, which is run now.
    pub fn take(&self, launch: &LaunchName, command: u64) -> Option<Cause> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(launch.clone(), command))
    }

    /// These commands will not be run.
    pub fn forget<'a>(&self, launch: &LaunchName, commands: impl Iterator<Item = &'a u64>) {
        for command in commands {
            self.take(launch, *command);
        }
    }
}
