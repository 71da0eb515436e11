//! Services that are away, traffic that others change, launchers that come and go.

use slipway_domain::gate::{Comparison, Verdict};
use slipway_domain::traffic::Share;
use slipway_launcher::peers::Peer;
use slipway_sdk::pb::{self, LaunchState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{DAY, HOUR, Running, new_launch, reason, second, start, states};
use crate::world::{model, version};

async fn held(running: &Running, name: &slipway_sdk::name::LaunchName) -> String {
    running.get(name).await.hold.map(|hold| hold.reason).unwrap_or_default()
}

#[tokio::test]
async fn a_launch_holds_while_the_registry_is_away_and_goes_on_when_it_is_back() {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Shadowing).await;
    running.world.lose(Peer::Registry);
    running.clock.advance(DAY + HOUR).await;
    assert_eq!(held(&running, &name).await, "REGISTRY_UNAVAILABLE");
    assert_eq!(running.world.moves(), [] as [u32; 0]);
    running.world.find(Peer::Registry);
    running.clock.advance(HOUR).await;
    assert_eq!((held(&running, &name).await.as_str(), running.world.moves()), ("", vec![5]));
    running.until(&name, LaunchState::Succeeded).await;
}

#[tokio::test]
async fn a_launch_holds_while_the_health_monitor_is_away_and_goes_on_when_it_is_back() {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Shadowing).await;
    running.world.lose(Peer::Health);
    running.clock.advance(DAY + HOUR).await;
    assert_eq!(held(&running, &name).await, "HEALTH_UNAVAILABLE");
    running.world.find(Peer::Health);
    running.until(&name, LaunchState::Succeeded).await;
    assert_eq!(running.world.moves(), [5, 100]);
}

#[tokio::test]
async fn a_rollback_waits_for_the_registry_however_long_it_is_away() {
    let running = start().await;
    running.world.judge(|question| match question.comparison {
        Comparison::Paired => Verdict::Pass,
        Comparison::Split => Verdict::Fail,
    });
    let name = running.launch().await;
    running.until(&name, LaunchState::Ramping).await;
    running.world.lose(Peer::Registry);
    running.clock.advance(DAY + HOUR).await;
    assert_eq!(running.get(&name).await.state(), LaunchState::RollingBack);
    running.world.find(Peer::Registry);
    running.clock.advance(HOUR).await;
    assert_eq!(running.get(&name).await.state(), LaunchState::RolledBack);
    assert_eq!(running.world.moves(), [5, 0]);
}

#[tokio::test]
async fn a_launch_does_not_touch_traffic_that_a_person_has_taken_over() {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Ramping).await;
    running.world.take_over(3);
    running.clock.advance(3 * DAY).await;
    assert_eq!(held(&running, &name).await, "TRAFFIC_CHANGED");
    assert_eq!(running.world.moves(), [5]);
    assert_eq!(running.world.traffic_now().share_of(&version(3)), Share::ALL);
}

#[tokio::test]
async fn a_launch_learns_at_once_that_its_traffic_was_taken_over() {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Ramping).await;
    running.clock.advance(HOUR).await;
    running.world.take_over(3);
    running.clock.settle().await;
    assert_eq!(held(&running, &name).await, "TRAFFIC_CHANGED");
}

#[tokio::test]
async fn a_launcher_that_was_down_learns_what_was_done_to_traffic_meanwhile() {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Watching).await;
    let running = running.restart_after(|world| world.take_over(1)).await;
    running.get(&name).await;
    running.clock.settle().await;
    assert_eq!(held(&running, &name).await, "TRAFFIC_CHANGED");
    running.clock.advance(2 * DAY).await;
    assert_eq!(running.get(&name).await.state(), LaunchState::Watching);
}

