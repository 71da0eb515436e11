//! Claim: an end absorbs: whatever happens to an ended launch, it stays as it is and asks for nothing.

use slipway_domain::gate::Verdict;
use slipway_domain::launch::{Event, Failure, Rejected, step};

use super::HISTORIES;
use crate::case::{abort, evidence, freeze, promote, somebody, thaw};
use crate::world::{STORM, World, over_histories};

/// One event of every kind.
fn everything(world: &World) -> Vec<Event> {
    let (by, reason) = (somebody(), String::new());
    let command = world.launch.last_command;
    let traffic = world.registry.table.clone();
    let failure = Failure::Unavailable { message: String::new() };
    vec![
        Event::Submitted { by: by.clone(), reason: reason.clone() },
        Event::Approved { by: by.clone(), reason: reason.clone() },
        Event::Declined { by: by.clone(), reason: reason.clone() },
        Event::Paused { by: by.clone(), reason: reason.clone() },
        Event::Resumed { by: by.clone(), reason },
        promote(),
        abort(),
        freeze(),
        thaw(),
        Event::Superseded { by, launch: world.launch.name.clone() },
        Event::Adopted { epoch: u64::MAX },
        Event::Estimated { command, summary: String::new() },
        Event::TrafficRead { command, traffic: traffic.clone() },
        Event::TrafficSet { command, traffic: traffic.clone() },
        Event::TrafficSeen { traffic },
        Event::GateAnswered { command, evidence: evidence(Verdict::Fail, world.now) },
        Event::Quarantined { command },
        Event::CommandFailed { command, failure },
        Event::TimerFired,
    ]
}

#[test]
fn an_ended_launch_takes_nothing() {
    over_histories(HISTORIES, STORM, |world| {
        world.heal();
        world.run(4_000);
        let state = world.launch.stage.name();
        assert!(world.launch.stage.is_end(), "{state}");
        assert!(world.launch.ended_at.is_some() && world.launch.outstanding.is_none() && world.launch.hold().is_none());
        for event in everything(world) {
            assert_eq!(step(&world.launch, &event, world.now), Err(Rejected::Ended { state }), "{event:?}");
        }
    });
}
