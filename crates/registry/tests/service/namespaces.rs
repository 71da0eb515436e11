//! Namespaces: what is created in one must find it there.

use std::sync::Arc;
use std::time::Duration;

use slipway_chassis::env::Env;
use slipway_sdk::name::NamespaceName;
use slipway_sdk::pb;
use slipway_store::memory::Memory;
use slipway_store::txn::Txn;

use crate::support::{Running, fields, new_model, reason, start, start_on};

fn named(id: &str) -> NamespaceName {
    format!("namespaces/{id}").parse().unwrap()
}

fn new(id: &str) -> pb::CreateNamespaceRequest {
    let namespace = pb::Namespace { description: "a tenant".to_owned(), ..Default::default() };
    pb::CreateNamespaceRequest { namespace_id: id.to_owned(), namespace: Some(namespace), ..Default::default() }
}

fn delete(id: &str) -> pb::DeleteNamespaceRequest {
    pb::DeleteNamespaceRequest { name: named(id).to_string(), ..Default::default() }
}

fn new_team(namespace: &str) -> pb::CreateTeamRequest {
    pb::CreateTeamRequest { parent: named(namespace).to_string(), team_id: "ranking".to_owned(), ..Default::default() }
}

async fn listed(registry: &Running, request: pb::ListNamespacesRequest) -> Vec<String> {
    let page = registry.client.list_namespaces(request).await.unwrap();
    page.namespaces.into_iter().map(|namespace| namespace.name).collect()
}

#[tokio::test]
async fn the_default_namespace_is_there_from_the_start_and_stays() {
    let registry = start_on(Arc::new(Memory::new())).await;
    assert_eq!(listed(&registry, Default::default()).await, ["namespaces/default"]);
    let default = registry.client.get_namespace(&named("default")).await.unwrap();
    assert_eq!((default.create_time, default.delete_time), (None, None));
    assert_eq!(reason(registry.client.create_namespace(new("default")).await), "ALREADY_EXISTS");
    assert_eq!(fields(registry.client.delete_namespace(delete("default")).await), ["name"]);
    let described = pb::Namespace { description: "ours".to_owned(), ..default };
    let update = pb::UpdateNamespaceRequest { namespace: Some(described), ..Default::default() };
    // The etag of what was never changed is one, too.
    let update = pb::UpdateNamespaceRequest {
        namespace: update.namespace.map(|namespace| pb::Namespace { etag: String::new(), ..namespace }),
        ..update
    };
    let changed = registry.client.update_namespace(update).await.unwrap();
    assert_eq!((changed.description.as_str(), changed.create_time.is_some()), ("ours", true));
    assert_eq!(registry.client.get_namespace(&named("default")).await.unwrap(), changed);
}

#[tokio::test]
async fn nothing_is_created_in_a_namespace_that_is_not_there() {
    let registry = start().await;
    let there = pb::CreateModelRequest { parent: named("eu").to_string(), ..new_model("m") };
    let refused = registry.client.create_team(new_team("eu")).await.unwrap_err();
    assert_eq!(refused.violations()[0].reason, "NO_SUCH_NAMESPACE");
    assert!(refused.violations()[0].description.contains("slipway namespace create eu"), "{refused}");
    assert_eq!(fields(registry.client.create_model(there.clone()).await), ["model.owner", "parent"]);
    let model_type = pb::CreateModelTypeRequest {
        parent: named("eu").to_string(),
        model_type_id: "t".to_owned(),
        ..Default::default()
    };
    assert_eq!(fields(registry.client.create_model_type(model_type.clone()).await), ["parent"]);
    registry.client.create_namespace(new("eu")).await.unwrap();
    registry.client.create_team(new_team("eu")).await.unwrap();
    registry.client.create_model(there).await.unwrap();
    registry.client.create_model_type(model_type).await.unwrap();
    assert_eq!(listed(&registry, Default::default()).await, ["namespaces/default", "namespaces/eu"]);
}

