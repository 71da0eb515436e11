//! The services and a store that fails, driven from one seed: the same seed gives the same history.
//!
//! Start reading at [`world`]; [`invariants`] says what must hold, and [`seeds`] how a failure is replayed.

mod books;
mod chance;
mod chronicle;
mod closing;
mod crash;
mod deeds;
mod defect;
mod fleet;
mod founding;
mod history;
mod invariants;
mod network;
mod node;
mod people;
mod place;
mod reader;
mod seeds;
mod services;
mod store;
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;

use world::{Setup, live};

#[test]
fn every_invariant_holds_whatever_happens() {
    seeds::over(30, "every_invariant_holds_whatever_happens", invariants::broken);
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let trace = |seed| live(Setup::of(seed)).facts.iter().map(|fact| format!("{fact:?}")).collect::<Vec<_>>();
    for seed in [3, 4] {
        let (once, again) = (trace(seed), trace(seed));
        let differs = once.iter().zip(&again).position(|(one, other)| one != other);
        assert_eq!(differs.map(|at| (&once[at], &again[at])), None);
        assert_eq!(once.len(), again.len());
    }
    assert_ne!(trace(3), trace(4));
}

#[test]
fn histories_have_launches_of_every_fate() {
    let ends = Mutex::new(BTreeMap::<&str, usize>::new());
    seeds::over(8, "histories_have_launches_of_every_fate", |history| {
        for launch in history.launches().values() {
            *ends.lock().unwrap().entry(launch.stage.name()).or_default() += 1;
        }
        Vec::new()
    });
    let ends = ends.into_inner().unwrap();
    println!("{ends:?}");
    for end in ["SUCCEEDED", "ROLLED_BACK", "ABORTED", "EXPIRED"] {
        assert!(std::env::var("SLIPWAY_SEED").is_ok() || ends.contains_key(end), "{end} is missing: {ends:?}");
    }
}
