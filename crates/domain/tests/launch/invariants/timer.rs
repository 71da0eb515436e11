//! Claim: every waiting state has a timer, a timer that fired lies in the future afterwards, and so nothing is stuck
//! for ever: a launch ends when everything heals, and it ends even if the health monitor never comes back.

use slipway_domain::launch::{Consequence, Event, Stage};

use super::HISTORIES;
use crate::world::{GUSTS, STORM, over_histories};

#[test]
fn every_waiting_state_has_a_timer() {
    over_histories(HISTORIES, STORM, |world| {
        for moment in world.moments().filter(|moment| !moment.after.stage.is_end()) {
            assert!(moment.after.timer().is_some(), "{:?} after {:?}", moment.after, moment.event);
        }
    });
}

#[test]
fn a_timer_that_fired_lies_in_the_future_afterwards() {
    over_histories(HISTORIES, STORM, |world| {
        for moment in world.moments().filter(|moment| moment.event == Event::TimerFired) {
            let next = moment.after.timer().map(|timer| timer.due);
            assert!(next.is_none_or(|due| due > moment.at), "{:?}", moment.after);
        }
    });
}

#[test]
fn a_launch_ends_when_everything_heals() {
    over_histories(HISTORIES, STORM, |world| {
        world.heal();
        world.run(4_000);
        assert!(world.launch.stage.is_end(), "{:?}", world.launch);
    });
}

#[test]
fn a_launch_ends_even_if_the_monitor_never_comes_back() {
    over_histories(HISTORIES, GUSTS, |world| {
        if world.launch.plan.hold_consequence == Consequence::RollBack {
            world.calm();
            world.lose_monitor();
            world.find_registry();
            world.run(200_000);
            let judged = world.launch.baseline.is_some();
            let end = world.launch.stage;
            assert!(end.is_end() && (!judged || world.launch.ended_at.is_some()), "{:?}", world.launch);
            assert!(!judged || end != Stage::Succeeded || world.launch.evidence.is_some(), "silence is no success");
        }
    });
}