#[tokio::test]
async fn a_namespace_is_deleted_when_it_is_empty_and_taken_back_and_forgotten() {
    let registry = start().await;
    registry.client.create_namespace(new("eu")).await.unwrap();
    registry.client.create_team(new_team("eu")).await.unwrap();
    let refused = registry.client.delete_namespace(delete("eu")).await.unwrap_err();
    assert_eq!(
        (refused.reason(), refused.preconditions()[0].subject.as_str()),
        ("IN_USE", "namespaces/eu/teams/ranking")
    );
    let team = pb::DeleteTeamRequest { name: "namespaces/eu/teams/ranking".to_owned(), ..Default::default() };
    registry.client.delete_team(team).await.unwrap();
    let deleted = registry.client.delete_namespace(delete("eu")).await.unwrap();
    assert!(deleted.delete_time.is_some());
    assert_eq!(listed(&registry, Default::default()).await, ["namespaces/default"]);
    let all = pb::ListNamespacesRequest { show_deleted: true, ..Default::default() };
    assert_eq!(listed(&registry, all).await.len(), 2);
    let other = pb::CreateTeamRequest { team_id: "ads".to_owned(), ..new_team("eu") };
    assert_eq!(fields(registry.client.create_team(other).await), ["parent"]);
    let back = pb::UndeleteTeamRequest { name: "namespaces/eu/teams/ranking".to_owned(), ..Default::default() };
    assert_eq!(fields(registry.client.undelete_team(back.clone()).await), ["parent"]);
    let undelete = pb::UndeleteNamespaceRequest { name: named("eu").to_string(), ..Default::default() };
    registry.client.undelete_namespace(undelete).await.unwrap();
    registry.client.undelete_team(back).await.unwrap();
    registry.client.create_namespace(new("us")).await.unwrap();
    registry.client.delete_namespace(delete("us")).await.unwrap();
    registry.clock.advance(Duration::from_secs(31 * 24 * 3600)).await;
    let gone = async {
        while registry.client.get_namespace(&named("us")).await.is_ok() {
            Env::system().pause(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.expect("it is forgotten");
    registry.client.create_namespace(new("us")).await.unwrap();
}

#[tokio::test]
async fn who_repeats_the_first_change_of_the_default_namespace_gets_the_first_answer() {
    let registry = start().await;
    let described = |description: &str| pb::UpdateNamespaceRequest {
        namespace: Some(pb::Namespace {
            name: named("default").to_string(),
            description: description.to_owned(),
            ..Default::default()
        }),
        request_id: "5f0f9f52-3c0e-4a53-9d5a-1f2f36c3b7a1".to_owned(),
        ..Default::default()
    };
    let first = registry.client.update_namespace(described("ours")).await.unwrap();
    assert_eq!(registry.client.update_namespace(described("ours")).await.unwrap(), first);
    assert_eq!(reason(registry.client.update_namespace(described("theirs")).await), "REQUEST_ID_REUSED");
    let none = pb::Namespace { name: named("none").to_string(), ..Default::default() };
    let none = pb::UpdateNamespaceRequest { namespace: Some(none), ..Default::default() };
    assert_eq!(reason(registry.client.update_namespace(none).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_namespace_that_something_lay_in_before_namespaces_had_to_be_created_is_in_use() {
    let registry = start().await;
    registry.client.create_namespace(new("eu")).await.unwrap();
    registry.client.create_team(new_team("eu")).await.unwrap();
    let row = slipway_registry::keys::resource(&named("eu").to_string());
    registry.store.txn(Txn::new().delete(row)).await.unwrap();
    let registry = registry.restart().await;
    let there = registry.client.get_namespace(&named("eu")).await.unwrap();
    assert_eq!((there.create_time, there.description.as_str()), (None, ""));
    assert_eq!(reason(registry.client.delete_namespace(delete("eu")).await), "IN_USE");
    let allowed = pb::DeleteNamespaceRequest { allow_missing: true, ..delete("eu") };
    assert_eq!(reason(registry.client.delete_namespace(allowed).await), "IN_USE");
    assert_eq!(reason(registry.client.delete_namespace(delete("none")).await), "NOT_FOUND");
}
