//! A launch goes on where it was, whoever is killed: the same end, no bake cut short, nothing counted twice or lost.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slipway_chassis::env::Env;
use slipway_sdk::pb;
use slipway_sdk::pb::LaunchState::{Finalizing, Ramping, Shadowing, Succeeded, Watching};

use crate::binaries::binary;
use crate::fleet::{Clock, Fleet, Service};
use crate::summer;
use crate::tower::Tower;

/// Seconds of the summer in one of ours.
const SPEED: f64 = 60_000.0;
/// Flights take off for so many days: more than the launch takes.
const DAYS: u32 = 92;
/// How long the story may take.
const PATIENCE: Duration = Duration::from_secs(150);
/// What a service may complain of while others are killed.
const ANNOUNCED: &[&str] = &["UNAVAILABLE", "can't be reached", "transport error", "broke"];

fn days(days: u64) -> Option<prost_types::Duration> {
    prost_types::Duration::try_from(Duration::from_secs(days * 86_400)).ok()
}

fn plan() -> pb::Plan {
    let step = |share, bake| pb::RampStep { share, bake: days(bake) };
    pb::Plan {
        shadow: Some(pb::Shadow { bake: days(3) }),
        steps: vec![step(0.05, 2), step(0.25, 2), step(0.5, 2), step(1.0, 1)],
        watch: days(2),
        hold_deadline: days(60),
        evaluate_interval: prost_types::Duration::try_from(Duration::from_secs(6 * 3600)).ok(),
        ..Default::default()
    }
}

/// Five kills of the launcher and three of each other, in any order, at any moment of the 25 days from `start`.
fn killings(chance: &mut ChaCha8Rng, start: Timestamp) -> Vec<(Timestamp, Service)> {
    let mut victims = [[Service::Launcher; 5].as_slice(), &[Service::Registry; 3], &[Service::Health; 3]].concat();
    victims.shuffle(chance);
    let moment = |_| {
        let seconds = chance.random_range(0..25 * 86_400);
        start.saturating_add(Duration::from_secs(seconds)).unwrap()
    };
    let mut moments: Vec<_> = (0..victims.len()).map(moment).collect();
    moments.sort();
    // The last is killed first.
    moments.into_iter().zip(victims).rev().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_survives_kills_of_every_service() {
    let seed = Timestamp::now().as_nanosecond() as u64;
    println!("the moments of the kills come from the seed {seed}");
    // Building takes its time, which is not the summer's.
    binary("slipway");
    let clock = Clock { origin: Timestamp::now(), start: summer::start(), speed: SPEED };
    let mut fleet = Fleet::start(clock).await;
    let mut tower = Tower::build(&fleet, DAYS).await;
    let request = pb::CreateLaunchRequest {
        parent: "namespaces/default".to_owned(),
        candidate: tower.model.version(2).to_string(),
        plan: Some(plan()),
        ..Default::default()
    };
    let mut killings = killings(&mut ChaCha8Rng::seed_from_u64(seed), clock.now());
    let launched = tower.launcher.create_launch(request).await.unwrap();
    let launch = tower.follow(launched);
    let begun = Instant::now();
    let ended = loop {
        let now = fleet.clock.now();
        let newest = launch.borrow().clone();
        tower.until(now, newest.state());
        if newest.end_time.is_some() {
            break newest;
        }
        if killings.last().is_some_and(|(at, _)| *at <= now) {
            let (_, victim) = killings.pop().unwrap();
            fleet.kill(victim);
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end: {newest:#?}\n{}", fleet.log());
        Env::system().sleep(Duration::from_millis(2)).await;
    };
    assert!(killings.is_empty(), "it ended before all were killed: {killings:?}");
    tower.close();
    tower.reporter.flush(PATIENCE).await.unwrap();
    assert_eq!(ended.state(), Succeeded, "{ended:#?}");
    bakes_were_whole(&ended);
    every_share_was_set_once(&tower).await;
    every_event_is_there_once(&tower, &ended).await;
    assert_eq!(tower.reporter.stats().dropped.rows(), 0);
    for (version, observed) in &tower.observed {
        assert_eq!(tower.counted(*version).await, *observed, "outcomes of version {version}");
    }
    assert_eq!(fleet.unannounced(ANNOUNCED), Vec::<String>::new());
}

/// From each entry into a stage to the next one lies at least the stage's bake.
fn bakes_were_whole(launch: &pb::Launch) {
    let seconds = |entry: &pb::Transition| entry.time.unwrap().seconds;
    let states: Vec<_> = launch.transitions.iter().map(|entry| entry.state()).collect();
    for (entry, next) in launch.transitions.iter().zip(&launch.transitions[1..]) {
        let least = match entry.state() {
            Shadowing => 3,
            Ramping => [2, 2, 2, 1][usize::try_from(entry.step).unwrap()],
            Watching => 2,
            _ => 0,
        };
        assert!(seconds(next) - seconds(entry) >= least * 86_400, "{entry:#?}\n{next:#?}");
    }
    assert!(states.ends_with(&[Ramping, Finalizing, Watching, Succeeded]), "{states:?}");
    assert_eq!(states.iter().filter(|state| **state == Ramping).count(), 4, "{states:?}");
}

/// The ledger of the traffic: created, given to version 1, then each share of the plan, once.
async fn every_share_was_set_once(tower: &Tower) {
    let request = pb::ListChangesRequest { parent: tower.model.traffic(), ..Default::default() };
    let changes = tower.registry.list_changes(request).await.unwrap().changes;
    let candidate = tower.model.version(2).to_string();
    let share = |change: &pb::Change| {
        let Some(pb::resource::Resource::Traffic(traffic)) = change.after.clone().unwrap().resource else {
            panic!("{change:#?}")
        };
        let own = traffic.ranges.iter().filter(|range| range.version == candidate);
        own.map(|range| range.end - range.start).sum::<i32>()
    };
    let shares: Vec<_> = changes.iter().rev().map(share).collect();
    assert_eq!(shares, [0, 0, 5_000, 25_000, 50_000, 100_000]);
}

/// The log of the launch has no gap and no number twice.
async fn every_event_is_there_once(tower: &Tower, launch: &pb::Launch) {
    let request = pb::ExplainLaunchRequest { name: launch.name.clone(), events: Some(1000) };
    let events = tower.launcher.explain_launch(request).await.unwrap().events;
    let numbers: Vec<_> = events.iter().rev().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
}
