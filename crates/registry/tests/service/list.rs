//! Listings: filters, orders, and pages that all come from one picture.

use slipway_sdk::pb;

use crate::support::{Running, fields, model_with_versions, name, new_model, new_version, reason, start};

fn query(filter: &str, order_by: &str, page_size: i32) -> pb::ListModelsRequest {
    pb::ListModelsRequest {
        parent: "namespaces/default".to_owned(),
        filter: filter.to_owned(),
        order_by: order_by.to_owned(),
        page_size,
        ..Default::default()
    }
}

async fn ids(registry: &Running, query: pb::ListModelsRequest) -> Vec<String> {
    let page = registry.client.list_models(query).await.unwrap();
    page.models.iter().map(|model| model.name.rsplit('/').next().unwrap().to_owned()).collect()
}

async fn five_models() -> Running {
    let registry = start().await;
    for (index, id) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        let mut request = new_model(id);
        let model = request.model.as_mut().unwrap();
        model.owner = if index % 2 == 0 { "even".to_owned() } else { "odd".to_owned() };
        model.criticality = Some(pb::Criticality { tier: 4 - i32::try_from(index).unwrap(), ..Default::default() });
        model.description = "long".to_owned();
        registry.client.create_model(request).await.unwrap();
    }
    registry
}

#[tokio::test]
async fn filters_and_orders_hold_over_computed_fields_too() {
    let registry = five_models().await;
    assert_eq!(ids(&registry, query("", "", 0)).await, ["a", "b", "c", "d", "e"]);
    assert_eq!(ids(&registry, query("owner = even AND effective_tier < 4", "", 0)).await, ["c", "e"]);
    assert_eq!(ids(&registry, query("", "owner desc, effective_tier", 0)).await, ["d", "b", "e", "c", "a"]);
}

#[tokio::test]
async fn pages_show_one_picture_while_models_are_created() {
    let registry = five_models().await;
    let first = registry.client.list_models(query("", "name desc", 2)).await.unwrap();
    assert_eq!((first.models.len(), first.total_size), (2, 5));
    registry.client.create_model(new_model("zz")).await.unwrap();
    registry.client.create_model(new_model("aa")).await.unwrap();
    let mut seen = first.models.clone();
    let mut token = first.next_page_token.clone();
    while !token.is_empty() {
        let next = pb::ListModelsRequest { page_token: token, ..query("", "name desc", 2) };
        let page = registry.client.list_models(next).await.unwrap();
        assert_eq!(page.revision, first.revision);
        seen.extend(page.models);
        token = page.next_page_token;
    }
    let ids: Vec<_> = seen.iter().map(|model| model.name.rsplit('/').next().unwrap()).collect();
    assert_eq!(ids, ["e", "d", "c", "b", "a"]);
}

#[tokio::test]
async fn a_token_of_another_question_or_of_nobody_is_refused() {
    let registry = five_models().await;
    let first = registry.client.list_models(query("", "", 2)).await.unwrap();
    for (filter, token) in [("owner = even", first.next_page_token.as_str()), ("", "forged"), ("", "00")] {
        let next = pb::ListModelsRequest { page_token: token.to_owned(), ..query(filter, "", 2) };
        assert_eq!(fields(registry.client.list_models(next).await), ["page_token"], "{token}");
    }
}

#[tokio::test]
async fn a_token_from_before_a_restart_has_expired() {
    let registry = five_models().await;
    let first = registry.client.list_models(query("", "", 2)).await.unwrap();
    let registry = registry.restart().await;
    let next = pb::ListModelsRequest { page_token: first.next_page_token, ..query("", "", 2) };
    assert_eq!(reason(registry.client.list_models(next).await), "PAGE_TOKEN_EXPIRED");
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_by_field() {
    let registry = five_models().await;
    for (filter, order, size, field) in [
        ("colour = red", "", 0, "filter"),
        ("owner =", "", 0, "filter"),
        ("", "colour", 0, "order_by"),
        ("", "", -1, "page_size"),
        ("", "", 1001, "page_size"),
    ] {
        assert_eq!(fields(registry.client.list_models(query(filter, order, size)).await), [field]);
    }
    let elsewhere = pb::ListModelsRequest { parent: "projects/x".to_owned(), ..query("", "", 0) };
    assert_eq!(fields(registry.client.list_models(elsewhere).await), ["parent"]);
}

#[tokio::test]
async fn the_basic_view_leaves_descriptions_out() {
    let registry = five_models().await;
    let basic = pb::ListModelsRequest { view: pb::View::Basic.into(), ..query("", "", 1) };
    assert_eq!(registry.client.list_models(basic).await.unwrap().models[0].description, "");
    assert_eq!(registry.client.list_models(query("", "", 1)).await.unwrap().models[0].description, "long");
}

#[tokio::test]
async fn all_namespaces_are_listed_by_a_dash() {
    let registry = five_models().await;
    let other = pb::CreateModelRequest { parent: "namespaces/other".to_owned(), ..new_model("f") };
    registry.client.ensure_namespace(&"namespaces/other".parse().unwrap()).await.unwrap();
    registry.client.ensure_team(&"namespaces/other/teams/ranking".parse().unwrap()).await.unwrap();
    registry.client.create_model(other).await.unwrap();
    assert_eq!(ids(&registry, query("", "", 0)).await.len(), 5);
    let all = pb::ListModelsRequest { parent: "namespaces/-".to_owned(), ..query("", "", 0) };
    assert_eq!(ids(&registry, all).await.len(), 6);
}

#[tokio::test]
async fn versions_are_listed_by_number_and_across_models() {
    let registry = start().await;
    model_with_versions(&registry.client, "a", 2).await;
    model_with_versions(&registry.client, "b", 1).await;
    for _ in 0..9 {
        registry.client.create_version(new_version("a", '5')).await.unwrap();
    }
    let list = async |parent: &str, filter: &str| {
        let request =
            pb::ListVersionsRequest { parent: parent.to_owned(), filter: filter.to_owned(), ..Default::default() };
        let page = registry.client.list_versions(request).await.unwrap();
        page.versions.iter().map(|version| version.name.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let numbers = list("namespaces/default/models/a", "").await;
    assert_eq!(numbers, (1..=11).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(list("namespaces/default/models/a", "number > 10").await, ["11"]);
    assert_eq!(list("namespaces/default/models/-", "").await.len(), 12);
    let missing = pb::ListVersionsRequest { parent: name("none").to_string(), ..Default::default() };
    assert_eq!(reason(registry.client.list_versions(missing).await), "NOT_FOUND");
}
