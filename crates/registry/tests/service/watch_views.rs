//! Watching a part: by kind, by filter, and what enters it and leaves it.

use futures_util::StreamExt;
use slipway_sdk::pb::watch_response::Event;
use slipway_sdk::pb::{self, ChangeAction, ResourceKind};
use slipway_sdk::{Follow, Registry};

use crate::support::{Running, fields, model_with_versions, name, new_model, new_version, start, start_on};

const PARENT: &str = "namespaces/default";

/// Models that match `filter`.
fn models(filter: &str) -> pb::WatchRequest {
    let kinds = vec![ResourceKind::Model.into()];
    pb::WatchRequest { kinds, filter: filter.to_owned(), ..Default::default() }
}

/// Everything up to the end of the first state, by the last part of its name.
async fn there(stream: &mut Follow<pb::WatchResponse>) -> Vec<String> {
    let mut there = Vec::new();
    loop {
        let Some(Event::InitialState(part)) = stream.next().await.unwrap().unwrap().event else {
            panic!("not the state")
        };
        there.extend(part.resources.iter().map(|resource| match resource.resource.as_ref().unwrap() {
            pb::resource::Resource::Model(model) => last(&model.name),
            other => format!("{other:?}"),
        }));
        if part.complete {
            return there;
        }
    }
}

fn last(name: &str) -> String {
    name.rsplit('/').next().unwrap().to_owned()
}

/// What the next message with changes says: what became of which resources.
async fn told(stream: &mut Follow<pb::WatchResponse>) -> Vec<(ChangeAction, String)> {
    loop {
        let Some(Event::Changes(changes)) = stream.next().await.unwrap().unwrap().event else { continue };
        let told = changes.changes.into_iter().map(|change| {
            let gone = matches!(change.action(), ChangeAction::LeftFilter | ChangeAction::Delete);
            assert_eq!(change.resource.is_none(), gone, "{change:?}");
            (change.action(), last(&change.name))
        });
        return told.collect();
    }
}

async fn give(registry: &Registry, id: &str, owner: &str) {
    let model = pb::Model { name: name(id).to_string(), owner: owner.to_owned(), ..Default::default() };
    registry.update_model(pb::UpdateModelRequest { model: Some(model), ..Default::default() }).await.unwrap();
}

async fn owned_by_two() -> Running {
    let registry = start().await;
    for (id, owner) in [("a", "ranking"), ("b", "ads")] {
        let mut request = new_model(id);
        request.model.as_mut().unwrap().owner = owner.to_owned();
        registry.client.create_model(request).await.unwrap();
    }
    registry
}

fn one(action: ChangeAction, id: &str) -> Vec<(ChangeAction, String)> {
    vec![(action, id.to_owned())]
}

#[tokio::test]
async fn a_filter_tells_once_of_what_leaves_it_and_of_what_enters_it_and_nothing_of_the_rest() {
    let registry = owned_by_two().await;
    let mut stream = registry.client.watch(models("owner = ranking"));
    assert_eq!(there(&mut stream).await, ["a"]);
    give(&registry.client, "b", "odd").await;
    give(&registry.client, "a", "ads").await;
    assert_eq!(told(&mut stream).await, one(ChangeAction::LeftFilter, "a"));
    give(&registry.client, "a", "odd").await;
    give(&registry.client, "b", "ranking").await;
    assert_eq!(told(&mut stream).await, one(ChangeAction::Update, "b"));
    registry.client.create_model(new_model("c")).await.unwrap();
    assert_eq!(told(&mut stream).await, one(ChangeAction::Create, "c"));
}

