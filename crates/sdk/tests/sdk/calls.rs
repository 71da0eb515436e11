//! Deadlines, repetitions, ids and errors of single calls.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use slipway_sdk::name::ModelName;
use slipway_sdk::{Code, Registry, pb, with_request_id};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::fake_registry::{FakeRegistry, Turn, unavailable};
use crate::serving::{Serving, endpoint, nowhere};

fn model() -> ModelName {
    ModelName::parse("namespaces/default/models/m").unwrap()
}

fn header(seen: &crate::fake_registry::Seen, name: &str) -> String {
    seen.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn a_service_that_is_unavailable_is_asked_again() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    fake.then(Turn::Refuse(unavailable(None))).then(Turn::Refuse(unavailable(None)));
    Registry::new(&serving.endpoint()).get_model(&model()).await.unwrap();
    assert_eq!(fake.seen().len(), 3);
}

#[tokio::test]
async fn no_other_refusal_is_asked_again() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    let registry = Registry::new(&serving.endpoint());
    let codes = (1..=16).map(Code::from).filter(|code| *code != Code::Unavailable);
    for (calls, code) in codes.enumerate() {
        fake.then(Turn::Refuse(Status::new(code, "no")));
        assert_eq!(registry.get_model(&model()).await.unwrap_err().code(), code);
        assert_eq!(fake.seen().len(), calls + 1, "{code:?}");
    }
}

#[tokio::test]
async fn repetition_ends_after_the_policys_attempts() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    for _ in 0..10 {
        fake.then(Turn::Refuse(unavailable(None)));
    }
    let error = Registry::new(&serving.endpoint()).get_model(&model()).await.unwrap_err();
    assert_eq!((fake.seen().len(), error.reason()), (6, "DRAINING"));
}

#[tokio::test]
async fn the_wait_that_a_service_asks_for_is_kept() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    fake.then(Turn::Refuse(unavailable(Some(Duration::from_millis(300)))));
    let began = Instant::now();
    Registry::new(&serving.endpoint()).get_model(&model()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    fake.then(Turn::Refuse(unavailable(Some(Duration::from_secs(60)))));
    let error = Registry::new(&serving.endpoint()).get_model(&model()).await.unwrap_err();
    assert_eq!((error.code(), error.retry_after()), (Code::Unavailable, Some(Duration::from_secs(60))));
}

#[tokio::test]
async fn a_service_that_does_not_answer_costs_no_more_than_the_deadline() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    fake.then(Turn::Hang);
    let registry = Registry::new(&serving.endpoint()).with_deadline(Duration::from_millis(200));
    let error = registry.get_model(&model()).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn the_service_is_told_how_much_time_is_left() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    let registry = Registry::new(&serving.endpoint()).with_deadline(Duration::from_secs(3));
    registry.get_model(&model()).await.unwrap();
    let timeout = header(&fake.seen()[0], "grpc-timeout");
    let micros: u64 = timeout.strip_suffix('u').expect("in microseconds").parse().unwrap();
    assert!((2_000_000..=3_000_000).contains(&micros), "{timeout}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_told_by_its_address() {
    let address = nowhere();
    let error = Registry::new(&endpoint(address)).get_model(&model()).await.unwrap_err();
    assert_eq!((error.code(), error.reason(), error.is_retryable()), (Code::Unavailable, "UNAVAILABLE", true));
    let text = error.to_string();
    assert!(text.contains(&address.to_string()) && text.contains("slipway up"), "{text}");
}

#[tokio::test]
async fn a_call_reaches_a_service_that_comes_back_in_time() {
    let address = nowhere();
    let policy = slipway_sdk::RetryPolicy {
        attempts: 1_000,
        first: Duration::from_millis(5),
        longest: Duration::from_millis(20),
    };
    let registry = Registry::new(&endpoint(address).with_retry(policy));
    let coming = async {
        let impatient = registry.with_deadline(Duration::from_millis(50));
        assert!(impatient.get_model(&model()).await.is_err());
        Serving::start_at(FakeRegistry::new().routes(), address)
    };
    let name = model();
    let (answer, _serving) = tokio::join!(registry.get_model(&name), coming);
    answer.unwrap();
}

