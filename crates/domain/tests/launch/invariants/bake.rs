//! Claim: a share is held for its planned bake before the next one, whatever was killed, paused or away meanwhile,
//! unless a person skipped the rest of it.

use std::time::Duration;

use jiff::Timestamp;
use slipway_domain::launch::{Event, Launch, Stage};

use super::HISTORIES;
use crate::case::start;
use crate::world::{Fact, STORM, World, over_histories};

#[test]
fn no_bake_is_cut_short() {
    over_histories(HISTORIES, STORM, check);
}

/// What the present stage is held for at least.
fn planned(launch: &Launch) -> Option<Duration> {
    match launch.stage {
        Stage::Shadowing { .. } => launch.plan.shadow.map(|shadow| shadow.bake),
        Stage::Ramping { step, .. } => Some(launch.plan.steps[step].bake),
        Stage::Watching { .. } => Some(launch.plan.watch),
        _ => None,
    }
}

/// Whether the launch went on from `before` to what comes after it.
fn went_on(before: Stage, after: Stage) -> bool {
    match (before, after) {
        (Stage::Ramping { step, .. }, Stage::Ramping { step: next, .. }) => next > step,
        (Stage::Shadowing { .. }, Stage::Ramping { .. })
        | (Stage::Ramping { .. }, Stage::Finalizing)
        | (Stage::Watching { .. }, Stage::Succeeded) => true,
        _ => false,
    }
}

fn check(world: &mut World) {
    let mut entered: Timestamp = start();
    let mut written: Timestamp = start();
    let mut promoted = false;
    for fact in &world.facts {
        match fact {
            Fact::Write(write) if write.own => written = write.at,
            Fact::Write(_) | Fact::Evaluated { .. } => {}
            Fact::Taken(moment) => {
                promoted |= matches!(moment.event, Event::Promoted { .. });
                let (before, after) = (moment.before.stage, moment.after.stage);
                if went_on(before, after) && !promoted {
                    let held = moment.at.duration_since(entered.max(written));
                    let least = planned(&moment.before).unwrap();
                    assert!(held.unsigned_abs() >= least, "{before:?} was held for {held:?} of {least:?}");
                }
                if before.name() != after.name() || before.ramp_step() != after.ramp_step() {
                    entered = moment.at;
                    promoted = false;
                }
            }
        }
    }
}
