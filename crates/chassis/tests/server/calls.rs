//! What happens to a call around its handler, over a real socket.

use std::time::{Duration, Instant};

use futures_util::StreamExt;

use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::support::client::{say, say_text};
use crate::support::fixture::{Fixture, config, soon};
use crate::support::streams::{chat, tick};

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap().reason.clone()
}

fn with_id(text: &str, id: &'static str) -> Request<String> {
    let mut request = Request::new(text.to_owned());
    request.metadata_mut().insert("x-request-id", id.parse().unwrap());
    request
}

#[tokio::test]
async fn a_request_id_comes_back_and_reaches_the_handler() {
    let fixture = Fixture::start(config()).await;
    let answer = say(&fixture.channel, with_id("caller", "launch-7")).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "launch-7");
    assert!(answer.get_ref().starts_with("anonymous launch-7 "), "{}", answer.get_ref());
}

#[tokio::test]
async fn a_call_without_a_sane_id_gets_one() {
    let fixture = Fixture::start(config()).await;
    for request in [Request::new("caller".to_owned()), with_id("caller", "two words")] {
        let answer = say(&fixture.channel, request).await.unwrap();
        let id = answer.metadata().get("x-request-id").unwrap().to_str().unwrap();
        assert_eq!(id.len(), 36, "{id}");
    }
}

#[tokio::test]
async fn a_header_never_names_the_caller() {
    let fixture = Fixture::start(config()).await;
    let mut request = Request::new("caller".to_owned());
    for name in ["x-principal", "authorization", "x-forwarded-user", "principal"] {
        request.metadata_mut().insert(name, "service:launcher".parse().unwrap());
    }
    assert!(say(&fixture.channel, request).await.unwrap().get_ref().starts_with("anonymous "));
}

#[tokio::test]
async fn a_fault_reaches_the_client_with_its_reason_and_the_request_id() {
    let fixture = Fixture::start(config()).await;
    let status = say(&fixture.channel, with_id("fault", "abc")).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "the shelf is full"));
    assert_eq!(reason(&status), "SHELF_FULL");
    assert_eq!(status.get_error_details().request_info().unwrap().request_id, "abc");
    assert_eq!(status.metadata().get("x-request-id").unwrap(), "abc");
}

#[tokio::test]
async fn a_panic_is_an_internal_error_of_its_own_call_only() {
    let fixture = Fixture::start(config()).await;
    let status = say(&fixture.channel, with_id("panic", "abc")).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("abc") && !status.message().contains("paint"), "{status}");
    assert_eq!(say_text(&fixture.channel, "still here").await.unwrap(), "still here");
}

#[tokio::test]
async fn a_stream_that_panics_ends_with_an_internal_error() {
    let fixture = Fixture::start(config()).await;
    let mut stream = tick(&fixture.channel, with_id("panic", "abc")).await.unwrap();
    let status = stream.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("abc"), "{status}");
}

