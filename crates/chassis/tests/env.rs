//! What the environment promises about its three clocks and its randomness.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use slipway_chassis::env::{Driver, Elapsed, Env};

fn noon() -> Timestamp {
    "2023-06-01T12:00:00Z".parse().unwrap()
}

type Journal = Arc<Mutex<Vec<(String, Timestamp)>>>;

/// Starts a task that notes its name and the time after `wait`.
fn sleeper(env: &Env, journal: &Journal, name: &str, wait: Duration) {
    let (env, journal, name) = (env.clone(), journal.clone(), name.to_owned());
    tokio::spawn(async move {
        env.sleep(wait).await;
        journal.lock().unwrap().push((name, env.now()));
    });
}

fn names(journal: &Journal) -> Vec<String> {
    journal.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_driven_clock_moves_only_when_it_is_driven() {
    let (env, driver) = Env::driven(noon(), 1);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(env.now(), noon());
    driver.advance(HOUR).await;
    assert_eq!(env.now(), noon() + jiff::SignedDuration::from_hours(1));
}

#[tokio::test]
async fn a_driven_clock_never_goes_back() {
    let (env, driver) = Env::driven(noon(), 1);
    driver.advance_to(noon() - jiff::SignedDuration::from_hours(1)).await;
    assert_eq!(env.now(), noon());
}

#[tokio::test]
async fn sleepers_wake_in_due_order_each_at_its_own_instant() {
    let (env, driver) = Env::driven(noon(), 1);
    let journal = Journal::default();
    sleeper(&env, &journal, "late", 3 * HOUR);
    sleeper(&env, &journal, "early", HOUR);
    sleeper(&env, &journal, "never", 9 * HOUR);
    driver.advance(5 * HOUR).await;
    let expected = vec![
        ("early".to_owned(), noon() + jiff::SignedDuration::from_hours(1)),
        ("late".to_owned(), noon() + jiff::SignedDuration::from_hours(3)),
    ];
    assert_eq!(*journal.lock().unwrap(), expected);
    assert_eq!(driver.next_due(), Some(noon() + jiff::SignedDuration::from_hours(9)));
}

#[tokio::test]
async fn sleepers_of_one_instant_wake_in_the_order_in_which_they_lay_down() {
    let (env, driver) = Env::driven(noon(), 1);
    let journal = Journal::default();
    let order: Vec<String> = (0..100).map(|n| format!("sleeper {n}")).collect();
    order.iter().for_each(|name| sleeper(&env, &journal, name, HOUR));
    driver.advance(HOUR).await;
    assert_eq!(names(&journal), order);
}

#[tokio::test]
async fn who_sleeps_again_on_the_way_wakes_again_on_the_way() {
    let (env, driver) = Env::driven(noon(), 1);
    let journal = Journal::default();
    let (ticker, ticks) = (env.clone(), journal.clone());
    tokio::spawn(async move {
        loop {
            ticker.sleep(HOUR).await;
            ticks.lock().unwrap().push(("tick".to_owned(), ticker.now()));
        }
    });
    driver.advance(24 * HOUR).await;
    assert_eq!(names(&journal).len(), 24);
}

#[tokio::test]
async fn a_sleep_that_is_given_up_leaves_nothing_behind() {
    let (env, driver) = Env::driven(noon(), 1);
    let given_up = env.patience(Duration::from_millis(1), env.sleep(HOUR)).await;
    assert_eq!(given_up, Err(Elapsed { patience: Duration::from_millis(1) }));
    assert_eq!(driver.next_due(), None);
}

#[tokio::test]
async fn sleeping_until_the_past_returns_at_once() {
    for env in [Env::system(), Env::driven(noon(), 1).0] {
        env.sleep_until(env.now() - jiff::SignedDuration::from_hours(1)).await;
    }
}

async fn history(seed: u64) -> (Vec<String>, Vec<uuid::Uuid>) {
    let (env, driver) = Env::driven(noon(), seed);
    let journal = Journal::default();
    for n in 0..50 {
        let wait = Duration::from_secs(env.random_u64() % 20);
        sleeper(&env, &journal, &format!("{n}"), wait);
    }
    run(&driver).await;
    (names(&journal), (0..10).map(|_| env.new_id()).collect())
}

async fn run(driver: &Driver) {
    driver.settle().await;
    while let Some(due) = driver.next_due() {
        driver.advance_to(due).await;
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_history_and_another_seed_another() {
    assert_eq!(history(7).await, history(7).await);
    assert_ne!(history(7).await, history(8).await);
}

#[test]
fn identifiers_are_random_uuids_of_version_four() {
    for env in [Env::system(), Env::driven(noon(), 1).0] {
        assert_eq!(env.new_id().get_version_num(), 4);
        assert_ne!(env.new_id(), env.new_id());
    }
}

#[test]
fn scaled_clocks_with_the_same_settings_agree_and_go_on_after_a_restart() {
    let origin = Timestamp::now() - jiff::SignedDuration::from_secs(10);
    let first = Env::scaled(origin, noon(), 3600.0).now();
    let restarted = Env::scaled(origin, noon(), 3600.0).now();
    let passed = first.duration_since(noon()).as_secs_f64();
    assert!((36_000.0..72_000.0).contains(&passed), "{passed}");
    assert!(restarted >= first);
}

#[tokio::test]
async fn a_scaled_sleep_takes_its_share_of_real_time() {
    let env = Env::scaled(Timestamp::now(), noon(), 3600.0);
    let before = env.now();
    let watch = env.stopwatch();
    env.sleep(Duration::from_secs(60)).await;
    assert!(env.now().duration_since(before).as_secs() >= 60);
    assert!(watch.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_scaled_clock_stops_at_the_last_instant_instead_of_overflowing() {
    let origin = Timestamp::UNIX_EPOCH;
    assert_eq!(Env::scaled(origin, noon(), 1e12).now(), Timestamp::MAX);
}
