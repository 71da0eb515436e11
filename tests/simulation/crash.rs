//! Claim: a kill at any boundary of an operation of any service's store leads to the same end and the same effects: the
//! same tables in the same order, each held as long, no traffic moved twice, nothing marked that was not.

use std::time::Duration;

use slipway_domain::launch::Stage;
use slipway_domain::traffic::Range;

use crate::chronicle::Role;
use crate::defect::Defect;
use crate::history::History;
use crate::invariants;
use crate::world::{Setup, Storm, boundaries, live};

/// What is left of a launch in the world.
#[derive(Debug, PartialEq)]
struct Effects {
    ends: Vec<Stage>,
    tables: Vec<Vec<Range>>,
}

fn effects(history: &History) -> Effects {
    Effects {
        ends: history.launches().values().map(|launch| launch.stage).collect(),
        tables: history.writes().map(|(_, write)| write.after.ranges.clone()).collect(),
    }
}

/// How long each table was held, but for the last.
fn held(history: &History) -> Vec<Duration> {
    let instants: Vec<_> = history.writes().map(|(at, _)| at).collect();
    instants.windows(2).map(|pair| Duration::try_from(pair[1].duration_since(pair[0])).expect("time goes on")).collect()
}

/// Kills `role` at every `stride`-th boundary of its first life.
fn survives(role: Role, stride: usize) {
    let calm = Setup { storm: Storm::Calm, ..Setup::of(1) };
    let (wanted, counts) = boundaries(calm);
    assert_eq!(effects(&wanted).ends, [Stage::Succeeded]);
    let count = counts[&role];
    assert!(count > 10, "{role:?} passes {count} boundaries");
    for strike in (0..count).step_by(stride) {
        let found = live(Setup { doom: Some((role, strike)), ..calm });
        let killed = format!("{role:?} was killed at boundary {strike} of {count}");
        assert_eq!(effects(&found), effects(&wanted), "{killed}");
        assert_eq!(invariants::broken(&found), Vec::<String>::new(), "{killed}");
        assert_eq!(held(&found).len(), held(&wanted).len(), "{killed}");
    }
}

#[test]
fn a_launcher_killed_at_any_boundary_leads_to_the_same_end() {
    survives(Role::Launcher, 4);
}

#[test]
fn a_registry_killed_at_any_boundary_leads_to_the_same_end() {
    survives(Role::Registry, 3);
}

#[test]
fn a_health_monitor_killed_at_any_boundary_leads_to_the_same_end() {
    survives(Role::Health, 41);
}

#[test]
fn a_kill_after_which_the_timers_are_forgotten_is_seen() {
    let calm = Setup { storm: Storm::Calm, ..Setup::of(1) };
    let wanted = effects(&live(calm));
    let forgetful = Setup { defect: Defect::TimersForgotten, doom: Some((Role::Launcher, 60)), ..calm };
    assert_ne!(effects(&live(forgetful)), wanted);
}