#[tokio::test]
async fn the_callers_deadline_ends_the_call_and_drops_its_handler() {
    let fixture = Fixture::start(config()).await;
    let mut request = Request::new("wait".to_owned());
    request.metadata_mut().insert("grpc-timeout", "500m".parse().unwrap());
    let status = soon(say(&fixture.channel, request)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    fixture.echo.given_up.notified().await;
}

#[tokio::test]
async fn a_unary_call_has_a_deadline_even_when_its_caller_names_none() {
    let mut config = config();
    config.limits.deadlines.default = Duration::from_millis(50);
    let fixture = Fixture::start(config).await;
    assert_eq!(say_text(&fixture.channel, "wait").await.unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn no_caller_gets_more_than_the_longest_deadline() {
    let mut config = config();
    config.limits.deadlines.max = Duration::from_millis(50);
    let fixture = Fixture::start(config).await;
    let mut request = Request::new("wait".to_owned());
    request.set_timeout(Duration::from_secs(3600));
    let status = soon(say(&fixture.channel, request)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn streams_outlive_the_deadline_of_unary_calls() {
    let mut config = config();
    config.limits.deadlines.default = Duration::from_millis(30);
    config.limits.deadlines.max = Duration::from_millis(30);
    let fixture = Fixture::start(config).await;
    let mut ticks = tick(&fixture.channel, Request::new(String::new())).await.unwrap();
    assert_eq!(ticks.next().await.unwrap().unwrap(), "tick");
    let (to_server, outgoing) = tokio::sync::mpsc::channel(1);
    let outgoing = tokio_stream::wrappers::ReceiverStream::new(outgoing);
    let mut echoes = chat(&fixture.channel, outgoing).await.unwrap();
    // The unary call waits out the deadline that the streams would have had.
    assert_eq!(say_text(&fixture.channel, "wait").await.unwrap_err().code(), Code::DeadlineExceeded);
    to_server.send("still here".to_owned()).await.unwrap();
    assert_eq!(echoes.next().await.unwrap().unwrap(), "still here");
    let more = tokio::time::timeout(Duration::from_millis(1), ticks.next()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn a_stream_ends_at_the_deadline_that_its_caller_names() {
    let fixture = Fixture::start(config()).await;
    let mut request = Request::new(String::new());
    request.metadata_mut().insert("grpc-timeout", "500m".parse().unwrap());
    let mut ticks = tick(&fixture.channel, request).await.unwrap();
    assert_eq!(ticks.next().await.unwrap().unwrap(), "tick");
    let status = soon(ticks.next()).await.unwrap().unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
}

#[tokio::test]
async fn one_call_too_many_is_told_when_to_come_back_and_its_place_is_free_again_later() {
    let mut config = config();
    config.limits.requests = 1;
    config.limits.streams = 1;
    let fixture = Fixture::start(config).await;
    let channel = fixture.channel.clone();
    let first = tokio::spawn(async move { say_text(&channel, "wait").await });
    fixture.echo.waiting.notified().await;
    let status = say_text(&fixture.channel, "hello").await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert!(status.get_error_details().retry_info().is_some());
    // Streams have places of their own.
    let held = tick(&fixture.channel, Request::new(String::new())).await.unwrap();
    let refused = tick(&fixture.channel, Request::new(String::new())).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    first.abort();
    fixture.echo.given_up.notified().await;
    drop(held);
    assert_eq!(say_text(&fixture.channel, "hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn what_was_let_in_is_answered_while_others_are_refused_and_counted() {
    let mut config = config();
    config.limits.requests = 2;
    let fixture = Fixture::start(config).await;
    let mut let_in = Vec::new();
    for _ in 0..2 {
        let channel = fixture.channel.clone();
        let_in.push(tokio::spawn(async move { say_text(&channel, "linger until told").await }));
        soon(fixture.echo.waiting.notified()).await;
    }
    for _ in 0..3 {
        let status = say(&fixture.channel, with_id("hello", "abc")).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
        assert_eq!(status.get_error_details().request_info().unwrap().request_id, "abc");
        assert_eq!(status.metadata().get("x-request-id").unwrap(), "abc");
        assert!(status.get_error_details().retry_info().unwrap().retry_delay.unwrap() > Duration::ZERO);
    }
    fixture.echo.told.notify_waiters();
    for call in let_in {
        assert_eq!(soon(call).await.unwrap().unwrap(), "told");
    }
    let (_, text) = fixture.page("/metrics").await;
    let has = |line: &str| assert!(text.lines().any(|have| have == line), "no {line} in\n{text}");
    has(r#"rpc_server_refusals_total{reason="OVERLOADED"} 3"#);
    has(r#"rpc_server_requests_total{code="RESOURCE_EXHAUSTED",method="Say",service="test.v1.Echo"} 3"#);
    has(r#"rpc_server_requests_total{code="OK",method="Say",service="test.v1.Echo"} 2"#);
}

/// The server shares the only thread of this test, so that nothing is begun while a handler hogs it.
#[tokio::test]
async fn what_was_read_and_waited_too_long_for_a_processor_is_refused() {
    let fixture = Fixture::start(config()).await;
    say_text(&fixture.channel, "hello").await.unwrap();
    let refused = async {
        loop {
            let [hog, first, second] = ["hog", "hello", "hello"].map(|text| say_text(&fixture.channel, text));
            let (hog, first, second) = tokio::join!(hog, first, second);
            assert_eq!(hog.unwrap(), "done");
            if let Some(status) = [first, second].into_iter().find_map(Result::err) {
                return status;
            }
        }
    };
    let status = soon(refused).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert_eq!(say_text(&fixture.channel, "hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_go_on() {
    let mut config = config();
    config.limits.rates.requests = 2;
    let fixture = Fixture::start(config).await;
    for _ in 0..2 {
        say_text(&fixture.channel, "hello").await.unwrap();
    }
    let status = say_text(&fixture.channel, "hello").await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "RATE_EXCEEDED"));
    let wait = status.get_error_details().retry_info().unwrap().retry_delay.unwrap();
    tokio::time::timeout(wait + Duration::from_secs(20), async {
        while say_text(&fixture.channel, "hello").await.is_err() {}
    })
    .await
    .expect("it may call again after the time that it was told");
}

#[tokio::test]
async fn who_sends_too_fast_waits_and_loses_nothing() {
    let mut config = config();
    config.limits.rates.bytes = 64 << 10;
    let fixture = Fixture::start(config).await;
    let (to_server, outgoing) = tokio::sync::mpsc::channel(1);
    let mut echoes = chat(&fixture.channel, tokio_stream::wrappers::ReceiverStream::new(outgoing)).await.unwrap();
    let started = Instant::now();
    for letter in ["a", "b", "c"] {
        let text = letter.repeat(64 << 10);
        to_server.send(text.clone()).await.unwrap();
        assert_eq!(soon(echoes.next()).await.unwrap().unwrap(), text);
    }
    // The first second's worth comes at once, and each of the others takes a second.
    assert!(started.elapsed() > Duration::from_millis(1900), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_the_transport_refuses_has_a_reason_too() {
    let fixture = Fixture::start(config()).await;
    let mut client = tonic::client::Grpc::new(fixture.channel.clone());
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    let path = "/test.v1.Echo/Shout".parse().unwrap();
    let unknown = client.unary(Request::new(String::new()), path, codec).await.unwrap_err();
    assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::Unimplemented, "UNKNOWN_METHOD"));
    let long = say_text(&fixture.channel, &"x".repeat(2 << 20)).await.unwrap_err();
    assert_eq!((long.code(), reason(&long).as_str()), (Code::OutOfRange, "MESSAGE_TOO_LARGE"));
    let mut packed = Request::new("hello".to_owned());
    packed.metadata_mut().insert("grpc-encoding", "gzip".parse().unwrap());
    let packed = say(&fixture.channel, packed).await.unwrap_err();
    assert_eq!((packed.code(), reason(&packed).as_str()), (Code::Unimplemented, "ENCODING_UNSUPPORTED"));
    assert_eq!(packed.metadata().get("grpc-accept-encoding").unwrap(), "identity");
}

#[tokio::test]
async fn streams_that_ask_nothing_of_their_callers_take_no_place_of_others() {
    let mut config = config();
    config.limits.streams = 20;
    let fixture = Fixture::start(config).await;
    let watch = async || {
        let mut client = HealthClient::new(fixture.channel.clone());
        client.watch(HealthCheckRequest { service: String::new() }).await.map(tonic::Response::into_inner)
    };
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(watch().await.unwrap());
    }
    assert_eq!(reason(&watch().await.unwrap_err()), "OVERLOADED");
    let mut ticks = Vec::new();
    for _ in 0..20 {
        ticks.push(tick(&fixture.channel, Request::new(String::new())).await.unwrap());
    }
    assert_eq!(reason(&tick(&fixture.channel, Request::new(String::new())).await.unwrap_err()), "OVERLOADED");
}

#[tokio::test]
async fn an_answer_of_any_length_arrives_whole() {
    let fixture = Fixture::start(config()).await;
    for length in [0, 1, (16 << 10) - 8, 16 << 10, (16 << 10) + 1, 1 << 19] {
        let text = "x".repeat(length);
        assert_eq!(say_text(&fixture.channel, &text).await.unwrap(), text);
    }
}

#[tokio::test]
async fn calls_are_counted_by_service_method_and_code_and_timed_in_seconds() {
    let fixture = Fixture::start(config()).await;
    say_text(&fixture.channel, "hello").await.unwrap();
    say_text(&fixture.channel, "fault").await.unwrap_err();
    let ticks = tick(&fixture.channel, Request::new(String::new())).await.unwrap();
    let (_, text) = fixture.page("/metrics").await;
    let has = |line: &str| assert!(text.lines().any(|have| have == line), "no {line} in\n{text}");
    has(r#"rpc_server_requests_total{code="OK",method="Say",service="test.v1.Echo"} 1"#);
    has(r#"rpc_server_requests_total{code="FAILED_PRECONDITION",method="Say",service="test.v1.Echo"} 1"#);
    has(r#"rpc_server_duration_seconds_count{method="Say",service="test.v1.Echo"} 2"#);
    has(r#"rpc_server_duration_seconds_bucket{method="Say",service="test.v1.Echo",le="10"} 2"#);
    has(r#"rpc_server_in_flight{kind="stream",method="Tick",service="test.v1.Echo"} 1"#);
    has(r#"rpc_server_in_flight{kind="unary",method="Say",service="test.v1.Echo"} 0"#);
    drop(ticks);
}

#[tokio::test]
async fn a_method_that_does_not_exist_makes_no_label_of_its_own() {
    let fixture = Fixture::start(config()).await;
    let mut client = tonic::client::Grpc::new(fixture.channel.clone());
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    client.unary(Request::new(String::new()), "/no.such.Thing/Do".parse().unwrap(), codec).await.unwrap_err();
    let (_, text) = fixture.page("/metrics").await;
    assert!(text.contains(r#"{code="UNIMPLEMENTED",method="unknown",service="unknown"} 1"#), "{text}");
}

#[tokio::test]
async fn a_finished_call_leaves_the_time_it_took() {
    let fixture = Fixture::start(config()).await;
    let started = Instant::now();
    assert_eq!(say_text(&fixture.channel, "linger").await.unwrap(), "lingered");
    let (_, text) = fixture.page("/metrics").await;
    let sum = text.lines().find(|line| line.starts_with("rpc_server_duration_seconds_sum")).unwrap();
    let seconds: f64 = sum.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((0.1..=started.elapsed().as_secs_f64()).contains(&seconds), "{seconds}");
}
