//! What may be launched, and what stands in the way.

use slipway_launcher::peers::Peer;
use slipway_sdk::pb::{self, LaunchState};

use crate::support::{HOUR, fields, new_launch, reason, start, step};

#[tokio::test]
async fn a_new_launch_says_what_it_will_do() {
    let running = start().await;
    let launch = running.client.create_launch(new_launch(2)).await.unwrap();
    assert!(launch.name.starts_with("namespaces/default/launches/flight-delay-v2-"), "{}", launch.name);
    assert_eq!(launch.state(), LaunchState::Preparing);
    assert_eq!(launch.creator, "anonymous");
    assert!(launch.reason.contains("it is better"), "{}", launch.reason);
    let plan = launch.plan.unwrap();
    assert_eq!(plan.steps, [step(0.05), step(1.0)]);
    assert_eq!(plan.gate.unwrap().harm_budget, 0.1);
    assert_eq!(running.client.get_launch(&launch.name.parse().unwrap()).await.unwrap().candidate, launch.candidate);
}

#[tokio::test]
async fn a_request_without_a_plan_gets_the_usual_one() {
    let running = start().await;
    let launch = running.client.create_launch(pb::CreateLaunchRequest { plan: None, ..new_launch(2) }).await.unwrap();
    let shares: Vec<_> = launch.plan.unwrap().steps.into_iter().map(|step| step.share).collect();
    assert_eq!(shares, [0.05, 0.25, 0.5, 1.0]);
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let running = start().await;
    let plan = pb::Plan { steps: vec![step(0.5), step(0.2)], approvals: 1, ..crate::support::plan() };
    let request = pb::CreateLaunchRequest {
        parent: "nowhere".to_owned(),
        candidate: "nothing".to_owned(),
        plan: Some(plan),
        request_id: "1".to_owned(),
        reason: "x".repeat(1025),
        ..pb::CreateLaunchRequest::default()
    };
    let wrong = fields(running.client.create_launch(request).await);
    for field in ["parent", "candidate", "plan.steps[1].share", "plan.approvals", "request_id", "reason"] {
        assert!(wrong.iter().any(|found| found == field), "{field} in {wrong:?}");
    }
}

#[tokio::test]
async fn a_candidate_lies_in_the_namespace_of_its_launch() {
    let running = start().await;
    let request = pb::CreateLaunchRequest { parent: "namespaces/other".to_owned(), ..new_launch(2) };
    assert_eq!(fields(running.client.create_launch(request).await), ["candidate"]);
}

#[tokio::test]
async fn a_version_that_does_not_exist_is_not_launched() {
    let running = start().await;
    assert_eq!(reason(running.client.create_launch(new_launch(10)).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_quarantined_version_is_not_launched() {
    let running = start().await;
    running.world.mark(2);
    let error = running.client.create_launch(new_launch(2)).await.unwrap_err();
    assert_eq!(error.reason(), "VERSION_QUARANTINED");
    assert_eq!(error.preconditions()[0].kind, "VERSION_QUARANTINED");
    assert!(error.preconditions()[0].description.contains("it was bad"));
}

#[tokio::test]
async fn a_model_is_in_one_launch_at_a_time() {
    let running = start().await;
    let name = running.launch().await;
    let error = running.client.create_launch(new_launch(3)).await.unwrap_err();
    assert_eq!(
        (error.reason(), error.preconditions()[0].subject.as_str()),
        ("LAUNCH_ACTIVE", name.to_string().as_str())
    );
    running.until(&name, LaunchState::Succeeded).await;
    running.client.create_launch(new_launch(3)).await.unwrap();
}

#[tokio::test]
async fn of_two_launches_created_at_once_one_wins() {
    let running = start().await;
    let (one, other) =
        tokio::join!(running.client.create_launch(new_launch(2)), running.client.create_launch(new_launch(3)));
    assert_eq!([&one, &other].iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(reason(if one.is_err() { one } else { other }), "LAUNCH_ACTIVE");
}

#[tokio::test]
async fn a_version_that_serves_everything_is_not_launched() {
    let running = start().await;
    assert_eq!(reason(running.client.create_launch(new_launch(1)).await), "VERSION_SERVES_ALREADY");
}

#[tokio::test]
async fn split_traffic_must_be_settled_before_a_launch() {
    let running = start().await;
    running.world.split_traffic();
    let error = running.client.create_launch(new_launch(2)).await.unwrap_err();
    assert_eq!(error.reason(), "TRAFFIC_SPLIT");
    assert_eq!(error.preconditions()[0].subject, "namespaces/default/models/flight-delay/traffic");
}

#[tokio::test]
async fn everything_that_stands_in_the_way_is_told_at_once() {
    let running = start().await;
    running.world.split_traffic();
    running.world.mark(2);
    let error = running.client.create_launch(new_launch(2)).await.unwrap_err();
    let kinds: Vec<_> = error.preconditions().iter().map(|broken| broken.kind.as_str()).collect();
    assert_eq!(kinds, ["VERSION_QUARANTINED", "TRAFFIC_SPLIT"]);
}

#[tokio::test]
async fn a_launch_can_be_tried_without_being_made() {
    let running = start().await;
    let request = pb::CreateLaunchRequest { validate_only: true, ..new_launch(2) };
    let launch = running.client.create_launch(request).await.unwrap();
    assert_eq!(launch.state(), LaunchState::Preparing);
    assert_eq!(reason(running.client.get_launch(&launch.name.parse().unwrap()).await), "NOT_FOUND");
    running.clock.advance(HOUR).await;
    assert_eq!(running.world.effects(), []);
    running.client.create_launch(new_launch(2)).await.unwrap();
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_even_while_the_registry_is_away() {
    let running = start().await;
    let id = "7d7c1f34-6f7c-4f0e-8e0e-0d5b8f1a9c11".to_owned();
    let request = pb::CreateLaunchRequest { request_id: id, ..new_launch(2) };
    let first = running.client.create_launch(request.clone()).await.unwrap();
    running.clock.advance(HOUR).await;
    running.world.lose(Peer::Registry);
    assert_eq!(running.client.create_launch(request.clone()).await.unwrap(), first);
    let other = pb::CreateLaunchRequest { candidate: new_launch(3).candidate, ..request };
    assert_eq!(reason(running.client.create_launch(other).await), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn nothing_is_launched_while_the_registry_is_away() {
    let running = start().await;
    running.world.lose(Peer::Registry);
    assert_eq!(reason(running.impatient.create_launch(new_launch(2)).await), "REGISTRY_UNAVAILABLE");
}

#[tokio::test]
async fn a_launch_takes_back_traffic_that_a_person_had_taken_over() {
    let running = start().await;
    let first = running.launch().await;
    running.until(&first, LaunchState::Ramping).await;
    running.world.take_over(1);
    let epoch = running.world.traffic_now().epoch;
    let abort = pb::AbortLaunchRequest {
        name: first.to_string(),
        reason: "somebody took over".to_owned(),
        ..pb::AbortLaunchRequest::default()
    };
    running.client.abort_launch(abort).await.unwrap();
    running.until(&first, LaunchState::RolledBack).await;
    let second = running.client.create_launch(new_launch(3)).await.unwrap().name.parse().unwrap();
    running.until(&second, LaunchState::Succeeded).await;
    assert!(running.world.traffic_now().epoch > epoch);
    assert_eq!(running.world.moves(), [5, 5, 100]);
}
