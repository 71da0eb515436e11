//! What people do to a launch that goes on.

use slipway_domain::gate::Verdict;
use slipway_sdk::pb::{self, LaunchState};

use crate::support::{DAY, HOUR, Running, fields, new_launch, reason, second, start, start_with};
use crate::world::{Effect, model, version};

fn pause(name: &str) -> pb::PauseLaunchRequest {
    pb::PauseLaunchRequest { name: name.to_owned(), reason: "let me look".to_owned(), ..Default::default() }
}

fn resume(name: &str) -> pb::ResumeLaunchRequest {
    pb::ResumeLaunchRequest { name: name.to_owned(), ..Default::default() }
}

fn promote(name: &str) -> pb::PromoteLaunchRequest {
    pb::PromoteLaunchRequest { name: name.to_owned(), reason: "it is urgent".to_owned(), ..Default::default() }
}

fn abort(name: &str) -> pb::AbortLaunchRequest {
    pb::AbortLaunchRequest { name: name.to_owned(), reason: "never mind".to_owned(), ..Default::default() }
}

/// A launch in `state`, and its name.
async fn at(state: LaunchState) -> (Running, slipway_sdk::name::LaunchName, String) {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, state).await;
    let text = name.to_string();
    (running, name, text)
}

#[tokio::test]
async fn a_paused_launch_stands_still_in_every_stage_and_goes_on_when_resumed() {
    for state in [LaunchState::Shadowing, LaunchState::Ramping, LaunchState::Watching] {
        let (running, name, text) = at(state).await;
        let paused = running.client.pause_launch(pause(&text)).await.unwrap();
        assert_eq!(paused.hold.unwrap().reason, "PAUSED");
        let moves = running.world.moves();
        running.clock.advance(10 * DAY).await;
        assert_eq!((running.get(&name).await.state(), running.world.moves()), (state, moves));
        assert!(running.client.resume_launch(resume(&text)).await.unwrap().hold.is_none());
        running.until(&name, LaunchState::Succeeded).await;
        assert_eq!(running.world.moves(), [5, 100]);
    }
}

#[tokio::test]
async fn a_promoted_launch_skips_the_rest_of_its_bake_but_not_its_gate() {
    for state in [LaunchState::Shadowing, LaunchState::Ramping] {
        let (running, name, text) = at(state).await;
        running.clock.advance(HOUR).await;
        running.world.judge(|_| Verdict::Inconclusive);
        running.client.promote_launch(promote(&text)).await.unwrap();
        running.clock.advance(HOUR).await;
        let held = running.get(&name).await;
        assert_eq!((held.state(), held.hold.unwrap().reason.as_str()), (state, "GATE_INCONCLUSIVE"));
        running.world.judge(|_| Verdict::Pass);
        let before = second(running.get(&name).await.update_time);
        running.clock.advance(6 * HOUR).await;
        let after = running.get(&name).await;
        assert!(after.transitions.len() > held.transitions.len(), "{after:?}");
        assert!(second(after.update_time) - before < 86_400);
    }
}

#[tokio::test]
async fn an_abort_ends_a_launch_that_exposed_nobody() {
    let (running, name, text) = at(LaunchState::Shadowing).await;
    assert_eq!(running.client.abort_launch(abort(&text)).await.unwrap().state(), LaunchState::Aborted);
    running.clock.advance(10 * DAY).await;
    assert_eq!(running.get(&name).await.state(), LaunchState::Aborted);
    assert_eq!(running.world.moves(), [] as [u32; 0]);
}

#[tokio::test]
async fn an_abort_takes_back_a_launch_that_exposed_somebody() {
    for (state, moves) in [(LaunchState::Ramping, vec![5, 0]), (LaunchState::Watching, vec![5, 100, 0])] {
        let (running, name, text) = at(state).await;
        assert_eq!(running.client.abort_launch(abort(&text)).await.unwrap().state(), LaunchState::RollingBack);
        running.until(&name, LaunchState::RolledBack).await;
        assert_eq!(running.world.moves(), moves);
        assert_eq!(running.world.effects().last(), Some(&Effect::Quarantined(version(2))));
    }
}

#[tokio::test]
async fn a_long_reason_does_not_keep_a_launch_from_being_taken_back() {
    let (running, name, text) = at(LaunchState::Ramping).await;
    let wordy = pb::AbortLaunchRequest { reason: "é".repeat(1024), ..abort(&text) };
    running.client.abort_launch(wordy).await.unwrap();
    running.until(&name, LaunchState::RolledBack).await;
    assert_eq!(running.world.moves(), [5, 0]);
    assert_eq!(running.world.effects().last(), Some(&Effect::Quarantined(version(2))));
}

#[tokio::test]
async fn an_ended_launch_takes_no_command() {
    let (running, _, text) = at(LaunchState::Succeeded).await;
    assert_eq!(reason(running.client.pause_launch(pause(&text)).await), "LAUNCH_ENDED");
    assert_eq!(reason(running.client.resume_launch(resume(&text)).await), "LAUNCH_ENDED");
    assert_eq!(reason(running.client.promote_launch(promote(&text)).await), "LAUNCH_ENDED");
    let error = running.client.abort_launch(abort(&text)).await.unwrap_err();
    assert_eq!((error.reason(), error.preconditions()[0].subject.as_str()), ("LAUNCH_ENDED", text.as_str()));
}

#[tokio::test]
async fn a_command_says_why() {
    let (running, _, text) = at(LaunchState::Shadowing).await;
    let silent = pb::PauseLaunchRequest { reason: String::new(), ..pause(&text) };
    assert_eq!(fields(running.client.pause_launch(silent).await), ["reason"]);
    let silent = pb::PromoteLaunchRequest { reason: String::new(), ..promote(&text) };
    assert_eq!(fields(running.client.promote_launch(silent).await), ["reason"]);
    let silent = pb::AbortLaunchRequest { reason: String::new(), ..abort("no name") };
    assert_eq!(fields(running.client.abort_launch(silent).await), ["reason", "name"]);
}

