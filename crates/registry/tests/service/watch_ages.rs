//! Watchers that are old, slow, many, or come back late.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use slipway_chassis::env::Env;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use slipway_sdk::pb;
use slipway_sdk::pb::watch_response::Event;
use slipway_store::memory::Memory;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::support::{Running, name, new_model, start, start_with};

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_secs(120);

async fn channel(registry: &Running) -> Channel {
    Channel::from_shared(registry.address.clone()).unwrap().connect().await.unwrap()
}

/// Changes the description of a model: one revision.
async fn change(registry: &Running, number: usize) {
    let model = pb::Model { name: name("a").to_string(), description: format!("{number}"), ..Default::default() };
    registry.client.update_model(pb::UpdateModelRequest { model: Some(model), ..Default::default() }).await.unwrap();
}

/// The revisions that a stream tells of until it has told of `last`.
async fn revisions(stream: &mut Streaming<pb::WatchResponse>, last: i64) -> Vec<i64> {
    let mut seen = Vec::new();
    let read = async {
        while seen.last() != Some(&last) {
            if let Some(Event::Changes(changes)) = stream.message().await.unwrap().unwrap().event {
                seen.push(changes.revision);
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("all revisions come");
    seen
}

async fn revision(registry: &Running) -> i64 {
    let list = pb::ListModelsRequest { parent: "namespaces/default".to_owned(), ..Default::default() };
    registry.client.list_models(list).await.unwrap().revision
}

#[tokio::test]
async fn an_old_stream_says_why_it_ends_and_how_far_it_came() {
    let registry = start_with(Arc::new(Memory::new()), &["--watch.max-age=100ms"]).await;
    let mut raw = RegistryClient::new(channel(&registry).await);
    let mut stream = raw.watch(pb::WatchRequest::default()).await.unwrap().into_inner();
    let mut last = None;
    let read = async {
        while let Some(message) = stream.message().await.expect("it ends in peace") {
            last = message.event;
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("it ends");
    let Some(Event::Ending(ending)) = last else { panic!("{last:?}") };
    assert_eq!((ending.reason(), ending.revision), (pb::EndReason::MaxAge, revision(&registry).await));
}

#[tokio::test]
async fn a_client_does_not_notice_that_streams_end_and_sees_every_revision_once() {
    let registry = start_with(Arc::new(Memory::new()), &["--watch.max-age=250ms"]).await;
    registry.client.ensure_team(&"namespaces/default/teams/ranking".parse().unwrap()).await.unwrap();
    registry.client.create_model(new_model("a")).await.unwrap();
    let mut stream = registry.client.watch(pb::WatchRequest::default());
    let first = revision(&registry).await;
    let state = stream.next().await.unwrap().unwrap().event;
    assert!(matches!(&state, Some(Event::InitialState(part)) if part.complete && part.revision == first), "{state:?}");
    let changes = async {
        for number in 0..40 {
            change(&registry, number).await;
            Env::system().pause(Duration::from_millis(25)).await;
        }
    };
    let read = async {
        let mut seen = Vec::new();
        while seen.len() < 40 {
            match stream.next().await.unwrap().expect("nobody is told of an interruption").event.unwrap() {
                Event::InitialState(part) => panic!("it began anew at {}", part.revision),
                Event::Changes(changes) => seen.push(changes.revision),
                Event::Progress(_) => {}
                Event::Ending(ending) => panic!("{ending:?}"),
            }
        }
        seen
    };
    let both = async { tokio::join!(changes, read).1 };
    let seen = tokio::time::timeout(PATIENCE, both).await.expect("all revisions come");
    assert_eq!(seen, (first + 1..=first + 40).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_watchers_miss_nothing_while_one_of_them_does_not_read() {
    let registry = start().await;
    registry.client.create_model(new_model("a")).await.unwrap();
    let after = revision(&registry).await;
    let mut streams = Vec::new();
    for number in 0..1000 {
        if number % 100 == 0 {
            streams.push((RegistryClient::new(channel(&registry).await), Vec::new()));
        }
        let (client, opened) = streams.last_mut().unwrap();
        let request = pb::WatchRequest { after_revision: Some(after), ..Default::default() };
        opened.push(client.watch(request).await.unwrap().into_inner());
    }
    let mut stopped = streams[0].1.pop().unwrap();
    // Further than the registry keeps in memory for those who keep up.
    const CHANGES: i64 = 1500;
    let (first, last) = (after + 1, after + CHANGES);
    let expected: Vec<i64> = (first..=last).collect();
    let reading = streams.into_iter().flat_map(|(client, opened)| {
        opened.into_iter().map(move |mut stream| {
            // The connection lasts as long as somebody has it.
            let client = client.clone();
            tokio::spawn(async move {
                let seen = revisions(&mut stream, first + 9).await;
                drop(client);
                seen
            })
        })
    });
    let reading: Vec<_> = reading.collect();
    for number in 0..10 {
        change(&registry, number).await;
    }
    for task in reading {
        assert_eq!(task.await.unwrap(), expected[..10]);
    }
    for number in 10..CHANGES as usize {
        change(&registry, number).await;
    }
    assert_eq!(revisions(&mut stopped, last).await, expected);
}

#[tokio::test]
async fn who_comes_back_to_what_is_no_longer_kept_is_told_how_far_it_goes_back_and_begins_anew() {
    let store = Arc::new(Memory::new());
    let registry = start_with(Arc::clone(&store) as Arc<dyn slipway_store::Store>, &[]).await;
    registry.client.ensure_team(&"namespaces/default/teams/ranking".parse().unwrap()).await.unwrap();
    registry.client.create_model(new_model("a")).await.unwrap();
    let old = revision(&registry).await;
    for number in 0..5 {
        change(&registry, number).await;
    }
    let oldest = old + 4;
    store.compact(u64::try_from(oldest).unwrap());
    // What the picture still holds is no longer what the store keeps.
    let mut raw = RegistryClient::new(channel(&registry).await);
    let request = pb::WatchRequest { after_revision: Some(old), ..Default::default() };
    let refused = raw.watch(request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::OutOfRange);
    let details = tonic_types::StatusExt::get_details_error_info(&refused).unwrap();
    assert_eq!((details.reason.as_str(), details.metadata["oldest"].clone()), ("COMPACTED", oldest.to_string()));
    let mut stream = registry.client.watch(request);
    let first = stream.next().await.unwrap().unwrap().event;
    assert!(matches!(first, Some(Event::InitialState(_))), "{first:?}");
}
