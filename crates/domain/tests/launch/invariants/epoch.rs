//! Claim: an older epoch is never obeyed: not by the traffic, not by the launch.

use slipway_domain::launch::{Event, Rejected};
use slipway_domain::traffic::{Share, Writer, split};

use super::HISTORIES;
use crate::case::version;
use crate::world::{STORM, over_histories};

#[test]
fn the_epoch_of_the_traffic_never_falls() {
    over_histories(HISTORIES, STORM, |world| {
        for write in world.writes() {
            assert!(write.after.epoch >= write.before.epoch);
        }
    });
}

#[test]
fn a_launcher_that_was_followed_by_another_writes_nothing() {
    over_histories(HISTORIES, STORM, |world| {
        let table = &world.registry.table;
        let ranges = split(Some(&version(1)), &version(2), Share::ALL);
        for epoch in 0..table.epoch {
            assert!(table.set(Writer::of_epoch(epoch), table.generation, ranges.clone(), world.now).is_err());
        }
        if !world.launch.stage.is_end() {
            let current = world.launch.epoch;
            let stated = current - 1;
            assert_eq!(world.offer(Event::Adopted { epoch: stated }), Err(Rejected::OlderEpoch { stated, current }));
        }
    });
}

#[test]
fn a_person_who_took_over_is_never_overwritten_by_the_same_launcher() {
    over_histories(HISTORIES, STORM, |world| {
        let mut taken = 0;
        for write in world.writes() {
            if write.own {
                assert!(write.after.epoch >= taken, "epoch {} wrote over {taken}", write.after.epoch);
            } else {
                taken = write.after.epoch;
            }
        }
    });
}