#[tokio::test]
async fn a_launch_that_is_not_there_takes_no_command() {
    let running = start().await;
    let text = "namespaces/default/launches/none";
    assert_eq!(reason(running.client.pause_launch(pause(text)).await), "NOT_FOUND");
    assert_eq!(reason(running.client.explain_launch(explain(text)).await), "NOT_FOUND");
}

fn explain(name: &str) -> pb::ExplainLaunchRequest {
    pb::ExplainLaunchRequest { name: name.to_owned(), events: None }
}

#[tokio::test]
async fn of_two_commands_at_once_one_is_told_that_it_came_too_late() {
    let (running, _, text) = at(LaunchState::Shadowing).await;
    let (one, other) =
        tokio::join!(running.client.pause_launch(pause(&text)), running.client.pause_launch(pause(&text)));
    assert_eq!([&one, &other].iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(reason(if one.is_err() { one } else { other }), "LAUNCH_ALREADY_PAUSED");
}

#[tokio::test]
async fn an_answer_that_comes_while_a_launch_is_paused_is_taken() {
    let (running, name, text) = at(LaunchState::Shadowing).await;
    running.world.hold_answers(model());
    running.until(&name, LaunchState::Ramping).await;
    assert_eq!(running.world.moves(), [5]);
    let pausing = async {
        running.world.answer();
        running.client.pause_launch(pause(&text)).await.unwrap();
    };
    pausing.await;
    running.clock.advance(HOUR).await;
    let launch = running.get(&name).await;
    assert_eq!((launch.share, launch.hold.unwrap().reason.as_str()), (0.05, "PAUSED"));
    running.client.resume_launch(resume(&text)).await.unwrap();
    running.until(&name, LaunchState::Succeeded).await;
    assert_eq!(running.world.moves(), [5, 100]);
}

#[tokio::test]
async fn a_change_that_still_waits_for_its_turn_is_not_made_while_its_launch_is_paused() {
    let running = start_with(1).await;
    let other = "namespaces/default/models/other".parse().unwrap();
    running.world.add_model(&other);
    running.world.hold_answers(other.clone());
    let request = pb::CreateLaunchRequest { candidate: other.version(2).to_string(), ..new_launch(2) };
    running.client.create_launch(request).await.unwrap();
    running.clock.advance(HOUR).await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Ramping).await;
    assert_eq!(running.world.moves(), [5]);
    running.client.pause_launch(pause(&name.to_string())).await.unwrap();
    running.world.answer();
    running.clock.advance(HOUR).await;
    assert_eq!((running.get(&name).await.share, running.world.moves()), (0.0, vec![5]));
    running.client.resume_launch(resume(&name.to_string())).await.unwrap();
    running.clock.settle().await;
    assert_eq!(running.world.moves(), [5, 5]);
}

#[tokio::test]
async fn a_command_on_an_old_etag_is_refused() {
    let (running, name, text) = at(LaunchState::Shadowing).await;
    let etag = running.get(&name).await.etag;
    running.client.pause_launch(pb::PauseLaunchRequest { etag: etag.clone(), ..pause(&text) }).await.unwrap();
    let stale = pb::ResumeLaunchRequest { etag, ..resume(&text) };
    assert_eq!(reason(running.client.resume_launch(stale).await), "ETAG_MISMATCH");
}

#[tokio::test]
async fn a_repeated_command_gets_the_first_answer_and_has_no_second_effect() {
    let (running, name, text) = at(LaunchState::Shadowing).await;
    let id = "7d7c1f34-6f7c-4f0e-8e0e-0d5b8f1a9c11".to_owned();
    let request = pb::PauseLaunchRequest { request_id: id.clone(), ..pause(&text) };
    let first = running.client.pause_launch(request.clone()).await.unwrap();
    running.client.resume_launch(resume(&text)).await.unwrap();
    assert_eq!(running.client.pause_launch(request).await.unwrap(), first);
    assert!(running.get(&name).await.hold.is_none());
    let other = pb::AbortLaunchRequest { request_id: id, ..abort(&text) };
    assert_eq!(reason(running.client.abort_launch(other).await), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_command_can_be_tried_without_being_carried_out() {
    let (running, name, text) = at(LaunchState::Shadowing).await;
    let before = running.get(&name).await;
    let request = pb::AbortLaunchRequest { validate_only: true, ..abort(&text) };
    assert_eq!(running.client.abort_launch(request).await.unwrap().state(), LaunchState::Aborted);
    assert_eq!(running.get(&name).await, before);
}

#[tokio::test]
async fn a_launch_explains_what_it_waits_for() {
    let (running, name, text) = at(LaunchState::Shadowing).await;
    running.world.judge(|_| Verdict::NoData);
    running.clock.advance(2 * DAY).await;
    let explained = running.client.explain_launch(explain(&text)).await.unwrap();
    assert!(explained.summary.contains("GATE_NO_DATA"), "{}", explained.summary);
    assert!(!explained.next.is_empty());
    assert_eq!(explained.events.first().unwrap().kind, "GATE_ANSWERED");
    assert_eq!(explained.launch.unwrap(), running.get(&name).await);
    let two = pb::ExplainLaunchRequest { events: Some(2), ..explain(&text) };
    assert_eq!(running.client.explain_launch(two).await.unwrap().events.len(), 2);
    let wrong = pb::ExplainLaunchRequest { events: Some(-1), ..explain(&text) };
    assert_eq!(fields(running.client.explain_launch(wrong).await), ["events"]);
}