#[tokio::test]
async fn a_mutation_carries_the_same_new_id_through_all_repetitions() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    fake.then(Turn::Refuse(unavailable(None)));
    let registry = Registry::new(&serving.endpoint());
    registry.create_model(pb::CreateModelRequest::default()).await.unwrap();
    registry.create_model(pb::CreateModelRequest::default()).await.unwrap();
    let messages: Vec<_> = fake.seen().into_iter().map(|seen| seen.message).collect();
    assert_eq!(messages[0], messages[1]);
    assert_ne!(messages[1], messages[2]);
    assert!(!messages[0].contains("request_id: \"\""), "{}", messages[0]);
}

#[tokio::test]
async fn a_mutation_keeps_the_id_it_was_given() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    let request = pb::SetTrafficRequest { request_id: "mine".to_owned(), ..Default::default() };
    Registry::new(&serving.endpoint()).set_traffic(request).await.unwrap();
    assert!(fake.seen()[0].message.contains("request_id: \"mine\""));
}

#[tokio::test]
async fn every_call_has_an_id_on_the_wire_which_its_repetitions_share() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    fake.then(Turn::Refuse(unavailable(None)));
    let registry = Registry::new(&serving.endpoint());
    registry.get_model(&model()).await.unwrap();
    registry.get_model(&model()).await.unwrap();
    let ids: Vec<_> = fake.seen().iter().map(|seen| header(seen, "x-request-id")).collect();
    assert_eq!(ids[0].len(), 36);
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
}

#[tokio::test]
async fn calls_on_behalf_of_a_request_carry_its_id() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    let registry = Registry::new(&serving.endpoint());
    with_request_id("caller-7\r\n", registry.get_model(&model())).await.unwrap();
    assert_eq!(header(&fake.seen()[0], "x-request-id"), "caller-7");
}

#[tokio::test]
async fn an_error_tells_all_that_the_service_said() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    let facts = HashMap::from([("model".to_owned(), "m".to_owned())]);
    let mut details = ErrorDetails::with_error_info("MODEL_INVALID", "slipway.dev", facts);
    details.add_bad_request_violation("model.owner", "must be set");
    details.add_precondition_failure_violation("FROZEN", "namespaces/default", "wait for the end of the freeze");
    details.set_request_info("r-1", "");
    fake.then(Turn::Refuse(Status::with_error_details(Code::InvalidArgument, "the model is not valid", details)));
    let error = Registry::new(&serving.endpoint()).get_model(&model()).await.unwrap_err();
    assert_eq!((error.reason(), error.request_id(), error.is_retryable()), ("MODEL_INVALID", "r-1", false));
    assert_eq!(error.facts()["model"], "m");
    assert_eq!(error.violations()[0].field, "model.owner");
    assert_eq!(error.preconditions()[0].kind, "FROZEN");
    let text = error.to_string();
    for part in ["the model is not valid", "MODEL_INVALID", "r-1", "model.owner: must be set", "end of the freeze"] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
}

#[tokio::test]
async fn a_refused_token_is_tried_once_more_if_the_file_has_another_one_by_then() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "first").unwrap();
    let registry = Registry::new(&serving.endpoint().with_token_file(&file).unwrap());
    registry.get_model(&model()).await.unwrap();
    std::fs::write(&file, "second").unwrap();
    fake.then(Turn::Refuse(Status::unauthenticated("old")));
    registry.get_model(&model()).await.unwrap();
    let sent = || {
        let seen = fake.seen();
        seen.iter()
            .map(|seen| seen.headers.get("authorization").unwrap().to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(sent().last().unwrap(), "Bearer second");
    let before = sent().len();
    fake.then(Turn::Refuse(Status::unauthenticated("revoked")));
    assert_eq!(registry.get_model(&model()).await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(sent().len(), before + 1, "the same token is not sent twice");
}

#[tokio::test]
async fn an_export_of_the_ledger_that_ends_without_its_checkpoint_is_none() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    let registry = Registry::new(&serving.endpoint());
    let mut export = registry.export_ledger(pb::ExportLedgerRequest::default()).await.unwrap();
    assert_eq!(export.entries().await.unwrap().unwrap().len(), 1);
    assert_eq!(export.entries().await.unwrap_err().reason(), "EXPORT_CUT");
    assert!(export.checkpoint().is_none());
}
