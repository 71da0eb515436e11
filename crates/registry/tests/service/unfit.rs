//! What nobody should send, and is told so without harm to anybody else.

use std::time::Duration;

use futures_util::StreamExt;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use slipway_sdk::{Code, pb};

use crate::support::{START, fields, model_with_versions, name, new_model, new_version, reason, start};

#[tokio::test]
async fn names_in_capitals_or_in_another_unicode_form_are_no_names() {
    let registry = start().await;
    registry.client.create_model(new_model("ranker")).await.unwrap();
    // A capital, a dotless and a Kelvin sign that become plain letters in lower case, an accent in two forms, another script.
    for id in [
        "Ranker",
        "RANKER",
        "ranker\u{131}",
        "ran\u{212a}er",
        "rank\u{e9}r",
        "ranke\u{301}r",
        "r\u{430}nker",
        "ranker ",
    ] {
        assert_eq!(fields(registry.client.create_model(new_model(id)).await), ["model_id"], "{id}");
        let channel = tonic::transport::Channel::from_shared(registry.address.clone()).unwrap().connect_lazy();
        let request = pb::GetModelRequest { name: format!("namespaces/default/models/{id}"), ..Default::default() };
        let status = RegistryClient::new(channel).get_model(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{id}");
    }
    let list = pb::ListModelsRequest { parent: "namespaces/default".to_owned(), ..Default::default() };
    assert_eq!(registry.client.list_models(list).await.unwrap().total_size, 1);
}

#[tokio::test]
async fn a_request_of_ten_megabytes_is_refused_and_the_connection_goes_on() {
    let registry = start().await;
    let channel = tonic::transport::Channel::from_shared(registry.address.clone()).unwrap().connect().await.unwrap();
    let mut raw = RegistryClient::new(channel);
    let mut large = new_model("large");
    large.model.as_mut().unwrap().description = "x".repeat(10 << 20);
    let refused = raw.create_model(large).await.unwrap_err();
    assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused:?}");
    assert_eq!(raw.create_model(new_model("small")).await.unwrap().into_inner().name, name("small").to_string());
    // What fits into a message may still be more than a field takes.
    let mut long = new_model("long");
    long.model.as_mut().unwrap().description = "x".repeat(1 << 20);
    assert_eq!(fields(registry.client.create_model(long).await), ["model.description"]);
}

#[tokio::test]
async fn a_filter_of_a_thousand_levels_is_refused_in_lists_and_watches() {
    let registry = start().await;
    let deep =
        ["(".repeat(1000) + "owner = x" + &")".repeat(1000), "NOT ".repeat(1000) + "owner = x", "-(".repeat(1000)];
    for filter in deep {
        let list = pb::ListModelsRequest {
            parent: "namespaces/default".to_owned(),
            filter: filter.clone(),
            ..Default::default()
        };
        assert_eq!(fields(registry.client.list_models(list).await), ["filter"]);
        let kinds = vec![pb::ResourceKind::Model.into()];
        let mut watch = registry.client.watch(pb::WatchRequest { filter, kinds, ..Default::default() });
        assert_eq!(fields::<()>(Err(watch.next().await.unwrap().unwrap_err())), ["filter"]);
    }
}

#[tokio::test]
async fn a_page_token_is_of_one_question_and_can_be_made_by_nobody_else() {
    let registry = start().await;
    for id in ["a", "b", "c"] {
        model_with_versions(&registry.client, id, 2).await;
    }
    let models = |page_token: &str| pb::ListModelsRequest {
        parent: "namespaces/default".to_owned(),
        page_size: 1,
        page_token: page_token.to_owned(),
        ..Default::default()
    };
    let token = registry.client.list_models(models("")).await.unwrap().next_page_token;
    let teams = pb::ListTeamsRequest {
        parent: "namespaces/default".to_owned(),
        page_token: token.clone(),
        ..Default::default()
    };
    assert_eq!(fields(registry.client.list_teams(teams).await), ["page_token"], "of another method");
    let deleted = pb::ListModelsRequest { show_deleted: true, ..models(&token) };
    assert_eq!(fields(registry.client.list_models(deleted).await), ["page_token"], "of another question");
    // Another revision, another place, another sum: each digit counts.
    for at in 0..token.len() {
        let digit = if &token[at..=at] == "0" { "1" } else { "0" };
        let forged = format!("{}{digit}{}", &token[..at], &token[at + 1..]);
        assert_eq!(fields(registry.client.list_models(models(&forged)).await), ["page_token"], "{at}");
    }
    assert_eq!(fields(registry.client.list_models(models(&token[1..])).await), ["page_token"]);
    assert_eq!(registry.client.list_models(models(&token)).await.unwrap().models[0].name, name("b").to_string());
}

#[tokio::test]
async fn a_clock_that_jumps_breaks_neither_changes_nor_repetitions_nor_what_is_kept() {
    let registry = start().await;
    registry.clock.advance(Duration::from_secs(3600)).await;
    let first =
        pb::CreateModelRequest { request_id: "67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned(), ..new_model("m") };
    let created = registry.client.create_model(first.clone()).await.unwrap();
    registry.clock.jump_to(START.parse().unwrap());
    // Back: the repetition is known, and what was created in the future is changed, deleted and taken back.
    assert_eq!(registry.client.create_model(first.clone()).await.unwrap(), created);
    let described = pb::Model { name: created.name.clone(), description: "x".to_owned(), ..Default::default() };
    let update = pb::UpdateModelRequest { model: Some(described), ..Default::default() };
    registry.client.update_model(update).await.unwrap();
    let delete = pb::DeleteModelRequest { name: created.name.clone(), ..Default::default() };
    registry.client.delete_model(delete).await.unwrap();
    let undelete = pb::UndeleteModelRequest { name: created.name.clone(), ..Default::default() };
    registry.client.undelete_model(undelete).await.unwrap();
    registry.client.create_version(new_version("m", '1')).await.unwrap();
    // A year on: what is not deleted is there, and the answer to the old request is not.
    registry.clock.jump_to("2027-01-01T00:00:00Z".parse().unwrap());
    registry.clock.advance(Duration::from_secs(3600)).await;
    assert_eq!(registry.client.get_model(&name("m")).await.unwrap().description, "x");
    assert_eq!(reason(registry.client.create_model(first).await), "ALREADY_EXISTS");
    let changes = pb::ListChangesRequest { parent: name("m").to_string(), ..Default::default() };
    let changes = registry.client.list_changes(changes).await.unwrap().changes;
    let revisions: Vec<_> = changes.iter().map(|change| change.revision).collect();
    assert!(revisions.is_sorted_by(|one, other| one >= other), "the order is that of revisions: {revisions:?}");
}
