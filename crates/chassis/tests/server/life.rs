//! A server from its start to its end: probes, reflection, and how it stops.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use prost::Message;
use prost_types::FileDescriptorProto;

use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::client::say_text;
use crate::support::echo::NAME;
use crate::support::fixture::{Fixture, config, soon};
use crate::support::streams::tick;

async fn health(fixture: &Fixture, service: &str) -> ServingStatus {
    let mut client = HealthClient::new(fixture.channel.clone());
    let request = HealthCheckRequest { service: service.to_owned() };
    client.check(request).await.unwrap().into_inner().status()
}

/// Waits until the health of the echo service has changed to `wanted`.
async fn health_turns(fixture: &Fixture, wanted: ServingStatus) {
    let mut client = HealthClient::new(fixture.channel.clone());
    let mut changes = client.watch(HealthCheckRequest { service: NAME.to_owned() }).await.unwrap().into_inner();
    while changes.next().await.unwrap().unwrap().status() != wanted {}
}

#[tokio::test]
async fn a_service_is_not_ready_until_its_last_component_is() {
    let fixture = Fixture::start(config()).await;
    let store = fixture.readiness.component("store");
    let index = fixture.readiness.component("index");
    store.not_ready("reading the journal");
    health_turns(&fixture, ServingStatus::NotServing).await;
    assert_eq!(fixture.page("/readyz").await, (503, "index: starting\nstore: reading the journal\n".to_owned()));
    assert_eq!(fixture.page("/livez").await, (200, "ok\n".to_owned()));
    store.ready();
    assert_eq!(fixture.page("/readyz").await, (503, "index: starting\n".to_owned()));
    index.ready();
    health_turns(&fixture, ServingStatus::Serving).await;
    assert_eq!(fixture.page("/readyz").await, (200, "ok\n".to_owned()));
    assert_eq!(health(&fixture, "").await, ServingStatus::Serving);
}

#[tokio::test]
async fn health_is_answered_even_when_no_other_call_is() {
    let mut config = config();
    config.limits.requests = 0;
    let fixture = Fixture::start(config).await;
    assert_eq!(say_text(&fixture.channel, "hello").await.unwrap_err().code(), Code::ResourceExhausted);
    health_turns(&fixture, ServingStatus::Serving).await;
    assert_eq!(health(&fixture, NAME).await, ServingStatus::Serving);
}

macro_rules! reflection {
    ($version:ident, $fixture:expr, $question:expr) => {{
        use pb::server_reflection_request::MessageRequest;
        use pb::server_reflection_response::MessageResponse;
        use tonic_reflection::pb::$version as pb;
        let mut client = pb::server_reflection_client::ServerReflectionClient::new($fixture.channel.clone());
        let question: MessageRequest = $question(MessageRequest::ListServices, MessageRequest::FileContainingSymbol);
        let request = pb::ServerReflectionRequest { host: String::new(), message_request: Some(question) };
        let mut answers = client.server_reflection_info(stream::iter([request])).await.unwrap().into_inner();
        match answers.next().await.unwrap().unwrap().message_response.unwrap() {
            MessageResponse::ListServicesResponse(list) => {
                list.service.into_iter().map(|service| service.name).collect()
            }
            MessageResponse::FileDescriptorResponse(files) => {
                let decode = |bytes: &Vec<u8>| FileDescriptorProto::decode(bytes.as_slice()).unwrap();
                let files = files.file_descriptor_proto.iter().map(decode);
                files.flat_map(|file| file.message_type.into_iter().map(|message| message.name.unwrap())).collect()
            }
            other => vec![format!("{other:?}")],
        }
    }};
}

#[tokio::test]
async fn both_versions_of_reflection_list_what_the_server_answers() {
    let fixture = Fixture::start(config()).await;
    let expected = [
        NAME,
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    let v1: Vec<String> = reflection!(v1, fixture, |list: fn(String) -> _, _| list(String::new()));
    assert_eq!(v1, expected);
    let v1alpha: Vec<String> = reflection!(v1alpha, fixture, |list: fn(String) -> _, _| list(String::new()));
    assert_eq!(v1alpha, expected);
}

#[tokio::test]
async fn both_versions_of_reflection_describe_the_details_of_errors() {
    let fixture = Fixture::start(config()).await;
    let symbol = "google.rpc.ErrorInfo".to_owned();
    let v1: Vec<String> = reflection!(v1, fixture, |_, file: fn(String) -> _| file(symbol.clone()));
    assert!(v1.contains(&"BadRequest".to_owned()), "{v1:?}");
    let v1alpha: Vec<String> = reflection!(v1alpha, fixture, |_, file: fn(String) -> _| file(symbol.clone()));
    assert_eq!(v1, v1alpha);
}

#[tokio::test]
async fn a_stopping_server_finishes_what_it_has_begun() {
    let fixture = Fixture::start(config()).await;
    let channel = fixture.channel.clone();
    let call = tokio::spawn(async move { say_text(&channel, "linger").await });
    fixture.echo.waiting.notified().await;
    fixture.stop.cancel();
    assert_eq!(call.await.unwrap().unwrap(), "lingered");
    soon(fixture.running).await.unwrap();
}

#[tokio::test]
async fn a_stopping_server_sends_its_streams_elsewhere_and_says_that_it_stops() {
    let fixture = Fixture::start(config()).await;
    let mut ticks = tick(&fixture.channel, Request::new(String::new())).await.unwrap();
    assert_eq!(ticks.next().await.unwrap().unwrap(), "tick");
    fixture.stop.cancel();
    let status = soon(ticks.next()).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(fixture.page("/readyz").await, (503, "stopping\n".to_owned()));
}

#[tokio::test]
async fn a_stop_takes_no_longer_than_the_grace_period() {
    let mut config = config();
    config.grace = Duration::from_millis(100);
    let fixture = Fixture::start(config).await;
    let channel = fixture.channel.clone();
    let call = tokio::spawn(async move { say_text(&channel, "wait").await });
    fixture.echo.waiting.notified().await;
    let begun = Instant::now();
    fixture.stop.cancel();
    soon(fixture.running).await.unwrap();
    let took = begun.elapsed();
    assert!((Duration::from_millis(100)..Duration::from_secs(2)).contains(&took), "{took:?}");
    assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_stopped_server_takes_no_connection() {
    let fixture = Fixture::start(config()).await;
    fixture.stop.cancel();
    let Fixture { running, address, .. } = fixture;
    running.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
