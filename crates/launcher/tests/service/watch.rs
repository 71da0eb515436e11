//! Watching.

use futures_util::StreamExt;
use slipway_sdk::Follow;
use slipway_sdk::pb::{self, LaunchState};

use crate::support::{DAY, new_launch, start};

fn watch(parent: &str, after_revision: Option<i64>) -> pb::WatchLaunchesRequest {
    pb::WatchLaunchesRequest { parent: parent.to_owned(), after_revision }
}

async fn next(stream: &mut Follow<pb::WatchLaunchesResponse>) -> pb::WatchLaunchesResponse {
    stream.next().await.unwrap().unwrap()
}

#[tokio::test]
async fn a_watch_begins_with_the_launches_as_they_are_and_says_when_that_is_all() {
    let running = start().await;
    let mut empty = running.client.watch(watch("namespaces/default", None));
    assert!(next(&mut empty).await.launch.is_none());
    let name = running.launch().await;
    let launch = running.until(&name, LaunchState::Shadowing).await;
    let mut stream = running.client.watch(watch("namespaces/-", None));
    let first = next(&mut stream).await;
    assert!(first.initial);
    assert_eq!(first.launch, Some(launch));
    let mark = next(&mut stream).await;
    assert_eq!((mark.launch, mark.initial, mark.revision), (None, false, first.revision));
}

#[tokio::test]
async fn a_watch_shows_every_change_once_and_in_order() {
    let running = start().await;
    let mut stream = running.client.watch(watch("namespaces/default", None));
    next(&mut stream).await;
    let name = running.launch().await;
    let last = running.until(&name, LaunchState::Succeeded).await;
    let (mut seen, mut revision) = (Vec::new(), 0);
    loop {
        let message = next(&mut stream).await;
        let Some(launch) = message.launch else { continue };
        assert!(!message.initial && message.revision > revision);
        revision = message.revision;
        seen.push(launch);
        if seen.last() == Some(&last) {
            break;
        }
    }
    // Each event of the log was one change.
    let request = pb::ExplainLaunchRequest { name: name.to_string(), events: Some(1000) };
    assert_eq!(running.client.explain_launch(request).await.unwrap().events.len(), seen.len());
}

#[tokio::test]
async fn a_watch_resumes_after_a_revision_and_misses_nothing() {
    let running = start().await;
    let name = running.launch().await;
    running.until(&name, LaunchState::Shadowing).await;
    let listed = running.client.list_launches(pb::ListLaunchesRequest {
        parent: "namespaces/default".to_owned(),
        ..pb::ListLaunchesRequest::default()
    });
    let revision = listed.await.unwrap().revision;
    running.clock.advance(2 * DAY).await;
    let mut stream = running.client.watch(watch("namespaces/default", Some(revision)));
    let first = next(&mut stream).await;
    assert!(!first.initial);
    assert!(first.revision > revision);
    assert_eq!(first.launch.unwrap().state(), LaunchState::Shadowing);
}

#[tokio::test]
async fn a_watch_of_one_launch_shows_no_other() {
    let running = start().await;
    let name = running.launch().await;
    let other = "namespaces/default/models/other".parse().unwrap();
    running.world.add_model(&other);
    let request = pb::CreateLaunchRequest { candidate: other.version(2).to_string(), ..new_launch(2) };
    let other = running.client.create_launch(request).await.unwrap().name;
    let mut stream = running.client.watch(watch(&other, None));
    next(&mut stream).await;
    running.until(&name, LaunchState::Succeeded).await;
    loop {
        let Some(launch) = next(&mut stream).await.launch else { continue };
        assert_eq!(launch.name, other);
        if launch.state() == LaunchState::Succeeded {
            break;
        }
    }
}

#[tokio::test]
async fn a_watch_of_nothing_is_refused() {
    let running = start().await;
    for (request, reason) in [
        (watch("namespaces/default/launches/none", None), "NOT_FOUND"),
        (watch("models/x", None), "INVALID_FIELDS"),
        (watch("namespaces/default", Some(-1)), "INVALID_FIELDS"),
    ] {
        let error = running.client.watch(request).next().await.unwrap().unwrap_err();
        assert_eq!(error.reason(), reason);
    }
}
