//! Creating: once, by one of many, never twice by repetition, and never when something is wrong.

use slipway_sdk::pb;

use crate::support::{fields, model_with_versions, name, new_model, new_version, reason, start};

#[tokio::test]
async fn a_model_is_read_back_as_it_was_created() {
    let registry = start().await;
    let created = registry.client.create_model(new_model("ctr")).await.unwrap();
    let read = registry.client.get_model(&name("ctr")).await.unwrap();
    assert_eq!(created, read);
    assert_eq!((read.owner.as_str(), read.effective_tier, read.latest_version), ("ranking", 4, 0));
    assert_eq!(read.label_window.unwrap().seconds, 86_400);
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let registry = start().await;
    let mut request = new_model("CTR!");
    request.parent = "namespace/x".to_owned();
    request.request_id = "1".to_owned();
    let model = request.model.as_mut().unwrap();
    model.owner = String::new();
    model.model_type = "types/x".to_owned();
    model.funnel_stage = 77;
    model.criticality = Some(pb::Criticality { tier: 5, ..Default::default() });
    model.labels.insert("Bad Key".to_owned(), String::new());
    let wanted = [
        "parent",
        "model_id",
        "model.model_type",
        "model.funnel_stage",
        "model.owner",
        "model.criticality.tier",
        "model.labels.Bad Key",
        "request_id",
    ];
    assert_eq!(fields(registry.client.create_model(request).await), wanted);
}

#[tokio::test]
async fn a_model_of_a_type_that_is_not_there_is_refused_and_one_that_is_there_lends_its_tier() {
    let registry = start().await;
    let mut request = new_model("ctr");
    request.model.as_mut().unwrap().model_type = "namespaces/default/modelTypes/click".to_owned();
    assert_eq!(fields(registry.client.create_model(request.clone()).await), ["model.model_type"]);
    let severe = pb::Criticality { tier: 1, reason: "revenue".to_owned(), ..Default::default() };
    let create = pb::CreateModelTypeRequest {
        parent: "namespaces/default".to_owned(),
        model_type_id: "click".to_owned(),
        model_type: Some(pb::ModelType { criticality: Some(severe), ..Default::default() }),
        ..Default::default()
    };
    registry.client.create_model_type(create).await.unwrap();
    assert_eq!(registry.client.create_model(request).await.unwrap().effective_tier, 1);
}

#[tokio::test]
async fn the_same_name_twice_is_refused() {
    let registry = start().await;
    registry.client.create_model(new_model("ctr")).await.unwrap();
    assert_eq!(reason(registry.client.create_model(new_model("ctr")).await), "ALREADY_EXISTS");
}

#[tokio::test]
async fn of_a_hundred_clients_that_create_one_model_exactly_one_wins() {
    let registry = start().await;
    let creations = (0..100).map(|_| {
        let client = registry.client.clone();
        tokio::spawn(async move { client.create_model(new_model("ctr")).await })
    });
    let mut won = 0;
    for creation in creations.collect::<Vec<_>>() {
        match creation.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert_eq!(error.reason(), "ALREADY_EXISTS"),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn versions_created_at_once_get_all_numbers_without_a_gap() {
    let registry = start().await;
    registry.client.create_model(new_model("ctr")).await.unwrap();
    let creations = (0..50).map(|_| {
        let client = registry.client.clone();
        tokio::spawn(async move { client.create_version(new_version("ctr", '1')).await.unwrap().name })
    });
    let mut numbers = Vec::new();
    for creation in creations.collect::<Vec<_>>() {
        let name = creation.await.unwrap();
        numbers.push(name.rsplit('/').next().unwrap().parse::<u32>().unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_has_no_second_effect() {
    let registry = start().await;
    registry.client.create_model(new_model("ctr")).await.unwrap();
    let mut request = new_version("ctr", '1');
    request.request_id = "5f0f9f52-3c0e-4a53-9d5a-1f2f36c3b7a1".to_owned();
    let first = registry.client.create_version(request.clone()).await.unwrap();
    let registry = registry.restart().await;
    let second = registry.client.create_version(request.clone()).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(registry.client.get_model(&name("ctr")).await.unwrap().latest_version, 1);
    request.version.as_mut().unwrap().display_name = "another".to_owned();
    assert_eq!(reason(registry.client.create_version(request).await), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn an_answer_is_forgotten_after_a_day() {
    let registry = start().await;
    registry.client.create_model(new_model("ctr")).await.unwrap();
    let mut request = new_version("ctr", '1');
    request.request_id = "5f0f9f52-3c0e-4a53-9d5a-1f2f36c3b7a1".to_owned();
    registry.client.create_version(request.clone()).await.unwrap();
    let kept = || async {
        let rows = slipway_store::KeyRange::prefix(&b"answer/5f"[..7]);
        registry.store.range(&rows, 0).await.unwrap().entries.len()
    };
    let before = kept().await;
    for _ in 0..30 {
        registry.clock.advance(std::time::Duration::from_secs(3600)).await;
        tokio::task::yield_now().await;
    }
    // The sweep runs beside this test: wait for what it must come to, under the test's own time limit.
    while kept().await >= before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_validated_request_changes_nothing() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 1).await;
    let mut request = new_version("ctr", '2');
    request.validate_only = true;
    let would_be = registry.client.create_version(request).await.unwrap();
    assert!(would_be.name.ends_with("versions/2"));
    assert_eq!(registry.client.get_model(&name("ctr")).await.unwrap().latest_version, 1);
    let missing = name("ctr").version(2);
    assert_eq!(reason(registry.client.get_version(&missing).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_version_needs_a_model_an_address_and_a_digest() {
    let registry = start().await;
    assert_eq!(reason(registry.client.create_version(new_version("none", '1')).await), "NOT_FOUND");
    let mut request = new_version("none", '1');
    request.version = None;
    let wanted = ["version.artifact_uri", "version.artifact_digest"];
    assert_eq!(fields(registry.client.create_version(request.clone()).await), wanted);
    request.version = Some(pb::Version {
        artifact_uri: "not a uri".to_owned(),
        artifact_digest: "md5:1".to_owned(),
        ..Default::default()
    });
    assert_eq!(fields(registry.client.create_version(request).await), wanted);
}
