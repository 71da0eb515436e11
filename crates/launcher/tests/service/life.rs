//! Whole launches, from their creation to their end.

use slipway_domain::gate::{Comparison, Verdict};
use slipway_domain::traffic::Share;
use slipway_sdk::pb::{self, LaunchState};

use crate::support::{DAY, new_launch, reader, second, start, states};
use crate::world::{Effect, LABEL_WINDOW, version};

#[tokio::test]
async fn a_good_version_goes_through_every_stage_and_serves_everything() {
    let running = start().await;
    let name = running.launch().await;
    let launch = running.until(&name, LaunchState::Succeeded).await;
    let wanted = [
        LaunchState::Draft,
        LaunchState::Preparing,
        LaunchState::Shadowing,
        LaunchState::Ramping,
        LaunchState::Finalizing,
        LaunchState::Watching,
        LaunchState::Succeeded,
    ];
    assert_eq!(states(&launch), wanted);
    assert_eq!(running.world.moves(), [5, 100]);
    assert_eq!((launch.share, launch.peak_share), (1.0, 1.0));
    assert!(launch.end_time.is_some() && launch.next_action_time.is_none());
    assert_eq!(launch.baseline, version(1).to_string());
}

#[tokio::test]
async fn every_bake_lasts_as_long_as_planned() {
    let running = start().await;
    let name = running.launch().await;
    let launch = running.until(&name, LaunchState::Succeeded).await;
    let times: Vec<_> = launch.transitions.iter().map(|entered| second(entered.time)).collect();
    // Shadowing, both steps, finalizing, watching: from each to the next a day, but finalizing has no bake.
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let day = DAY.as_secs() as i64;
    assert_eq!(gaps, [0, 0, day, day, day, 0, day], "{:?}", launch.transitions);
}

#[tokio::test]
async fn a_gate_is_asked_with_the_plans_policy_and_the_models_label_window() {
    let running = start().await;
    let plan = pb::Plan {
        gate: Some(pb::Gate { alpha: 0.01, minimum_rows: 77, ..pb::Gate::default() }),
        ..crate::support::plan()
    };
    let request = pb::CreateLaunchRequest { plan: Some(plan), ..new_launch(2) };
    let name = running.client.create_launch(request).await.unwrap().name.parse().unwrap();
    running.until(&name, LaunchState::Ramping).await;
    let question = running.world.questions().pop().unwrap();
    assert_eq!((question.candidate, question.baseline), (version(2), version(1)));
    assert_eq!((question.comparison, question.next_share), (Comparison::Paired, Share::of_buckets(5000)));
    assert_eq!((question.policy.alpha, question.policy.minimum_rows), (0.01, Some(77)));
    assert_eq!(question.label_window, LABEL_WINDOW);
}

#[tokio::test]
async fn a_version_that_fails_in_shadow_never_serves_anybody() {
    let running = start().await;
    running.world.judge(|_| Verdict::Fail);
    let name = running.launch().await;
    let launch = running.until(&name, LaunchState::RolledBack).await;
    assert_eq!(running.world.moves(), [] as [u32; 0]);
    assert_eq!(running.world.effects().last(), Some(&Effect::Quarantined(version(2))));
    assert_eq!(launch.peak_share, 0.0);
    assert!(launch.reason.contains("calibration"), "{}", launch.reason);
    assert_eq!(launch.evidence.unwrap().verdict(), pb::GateVerdict::Fail);
}

#[tokio::test]
async fn a_version_that_fails_on_the_ramp_is_taken_back_and_quarantined() {
    let running = start().await;
    running.world.judge(|question| match question.comparison {
        Comparison::Paired => Verdict::Pass,
        Comparison::Split => Verdict::Fail,
    });
    let name = running.launch().await;
    let launch = running.until(&name, LaunchState::RolledBack).await;
    assert_eq!(running.world.moves(), [5, 0]);
    assert_eq!(running.world.effects().last(), Some(&Effect::Quarantined(version(2))));
    assert_eq!((launch.share, launch.peak_share), (0.0, 0.05));
    assert_eq!(running.world.traffic_now().share_of(&version(1)), Share::ALL);
}

#[tokio::test]
async fn the_first_version_of_a_model_goes_to_everything_at_once() {
    let running = start().await;
    running.world.clear_traffic();
    let name = running.launch().await;
    let launch = running.until(&name, LaunchState::Succeeded).await;
    assert_eq!(launch.baseline, "");
    assert_eq!(running.world.moves(), [100]);
    assert_eq!(running.world.questions(), []);
}

#[tokio::test]
async fn every_event_is_logged_with_who_caused_it_and_chained() {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Succeeded).await;
    let request = pb::ExplainLaunchRequest { name: name.to_string(), events: Some(1000) };
    let explained = running.client.explain_launch(request).await.unwrap();
    let numbers: Vec<_> = explained.events.iter().rev().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    let first = explained.events.last().unwrap();
    assert_eq!((first.kind.as_str(), first.principal.as_str()), ("SUBMITTED", "anonymous"));
    assert_eq!(explained.events[0].principal, "service:launcher");
    let launcher = crate::crash::open(&running.store, &running.world).await;
    let head = launcher.get_launch(&reader(), &name).unwrap().value.launch.log;
    let entries = launcher.events(&name, 1, head.sequence).await.unwrap();
    slipway_domain::launch::log::verify(&entries, head).unwrap();
}
