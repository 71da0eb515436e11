//! Claim: from any state an abort brings exposure to zero in at most two commands, and nothing that was still on its
//! way exposes anybody afterwards.

use std::collections::BTreeSet;

use slipway_domain::launch::{Action, Stage};
use slipway_domain::traffic::Share;

use super::HISTORIES;
use crate::case::{abort, version};
use crate::world::{GUSTS, Moment, STORM, World, over_histories};

fn exposed(world: &World) -> Share {
    world.registry.table.share_of(&version(2))
}

/// The distinct changes of traffic that `moments` asked for.
fn changes<'a>(moments: impl Iterator<Item = &'a Moment>) -> BTreeSet<u64> {
    let commands = moments.flat_map(|moment| &moment.commands);
    commands.filter(|command| matches!(command.action, Action::SetTraffic { .. })).map(|command| command.id).collect()
}

#[test]
fn two_commands_are_enough() {
    over_histories(HISTORIES, GUSTS, |world| {
        let before = world.moments().count();
        if world.launch.stage.is_end() || world.offer(abort()).is_err() {
            return;
        }
        world.run(400);
        if !world.launch.stage.is_end() {
            world.heal();
            world.run(2_000);
        }
        assert!(world.launch.stage.is_end(), "{:?}", world.launch);
        assert_eq!(exposed(world), Share::NONE);
        let asked = changes(world.moments().skip(before));
        assert!(asked.len() <= 2, "{asked:?}");
    });
}

#[test]
fn nothing_that_was_on_its_way_exposes_anybody_afterwards() {
    over_histories(HISTORIES, STORM, |world| {
        if !world.launch.stage.is_end() {
            let _ = world.offer(abort());
            world.heal();
            world.run(4_000);
        }
        assert!(world.launch.stage.is_end(), "{:?}", world.launch);
        if world.launch.stage != Stage::Succeeded {
            let before = exposed(world);
            world.drain_limbo();
            assert_eq!(exposed(world), before);
            let last = world.writes().last();
            assert!(before == Share::NONE || last.is_some_and(|write| !write.own), "{before} are still exposed");
        }
    });
}
