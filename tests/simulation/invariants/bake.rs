//! Claim: a share is held at least as long as its step of the plan says before it rises, and full exposure is watched
//! at least as long before a launch succeeds, whatever restarts; a shadow likewise. Only a person skips a bake.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use slipway_domain::launch::{Event, Launch, Stage};
use slipway_domain::name::{LaunchName, ModelName};
use slipway_domain::traffic::Share;

use crate::history::{History, Seen};

/// Since when things are as they are.
#[derive(Default)]
struct Since {
    /// The last write of each traffic, by anybody.
    written: BTreeMap<ModelName, Timestamp>,
    /// When each launch entered its present shadow, or its watch.
    entered: BTreeMap<LaunchName, Timestamp>,
    /// When somebody skipped a bake of it.
    skipped: BTreeMap<LaunchName, Timestamp>,
}

/// Checks every rise of a share, and every success.
pub fn check(history: &History) -> Result<(), String> {
    let launches = history.launches();
    let mut since = Since::default();
    for moment in &history.moments {
        let at = moment.at;
        match &moment.what {
            Seen::Write(write) => {
                if let Some(launch) = write.launch.as_ref().and_then(|name| launches.get(name)) {
                    let (from, to) = write.shares(launch);
                    if to > from {
                        since.rises(launch, from, at)?;
                    }
                }
                since.written.insert(write.model.clone(), at);
            }
            Seen::Step(step) => {
                let launch = &step.after;
                if matches!(step.event, Event::Promoted { .. }) {
                    since.skipped.insert(launch.name.clone(), at);
                }
                let entered = step.before.as_ref().is_none_or(|before| before.stage.name() != launch.stage.name());
                match launch.stage {
                    Stage::Shadowing { .. } | Stage::Watching { .. } if entered => {
                        // The step counts from when it was decided, not from when the store had it.
                        since.entered.insert(launch.name.clone(), step.entry.at);
                    }
                    Stage::Succeeded => since.lasted(launch, launch.plan.watch, at)?,
                    _ => {}
                }
            }
            Seen::Charge(..) | Seen::Evaluated(_) => {}
        }
    }
    Ok(())
}

impl Since {
    fn rises(&self, launch: &Launch, from: Share, at: Timestamp) -> Result<(), String> {
        if from == Share::NONE {
            return match launch.plan.shadow.filter(|_| launch.baseline.is_some()) {
                Some(shadow) => self.lasted(launch, shadow.bake, at),
                None => Ok(()),
            };
        }
        let step = launch.plan.steps.iter().find(|step| step.exposure() == from);
        let step = step.ok_or_else(|| format!("{at}: {} rises from {from}, which is no step", launch.name))?;
        let written = self.written.get(&launch.candidate.model).copied().unwrap_or(at);
        self.held(launch, written, step.bake, at)
    }

    fn lasted(&self, launch: &Launch, bake: Duration, at: Timestamp) -> Result<(), String> {
        let entered = self.entered.get(&launch.name).copied().unwrap_or(at);
        self.held(launch, entered, bake, at)
    }

    fn held(&self, launch: &Launch, from: Timestamp, bake: Duration, at: Timestamp) -> Result<(), String> {
        let held = Duration::try_from(at.duration_since(from)).unwrap_or(Duration::ZERO);
        let skipped = self.skipped.get(&launch.name).is_some_and(|skipped| *skipped >= from);
        if held >= bake || skipped {
            return Ok(());
        }
        Err(format!("{at}: {} went on after {held:?} of {bake:?}", launch.name))
    }
}

#[test]
fn a_bake_that_a_fast_clock_cuts_short_is_seen() {
    assert!(super::red::sees(check, crate::defect::Defect::FastClock, "went on after"));
}
