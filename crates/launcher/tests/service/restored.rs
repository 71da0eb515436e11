//! Launcher and registry restored from backups of different age: nobody is locked out, nothing is fought over, and a
//! person has one thing to do.

use slipway_sdk::name::LaunchName;
use slipway_sdk::pb::{self, LaunchState};

use crate::support::{HOUR, Running, new_launch, reason, start};

async fn abort(running: &Running, name: &LaunchName) {
    let request =
        pb::AbortLaunchRequest { name: name.to_string(), reason: "restored".to_owned(), ..Default::default() };
    running.client.abort_launch(request).await.unwrap();
}

/// Lets time pass until the launch holds because of its traffic.
async fn until_it_holds(running: &Running, name: &LaunchName) -> pb::Launch {
    for _ in 0..1000 {
        let launch = running.get(name).await;
        if launch.hold.as_ref().is_some_and(|hold| hold.reason == "TRAFFIC_CHANGED") {
            return launch;
        }
        running.clock.advance(HOUR).await;
    }
    panic!("it does not hold: {:?}", running.get(name).await);
}

#[tokio::test]
async fn a_launcher_from_before_a_launch_can_launch_again_once_a_person_has_set_the_traffic() {
    let running = start().await;
    let empty = running.back_up().await;
    let lost = running.launch().await;
    running.until(&lost, LaunchState::Ramping).await;
    let before = running.world.traffic_now();
    let running = running.restore(empty).await;
    assert_eq!(reason(running.client.create_launch(new_launch(2)).await), "TRAFFIC_SPLIT");
    running.world.take_over(1);
    let again = running.launch().await;
    running.until(&again, LaunchState::Succeeded).await;
    assert!(running.world.traffic_now().epoch > before.epoch);
    assert_eq!(running.world.moves(), [5, 5, 100]);
}

#[tokio::test]
async fn a_launch_from_before_its_exposure_fights_nobody_and_goes_on_once_the_traffic_is_put_back() {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Shadowing).await;
    let shadowing = running.back_up().await;
    running.until(&name, LaunchState::Ramping).await;
    let served = running.world.traffic_now();
    let running = running.restore(shadowing).await;
    let held = until_it_holds(&running, &name).await;
    assert_eq!((held.state(), running.world.traffic_now()), (LaunchState::Shadowing, served));
    running.world.take_over(1);
    running.until(&name, LaunchState::Succeeded).await;
    assert_eq!(running.world.moves(), [5, 5, 100]);
}

#[tokio::test]
async fn what_a_launch_asks_for_is_never_taken_for_what_its_lost_future_had_asked_for() {
    // Each look at the traffic takes a number: one of these makes the way back the same as the lost change.
    for looks in 0..8 {
        let running = start().await;
        let name = running.launch().await;
        running.until(&name, LaunchState::Ramping).await;
        let ramping = running.back_up().await;
        running.until(&name, LaunchState::Watching).await;
        let running = running.restore(ramping).await;
        until_it_holds(&running, &name).await;
        for _ in 0..6 * looks {
            running.clock.advance(HOUR).await;
        }
        abort(&running, &name).await;
        running.until(&name, LaunchState::RolledBack).await;
        assert_eq!(running.world.moves(), [5, 100, 0], "after {looks} looks");
    }
}

#[tokio::test]
async fn a_registry_from_before_a_share_is_believed_and_the_launch_can_be_taken_back() {
    let running = start().await;
    let past = running.world.traffic_now();
    let name = running.launch().await;
    running.until(&name, LaunchState::Ramping).await;
    running.world.go_back(past.clone());
    let running = running.restart().await;
    until_it_holds(&running, &name).await;
    assert_eq!(running.world.traffic_now(), past);
    abort(&running, &name).await;
    let ended = running.until(&name, LaunchState::RolledBack).await;
    assert_eq!((ended.share, running.world.traffic_now().ranges), (0.0, past.ranges));
    let next = running.client.create_launch(new_launch(3)).await.unwrap().name.parse().unwrap();
    running.until(&next, LaunchState::Succeeded).await;
}
