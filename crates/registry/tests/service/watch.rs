//! Watching: the state, then every revision whole, without a gap.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use slipway_chassis::env::Env;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use slipway_sdk::pb;
use slipway_sdk::pb::watch_response::Event;
use slipway_store::memory::Memory;
use tonic_types::StatusExt;

use crate::support::{Running, TEAMS, fields, model_with_versions, name, new_model, start, start_on};

fn scope(parent: &str, after: Option<i64>) -> pb::WatchRequest {
    pb::WatchRequest { parent: parent.to_owned(), after_revision: after, ..Default::default() }
}

/// The names that the next message with changes speaks of, with its revision.
async fn changes(stream: &mut slipway_sdk::Follow<pb::WatchResponse>) -> (i64, Vec<String>) {
    loop {
        let Some(Event::Changes(changes)) = stream.next().await.unwrap().unwrap().event else { continue };
        return (changes.revision, changes.changes.into_iter().map(|change| change.name).collect());
    }
}

async fn initial(stream: &mut slipway_sdk::Follow<pb::WatchResponse>) -> (i64, usize) {
    let mut count = 0;
    loop {
        let Some(Event::InitialState(part)) = stream.next().await.unwrap().unwrap().event else {
            panic!("not the state")
        };
        count += part.resources.len();
        if part.complete {
            return (part.revision, count);
        }
    }
}

/// The revision of the first model of [`two_models`], behind those of the ledger's key and the teams.
const FIRST: i64 = TEAMS.len() as i64 + 2;

async fn two_models() -> Running {
    let registry = start().await;
    model_with_versions(&registry.client, "a", 1).await;
    model_with_versions(&registry.client, "b", 1).await;
    registry
}

#[tokio::test]
async fn a_watch_begins_with_the_state_and_goes_on_with_each_revision_whole() {
    let registry = two_models().await;
    let mut stream = registry.client.watch(scope("", None));
    let (revision, count) = initial(&mut stream).await;
    assert_eq!(count, TEAMS.len() + 6);
    registry.client.create_model(new_model("c")).await.unwrap();
    let (next, names) = changes(&mut stream).await;
    assert_eq!(next, revision + 1);
    assert_eq!(names, [name("c").to_string(), name("c").traffic()]);
}

#[tokio::test]
async fn a_watch_of_an_empty_registry_says_that_it_is_empty() {
    let registry = start_on(Arc::new(Memory::new())).await;
    let mut stream = registry.client.watch(scope("", None));
    assert_eq!(initial(&mut stream).await.1, 0);
}

#[tokio::test]
async fn a_watch_from_a_revision_replays_all_that_came_after_it() {
    let registry = two_models().await;
    let mut stream = registry.client.watch(scope("", Some(FIRST)));
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(changes(&mut stream).await);
    }
    let revisions: Vec<_> = seen.iter().map(|(revision, _)| *revision).collect();
    assert_eq!(revisions, [FIRST + 1, FIRST + 2, FIRST + 3]);
    assert_eq!(seen[0].1, [name("a").to_string(), name("a").version(1).to_string()]);
}

#[tokio::test]
async fn a_watch_of_one_model_sees_nothing_of_another() {
    let registry = two_models().await;
    let mut stream = registry.client.watch(scope(&name("a").to_string(), None));
    assert_eq!(initial(&mut stream).await.1, 3);
    registry.client.create_version(crate::support::new_version("b", '2')).await.unwrap();
    registry.client.create_version(crate::support::new_version("a", '2')).await.unwrap();
    assert_eq!(changes(&mut stream).await.1, [name("a").to_string(), name("a").version(2).to_string()]);
}