#[tokio::test]
async fn a_command_that_is_not_answered_holds_up_no_other_launch() {
    let running = start().await;
    let other = "namespaces/default/models/other".parse().unwrap();
    running.world.add_model(&other);
    running.world.hold_answers(model());
    let stuck = running.launch().await;
    let request = pb::CreateLaunchRequest { candidate: other.version(2).to_string(), ..new_launch(2) };
    let free = running.client.create_launch(request).await.unwrap().name.parse().unwrap();
    running.until(&free, LaunchState::Succeeded).await;
    assert_eq!(running.get(&stuck).await.phase(), pb::StepPhase::Applying);
    running.world.answer();
    running.until(&stuck, LaunchState::Succeeded).await;
}

#[tokio::test]
async fn a_change_whose_answer_got_lost_is_asked_for_again_under_the_same_id() {
    let running = start().await;
    running.world.lose_answer();
    let name = running.launch().await;
    running.until(&name, LaunchState::Succeeded).await;
    assert_eq!(running.world.moves(), [5, 100]);
    let ids = running.world.request_ids();
    assert_eq!(ids.len(), 3);
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
}

#[tokio::test]
async fn a_hold_that_lasts_past_its_deadline_takes_the_launch_back() {
    let running = start().await;
    running.world.judge(|question| match question.comparison {
        Comparison::Paired => Verdict::Pass,
        Comparison::Split => Verdict::Inconclusive,
    });
    let name = running.launch().await;
    let launch = running.until(&name, LaunchState::RolledBack).await;
    assert!(launch.reason.contains("GATE_INCONCLUSIVE"), "{}", launch.reason);
    assert_eq!(running.world.moves(), [5, 0]);
}

#[tokio::test]
async fn a_restart_in_the_middle_of_every_stage_changes_neither_the_end_nor_any_bake() {
    let quiet = start().await;
    let name = quiet.launch().await;
    let undisturbed = quiet.until(&name, LaunchState::Succeeded).await;
    let mut running = start().await;
    let name = running.launch().await;
    for _ in 0..30 {
        running = running.restart().await;
        running.clock.advance(5 * HOUR).await;
    }
    let launch = running.get(&name).await;
    assert_eq!(states(&launch), states(&undisturbed));
    assert_eq!(running.world.moves(), [5, 100]);
    let times = |launch: &pb::Launch| launch.transitions.iter().map(|t| second(t.time)).collect::<Vec<_>>();
    assert_eq!(times(&launch), times(&undisturbed));
}

#[tokio::test]
async fn each_start_states_a_higher_epoch() {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Ramping).await;
    let first = running.world.traffic_now().epoch;
    let running = running.restart().await;
    running.until(&name, LaunchState::Succeeded).await;
    assert!(running.world.traffic_now().epoch > first);
}

#[tokio::test]
async fn a_launcher_that_was_followed_by_another_stands_still_and_says_so() {
    let old = start().await;
    let name = old.launch().await;
    old.until(&name, LaunchState::Shadowing).await;
    let new = old.rival().await;
    new.get(&name).await;
    let request =
        pb::PauseLaunchRequest { name: name.to_string(), reason: "x".to_owned(), ..pb::PauseLaunchRequest::default() };
    assert_eq!(reason(old.client.pause_launch(request).await), "LAUNCHER_FENCED");
    assert_eq!(reason(old.client.create_launch(new_launch(2)).await), "LAUNCHER_FENCED");
    // It still answers questions.
    assert_eq!(old.get(&name).await.state(), LaunchState::Shadowing);
    let (status, body) = page(old.ops, "/readyz").await;
    assert!(status == 503 && body.contains("newer launcher"), "{status} {body}");
    new.until(&name, LaunchState::Succeeded).await;
    assert_eq!(new.world.moves(), [5, 100]);
}

#[tokio::test]
async fn the_figures_tell_transitions_launches_and_commands() {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Ramping).await;
    let (_, body) = page(running.ops, "/metrics").await;
    for line in [
        "launcher_transitions_total{state=\"SHADOWING\"} 1",
        "launcher_active_launches{state=\"RAMPING\"} 1",
        "launcher_outbox_commands 0",
        "launcher_command_duration_seconds_count{command=\"SET_TRAFFIC\",outcome=\"done\"} 1",
    ] {
        assert!(body.contains(line), "{line} in {body}");
    }
}

/// Status and body of a page for operators.
async fn page(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}
