//! Claim: a freeze never blocks a decrease of exposure, and while it lasts no rise is asked for.

use slipway_domain::launch::{Action, Command, Launch};
use slipway_domain::traffic::Share;

use super::HISTORIES;
use crate::case::{abort, freeze, version};
use crate::world::{GUSTS, STORM, over_histories};

/// The share that a command would give the candidate, if it is a change of traffic.
fn asked(command: &Command) -> Option<Share> {
    let Action::SetTraffic { ranges, .. } = &command.action else { return None };
    let own = ranges.iter().filter(|range| range.version == version(2));
    Some(Share::of_buckets(own.map(|range| range.end - range.start).sum()))
}

fn frozen(launch: &Launch) -> bool {
    launch.holds.freeze.is_some()
}

#[test]
fn no_rise_is_asked_for_during_a_freeze() {
    over_histories(HISTORIES, STORM, |world| {
        for moment in world.moments().filter(|moment| frozen(&moment.before) && frozen(&moment.after)) {
            for share in moment.commands.iter().filter_map(asked) {
                assert_eq!(share, Share::NONE, "{:?}", moment.event);
            }
        }
    });
}

#[test]
fn a_frozen_launch_can_always_be_taken_back() {
    over_histories(HISTORIES, GUSTS, |world| {
        let _ = world.offer(freeze());
        if world.offer(abort()).is_ok() && !world.launch.stage.is_end() {
            assert!(world.launch.pending().is_some());
            world.find_registry();
            world.calm();
            world.run(2_000);
            assert!(world.launch.stage.is_end(), "{:?}", world.launch);
            assert_eq!(world.registry.table.share_of(&version(2)), Share::NONE);
        }
    });
}