#[tokio::test]
async fn who_sees_nothing_of_all_that_happens_is_told_how_far_it_has_come_all_the_same() {
    let registry = two_models().await;
    let mut stream = registry.client.watch(scope(&name("a").to_string(), None));
    let (revision, _) = initial(&mut stream).await;
    let others = async {
        for number in 0..200 {
            let description = format!("{number}");
            let model = Some(pb::Model { name: name("b").to_string(), description, ..Default::default() });
            registry.client.update_model(pb::UpdateModelRequest { model, ..Default::default() }).await.unwrap();
            Env::system().pause(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        message = stream.next() => {
            let event = message.unwrap().unwrap().event;
            assert!(matches!(&event, Some(Event::Progress(mark)) if mark.revision > revision), "{event:?}");
        }
        () = others => panic!("nothing is told while others change"),
    }
}

#[tokio::test]
async fn a_listing_followed_by_a_watch_misses_nothing() {
    let registry = two_models().await;
    let page = pb::ListModelsRequest { parent: "namespaces/default".to_owned(), ..Default::default() };
    let listed = registry.client.list_models(page).await.unwrap();
    registry.client.create_model(new_model("c")).await.unwrap();
    let mut stream = registry.client.watch(scope("", Some(listed.revision)));
    assert_eq!(changes(&mut stream).await.1[0], name("c").to_string());
}

#[tokio::test]
async fn a_revision_that_is_not_reached_is_refused() {
    let registry = two_models().await;
    let channel = tonic::transport::Channel::from_shared(registry.address.clone()).unwrap().connect_lazy();
    let mut raw = RegistryClient::new(channel);
    let status = raw.watch(scope("", Some(1000))).await.unwrap_err();
    assert_eq!(status.code(), slipway_sdk::Code::OutOfRange);
    let last = (FIRST + 3).to_string();
    let information = status.get_details_error_info().unwrap();
    assert_eq!(
        (information.reason.as_str(), information.metadata["current"].as_str()),
        ("REVISION_AHEAD", last.as_str())
    );
}

#[tokio::test]
async fn a_revision_of_another_history_is_refused_and_one_of_its_own_is_not() {
    let registry = two_models().await;
    let channel = tonic::transport::Channel::from_shared(registry.address.clone()).unwrap().connect_lazy();
    let mut raw = RegistryClient::new(channel);
    let mut own = raw.watch(scope("", None)).await.unwrap().into_inner();
    let history = own.message().await.unwrap().unwrap().history;
    assert!(!history.is_empty());
    let of = |history: &str| pb::WatchRequest { history: history.to_owned(), ..scope("", Some(1)) };
    let mut resumed = raw.watch(of(&history)).await.unwrap().into_inner();
    assert_eq!(resumed.message().await.unwrap().unwrap().history, history);
    let status = raw.watch(of("another")).await.unwrap_err();
    assert_eq!(status.code(), slipway_sdk::Code::OutOfRange);
    let information = status.get_details_error_info().unwrap();
    assert_eq!((information.reason.as_str(), information.metadata["history"].as_str()), ("HISTORY_CHANGED", "another"));
    // Who begins with the state compares nothing.
    let begun = pb::WatchRequest { history: "another".to_owned(), ..scope("", None) };
    assert!(raw.watch(begun).await.is_ok());
}

#[tokio::test]
async fn a_parent_that_names_nothing_is_refused_instead_of_watched_in_vain() {
    let registry = two_models().await;
    for parent in ["models/a", "namespaces/-", "namespaces/default/", "namespaces/default/models"] {
        let refused = registry.client.watch(scope(parent, None)).next().await.unwrap().unwrap_err();
        assert_eq!(fields::<()>(Err(refused)), ["parent"], "{parent}");
        let ledger = pb::ListChangesRequest { parent: parent.to_owned(), ..Default::default() };
        assert_eq!(fields(registry.client.list_changes(ledger).await), ["parent"], "{parent}");
    }
    for parent in [name("a").traffic(), name("a").version(1).to_string(), "namespaces/default".to_owned()] {
        assert!(initial(&mut registry.client.watch(scope(&parent, None))).await.1 > 0, "{parent}");
    }
}