#[tokio::test]
async fn a_filter_over_what_is_computed_follows_what_it_is_computed_from() {
    let registry = start().await;
    let of_tier = |tier| pb::ModelType {
        name: format!("{PARENT}/modelTypes/ranker"),
        criticality: Some(pb::Criticality { tier, reason: "as measured".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let set = async |tier| {
        let request =
            pb::UpdateModelTypeRequest { model_type: Some(of_tier(tier)), allow_missing: true, ..Default::default() };
        registry.client.update_model_type(request).await.unwrap();
    };
    set(3).await;
    for id in ["a", "b"] {
        let mut request = new_model(id);
        request.model.as_mut().unwrap().model_type = of_tier(3).name;
        registry.client.create_model(request).await.unwrap();
    }
    let mut severe = registry.client.watch(models("effective_tier <= 1"));
    let mut built = registry.client.watch(models("latest_version > 0"));
    assert!(there(&mut severe).await.is_empty() && there(&mut built).await.is_empty());
    set(0).await;
    let both = |action| ["a", "b"].map(|id| (action, id.to_owned()));
    assert_eq!(told(&mut severe).await, both(ChangeAction::Update));
    set(2).await;
    assert_eq!(told(&mut severe).await, both(ChangeAction::LeftFilter));
    registry.client.create_version(new_version("b", '1')).await.unwrap();
    assert_eq!(told(&mut built).await, one(ChangeAction::Update, "b"));
}

#[tokio::test]
async fn a_version_brings_its_model_with_the_number_that_it_counts_to_now() {
    let registry = owned_by_two().await;
    let mut stream = registry.client.watch(models(""));
    there(&mut stream).await;
    registry.client.create_version(new_version("a", '1')).await.unwrap();
    loop {
        let Some(Event::Changes(changes)) = stream.next().await.unwrap().unwrap().event else { continue };
        let Some(pb::resource::Resource::Model(model)) = changes.changes[0].resource.clone().unwrap().resource else {
            panic!("{changes:?}")
        };
        assert_eq!((model.latest_version, changes.changes.len()), (1, 1));
        assert_eq!(model, registry.client.get_model(&name("a")).await.unwrap(), "as it is read, to its etag");
        break;
    }
}

#[tokio::test]
async fn kinds_that_are_not_asked_for_are_not_told_of() {
    let registry = owned_by_two().await;
    let kinds = vec![ResourceKind::Version.into(), ResourceKind::Traffic.into()];
    let mut stream = registry.client.watch(pb::WatchRequest { kinds, ..Default::default() });
    assert_eq!(there(&mut stream).await.len(), 2, "the traffic of both");
    give(&registry.client, "a", "odd").await;
    registry.client.create_version(new_version("a", '1')).await.unwrap();
    assert_eq!(told(&mut stream).await, one(ChangeAction::Create, "1"));
}

#[tokio::test]
async fn a_filter_must_be_understood_by_every_kind_that_is_watched() {
    let registry = owned_by_two().await;
    let refused = async |kinds: Vec<i32>, filter: &str| {
        let request = pb::WatchRequest { kinds, filter: filter.to_owned(), ..Default::default() };
        fields::<()>(Err(registry.client.watch(request).next().await.unwrap().unwrap_err()))
    };
    let (model, version) = (ResourceKind::Model.into(), ResourceKind::Version.into());
    assert_eq!(refused(vec![], "owner = ranking").await, ["filter"]);
    assert_eq!(refused(vec![model, version], "owner = ranking").await, ["filter"]);
    assert_eq!(refused(vec![model], "owner =").await, ["filter"]);
    assert_eq!(refused(vec![0], "").await, ["kinds"]);
    assert_eq!(refused(vec![99], "").await, ["kinds"]);
    let named = pb::WatchRequest { filter: "name = \"*/a\"".to_owned(), ..Default::default() };
    assert_eq!(there(&mut registry.client.watch(named)).await, ["a"], "all kinds have a name");
}

#[tokio::test]
async fn who_resumes_after_a_restart_is_told_what_left_the_filter_while_it_was_away() {
    let registry = owned_by_two().await;
    let mut stream = registry.client.watch(models("owner = ranking"));
    assert_eq!(there(&mut stream).await, ["a"]);
    drop(stream);
    let after_revision = Some(registry.client.list_models(list()).await.unwrap().revision);
    give(&registry.client, "a", "ads").await;
    give(&registry.client, "b", "ranking").await;
    give(&registry.client, "b", "odd").await;
    let registry = registry.restart().await;
    let mut stream = registry.client.watch(pb::WatchRequest { after_revision, ..models("owner = ranking") });
    assert_eq!(told(&mut stream).await, one(ChangeAction::LeftFilter, "a"));
    assert_eq!(told(&mut stream).await, one(ChangeAction::Update, "b"));
    assert_eq!(told(&mut stream).await, one(ChangeAction::LeftFilter, "b"));
    registry.client.create_model(new_model("c")).await.unwrap();
    assert_eq!(told(&mut stream).await, one(ChangeAction::Create, "c"));
}

fn list() -> pb::ListModelsRequest {
    pb::ListModelsRequest { parent: PARENT.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn who_resumes_misses_nothing_of_what_is_computed_from_what_was_changed_later() {
    let registry = start().await;
    let team = |registry: &Running, tier| {
        let model_type = pb::ModelType {
            name: format!("{PARENT}/modelTypes/ranker"),
            criticality: Some(pb::Criticality { tier, reason: "as measured".to_owned(), ..Default::default() }),
            ..Default::default()
        };
        let client = registry.client.clone();
        let request =
            pb::UpdateModelTypeRequest { model_type: Some(model_type), allow_missing: true, ..Default::default() };
        async move { client.update_model_type(request).await.unwrap() }
    };
    team(&registry, 1).await;
    let mut request = new_model("a");
    request.model.as_mut().unwrap().model_type = format!("{PARENT}/modelTypes/ranker");
    registry.client.create_model(request).await.unwrap();
    let filter = "owner = ranking AND effective_tier <= 1";
    let mut stream = registry.client.watch(models(filter));
    assert_eq!(there(&mut stream).await, ["a"]);
    drop(stream);
    let after_revision = Some(registry.client.list_models(list()).await.unwrap().revision);
    team(&registry, 4).await;
    give(&registry.client, "a", "ads").await;
    let registry = registry.restart().await;
    let mut stream = registry.client.watch(pb::WatchRequest { after_revision, ..models(filter) });
    assert_eq!(told(&mut stream).await, one(ChangeAction::LeftFilter, "a"));
}

#[tokio::test]
async fn what_is_forgotten_for_good_is_deleted_for_whoever_saw_it() {
    let registry = owned_by_two().await;
    let mut stream = registry.client.watch(models("owner = ranking"));
    assert_eq!(there(&mut stream).await, ["a"]);
    for id in ["a", "b"] {
        let request = pb::DeleteModelRequest { name: name(id).to_string(), ..Default::default() };
        registry.client.delete_model(request).await.unwrap();
    }
    assert_eq!(told(&mut stream).await, one(ChangeAction::Update, "a"));
    registry.clock.advance(std::time::Duration::from_secs(31 * 24 * 3600)).await;
    assert_eq!(told(&mut stream).await, one(ChangeAction::Delete, "a"));
    let left = start_on(std::sync::Arc::clone(&registry.store)).await;
    model_with_versions(&left.client, "c", 1).await;
}
