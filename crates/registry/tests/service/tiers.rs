//! Effective tiers: over types and dependents, as deep as they go, and at once.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use slipway_sdk::pb;
use slipway_sdk::pb::TierOriginKind as Kind;
use slipway_sdk::pb::watch_response::Event;

use crate::support::{Running, fields, name, new_model, reason, start};

/// A model with a tier of its own, if one is given, that depends on others.
async fn create(registry: &Running, id: &str, tier: Option<i32>, on: &[&str]) {
    let mut request = new_model(id);
    let model = request.model.as_mut().unwrap();
    model.criticality = tier.map(|tier| pb::Criticality { tier, ..Default::default() });
    model.depends_on = on.iter().map(|id| name(id).to_string()).collect();
    registry.client.create_model(request).await.unwrap();
}

/// A change of what a model depends on.
fn depending(id: &str, on: &[&str]) -> pb::UpdateModelRequest {
    let depends_on = on.iter().map(|id| name(id).to_string()).collect();
    change(pb::Model { name: name(id).to_string(), depends_on, ..Default::default() }, "depends_on")
}

fn of_tier(id: &str, tier: i32) -> pb::UpdateModelRequest {
    let criticality = Some(pb::Criticality { tier, ..Default::default() });
    change(pb::Model { name: name(id).to_string(), criticality, ..Default::default() }, "criticality")
}

fn change(model: pb::Model, path: &str) -> pb::UpdateModelRequest {
    let update_mask = Some(prost_types::FieldMask { paths: vec![path.to_owned()] });
    pb::UpdateModelRequest { model: Some(model), update_mask, ..Default::default() }
}

/// The effective tier of a model, whose it is, and the ids of who says it and through whom.
async fn tier(registry: &Running, id: &str) -> (i32, Kind, String, String) {
    let model = registry.client.get_model(&name(id)).await.unwrap();
    let origin = model.tier_origin.unwrap();
    let last = |name: &str| name.rsplit('/').next().unwrap().to_owned();
    (model.effective_tier, origin.kind(), last(&origin.source), last(&origin.via))
}

fn through(tier: i32, source: &str, via: &str) -> (i32, Kind, String, String) {
    (tier, Kind::Dependent, source.to_owned(), via.to_owned())
}

#[tokio::test]
async fn what_a_severe_model_depends_on_is_as_severe_at_once_and_says_why() {
    let registry = start().await;
    create(&registry, "c", None, &[]).await;
    create(&registry, "b", Some(3), &["c"]).await;
    assert_eq!(tier(&registry, "c").await, through(3, "b", "b"));
    create(&registry, "a", Some(0), &["b"]).await;
    assert_eq!(tier(&registry, "a").await, (0, Kind::Model, "a".to_owned(), String::new()));
    assert_eq!(tier(&registry, "b").await, through(0, "a", "a"));
    assert_eq!(tier(&registry, "c").await, through(0, "a", "b"));
    registry.client.update_model(of_tier("a", 4)).await.unwrap();
    assert_eq!(tier(&registry, "c").await, through(3, "b", "b"));
    registry.client.update_model(depending("b", &[])).await.unwrap();
    assert_eq!(tier(&registry, "c").await, (4, Kind::Nobody, String::new(), String::new()));
}

#[tokio::test]
async fn a_type_carries_its_tier_to_its_models_and_to_what_they_depend_on() {
    let registry = start().await;
    let kind = |tier| pb::ModelType {
        name: "namespaces/default/modelTypes/ranker".to_owned(),
        criticality: Some(pb::Criticality { tier, ..Default::default() }),
        ..Default::default()
    };
    let update =
        |tier| pb::UpdateModelTypeRequest { model_type: Some(kind(tier)), allow_missing: true, ..Default::default() };
    registry.client.update_model_type(update(2)).await.unwrap();
    create(&registry, "below", None, &[]).await;
    let mut request = new_model("typed");
    let model = request.model.as_mut().unwrap();
    model.model_type = kind(2).name;
    model.depends_on = vec![name("below").to_string()];
    registry.client.create_model(request).await.unwrap();
    assert_eq!(tier(&registry, "typed").await, (2, Kind::ModelType, "ranker".to_owned(), String::new()));
    assert_eq!(tier(&registry, "below").await, through(2, "ranker", "typed"));
    let update = pb::UpdateModelTypeRequest { allow_missing: false, ..update(1) };
    registry.client.update_model_type(update).await.unwrap();
    assert_eq!(tier(&registry, "below").await, through(1, "ranker", "typed"));
    let again = registry.restart().await;
    assert_eq!(tier(&again, "below").await, through(1, "ranker", "typed"), "after a restart, too");
}

#[tokio::test]
async fn nothing_depends_on_itself_and_the_circle_is_told() {
    let registry = start().await;
    create(&registry, "c", None, &[]).await;
    create(&registry, "b", None, &["c"]).await;
    create(&registry, "a", None, &["b"]).await;
    let refused = registry.client.update_model(depending("c", &["a"])).await.unwrap_err();
    assert_eq!(refused.violations()[0].field, "model.depends_on");
    assert!(refused.to_string().contains("c → a → b → c"), "{refused}");
    assert_eq!(fields(registry.client.update_model(depending("c", &["c"])).await), ["model.depends_on"]);
    let dry = pb::UpdateModelRequest { validate_only: true, ..depending("c", &["b"]) };
    assert!(registry.client.update_model(dry).await.unwrap_err().to_string().contains("c → b → c"));
}

#[tokio::test]
async fn what_is_named_must_be_there_in_the_same_namespace_and_not_be_too_many() {
    let registry = start().await;
    create(&registry, "a", None, &[]).await;
    let missing = registry.client.update_model(depending("a", &["none", "never"])).await;
    assert_eq!(fields(missing), ["model.depends_on", "model.depends_on"]);
    let named = |names: Vec<String>| {
        change(pb::Model { name: name("a").to_string(), depends_on: names, ..Default::default() }, "depends_on")
    };
    let other = named(vec!["namespaces/other/models/a".to_owned(), "nonsense".to_owned()]);
    assert_eq!(fields(registry.client.update_model(other).await), ["model.depends_on[1]"]);
    let other = named(vec!["namespaces/other/models/a".to_owned()]);
    assert!(!fields(registry.client.update_model(other).await).is_empty());
    let many: Vec<_> = (0..65).map(|number| name(&format!("m{number}")).to_string()).collect();
    let refused = registry.client.update_model(named(many)).await.unwrap_err();
    assert!(refused.to_string().contains("at most 64"), "{refused}");
}

#[tokio::test]
async fn what_is_depended_on_is_not_deleted_and_what_is_deleted_depends_on_nothing() {
    let registry = start().await;
    create(&registry, "b", None, &[]).await;
    create(&registry, "a", Some(0), &["b"]).await;
    let delete = |id: &str| pb::DeleteModelRequest { name: name(id).to_string(), ..Default::default() };
    let refused = registry.client.delete_model(delete("b")).await.unwrap_err();
    assert_eq!(refused.reason(), "IN_USE");
    assert!(refused.to_string().contains("models/a"), "{refused}");
    registry.client.delete_model(delete("a")).await.unwrap();
    assert_eq!(tier(&registry, "b").await.0, 4);
    registry.client.delete_model(delete("b")).await.unwrap();
    let back = |id: &str| pb::UndeleteModelRequest { name: name(id).to_string(), ..Default::default() };
    assert_eq!(fields(registry.client.undelete_model(back("a")).await), ["model.depends_on"]);
    registry.client.undelete_model(back("b")).await.unwrap();
    registry.client.undelete_model(back("a")).await.unwrap();
    assert_eq!(tier(&registry, "b").await, through(0, "a", "a"));
}

#[tokio::test]
async fn a_chain_of_a_thousand_carries_a_tier_to_its_end() {
    let registry = start().await;
    let id = |number: usize| format!("m{number:04}");
    create(&registry, &id(0), None, &[]).await;
    for number in 1..1000 {
        create(&registry, &id(number), None, &[&id(number - 1)]).await;
    }
    registry.client.update_model(of_tier(&id(999), 0)).await.unwrap();
    assert_eq!(tier(&registry, &id(0)).await, through(0, &id(999), &id(1)));
    let refused = registry.client.update_model(depending(&id(0), &[&id(999)])).await.unwrap_err();
    assert!(refused.to_string().contains("m0000 → m0999 → m0998"), "{refused}");
    assert!(refused.to_string().contains("more → m0000"), "{refused}");
    let again = registry.restart().await;
    assert_eq!(tier(&again, &id(0)).await, through(0, &id(999), &id(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_that_make_a_circle_together_are_not_both_taken() {
    let registry = start().await;
    for round in 0..20 {
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|id| format!("{id}{round}"));
        create(&registry, &a, None, &[]).await;
        create(&registry, &c, None, &[]).await;
        create(&registry, &b, None, &[&c]).await;
        create(&registry, &d, None, &[&a]).await;
        // Each alone leaves a line: a → b → c, and c → d → a. They touch no row in common.
        let (first, second) = (registry.client.clone(), registry.client.clone());
        let (one, other) = (depending(&a, &[&b]), depending(&c, &[&d]));
        let one = tokio::spawn(async move { first.update_model(one).await });
        let other = tokio::spawn(async move { second.update_model(other).await });
        let taken = [one.await.unwrap(), other.await.unwrap()];
        let refused: Vec<_> = taken.iter().filter_map(|taken| taken.as_ref().err()).collect();
        assert_eq!(refused.len(), 1, "{taken:?}");
        assert!(refused[0].to_string().contains("circle"), "{refused:?}");
    }
}

#[tokio::test]
async fn models_are_found_by_where_their_tier_comes_from() {
    let registry = start().await;
    create(&registry, "b", None, &[]).await;
    create(&registry, "a", Some(0), &["b"]).await;
    let found = async |filter: &str| {
        let filter = filter.to_owned();
        let request = pb::ListModelsRequest { parent: "namespaces/-".to_owned(), filter, ..Default::default() };
        let models = registry.client.list_models(request).await.unwrap().models;
        models.into_iter().map(|model| model.name).collect::<Vec<_>>()
    };
    assert_eq!(found("effective_tier = 0").await.len(), 2);
    assert_eq!(found("tier_origin.kind = TIER_ORIGIN_KIND_DEPENDENT").await, [name("b").to_string()]);
    assert_eq!(found("depends_on : \"models/b\"").await, [name("a").to_string()]);
}

#[tokio::test]
async fn a_review_is_kept_and_found() {
    let registry = start().await;
    let review_time = Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 });
    let mut request = new_model("m");
    let own = pb::Criticality { tier: 1, review_time, ..Default::default() };
    request.model.as_mut().unwrap().criticality = Some(own.clone());
    assert_eq!(registry.client.create_model(request.clone()).await.unwrap().criticality, Some(own));
    let filter = "criticality.review_time < 1900000000".to_owned();
    let query = pb::ListModelsRequest { parent: "namespaces/default".to_owned(), filter, ..Default::default() };
    assert_eq!(registry.client.list_models(query).await.unwrap().total_size, 1);
    let nonsense = Some(prost_types::Timestamp { seconds: 1, nanos: -1 });
    request.model_id = "n".to_owned();
    request.model.as_mut().unwrap().criticality.as_mut().unwrap().review_time = nonsense;
    assert_eq!(fields(registry.client.create_model(request).await), ["model.criticality.review_time"]);
}

/// What the next message of a watch says of models: their ids and effective tiers, and whether the state began anew.
async fn told(stream: &mut slipway_sdk::Follow<pb::WatchResponse>) -> Vec<(String, i32)> {
    loop {
        let resources: Vec<_> = match stream.next().await.unwrap().unwrap().event.unwrap() {
            Event::Changes(changes) => changes.changes.into_iter().filter_map(|change| change.resource).collect(),
            Event::InitialState(_) | Event::Progress(_) | Event::Ending(_) => continue,
        };
        let model = |resource: pb::Resource| match resource.resource.unwrap() {
            pb::resource::Resource::Model(model) => Some((model.name, model.effective_tier)),
            _ => None,
        };
        let id = |(name, tier): (String, i32)| (name.rsplit('/').next().unwrap().to_owned(), tier);
        let models: Vec<_> = resources.into_iter().filter_map(model).map(id).collect();
        if !models.is_empty() {
            return models;
        }
    }
}

#[tokio::test]
async fn who_watches_a_model_hears_of_a_tier_that_another_changed() {
    let registry = start().await;
    create(&registry, "c", None, &[]).await;
    create(&registry, "b", None, &["c"]).await;
    create(&registry, "a", None, &["b"]).await;
    let mut stream = registry.client.watch(pb::WatchRequest { parent: name("c").to_string(), ..Default::default() });
    let Some(Event::InitialState(_)) = stream.next().await.unwrap().unwrap().event else { panic!("not the state") };
    registry.client.update_model(of_tier("a", 1)).await.unwrap();
    assert_eq!(told(&mut stream).await, [("c".to_owned(), 1)]);
    registry.client.update_model(depending("b", &[])).await.unwrap();
    assert_eq!(told(&mut stream).await, [("c".to_owned(), 4)]);
    let mut all = registry.client.watch(pb::WatchRequest::default());
    let Some(Event::InitialState(_)) = all.next().await.unwrap().unwrap().event else { panic!("not the state") };
    registry.client.update_model(of_tier("a", 2)).await.unwrap();
    assert_eq!(told(&mut all).await, [("a".to_owned(), 2), ("b".to_owned(), 2)]);
}

#[tokio::test]
async fn a_watch_of_the_past_ends_with_the_tiers_that_hold() {
    let registry = start().await;
    create(&registry, "b", None, &[]).await;
    create(&registry, "a", Some(0), &["b"]).await;
    let revision = registry.client.list_models(list()).await.unwrap().revision;
    registry.client.update_model(depending("a", &[])).await.unwrap();
    registry.client.update_model(of_tier("a", 3)).await.unwrap();
    let registry = registry.restart().await;
    let mut stream = registry.client.watch(pb::WatchRequest { after_revision: Some(revision), ..Default::default() });
    // What was changed is told as it was then, what moved with it as it is.
    assert_eq!(told(&mut stream).await, [("a".to_owned(), 0), ("b".to_owned(), 4)]);
    assert_eq!(told(&mut stream).await, [("a".to_owned(), 3)]);
}

fn list() -> pb::ListModelsRequest {
    pb::ListModelsRequest { parent: "namespaces/default".to_owned(), page_size: 1000, ..Default::default() }
}

#[tokio::test]
async fn a_type_that_moves_more_models_than_a_message_holds_is_told_in_parts() {
    let registry = start().await;
    let kind = |tier| pb::ModelType {
        name: "namespaces/default/modelTypes/many".to_owned(),
        criticality: Some(pb::Criticality { tier, ..Default::default() }),
        ..Default::default()
    };
    let update = |tier, allow_missing| pb::UpdateModelTypeRequest {
        model_type: Some(kind(tier)),
        allow_missing,
        ..Default::default()
    };
    registry.client.update_model_type(update(4, true)).await.unwrap();
    for number in 0..2_001 {
        let mut request = new_model(&format!("m{number}"));
        request.model.as_mut().unwrap().model_type = kind(4).name;
        registry.client.create_model(request).await.unwrap();
    }
    let mut stream = registry.client.watch(pb::WatchRequest::default());
    loop {
        match stream.next().await.unwrap().unwrap().event {
            Some(Event::InitialState(part)) if part.complete => break,
            _ => {}
        }
    }
    registry.client.update_model_type(update(1, false)).await.unwrap();
    let (mut told, mut parts) = (BTreeSet::new(), 0);
    loop {
        let Some(Event::Changes(changes)) = stream.next().await.unwrap().unwrap().event else { continue };
        for change in changes.changes {
            if let Some(pb::resource::Resource::Model(model)) = change.resource.unwrap().resource {
                assert_eq!(model.effective_tier, 1);
                told.insert(model.name);
            }
        }
        parts += 1;
        if !changes.partial {
            break;
        }
    }
    assert_eq!(told.len(), 2_001);
    assert!(parts > 1, "{parts}");
}

#[tokio::test]
async fn a_repeated_request_answers_as_the_first_time() {
    let registry = start().await;
    create(&registry, "b", None, &[]).await;
    create(&registry, "a", None, &[]).await;
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned();
    let request = pb::UpdateModelRequest { request_id: id, ..depending("a", &["b"]) };
    let first = registry.client.update_model(request.clone()).await.unwrap();
    assert_eq!(registry.client.update_model(request.clone()).await.unwrap().etag, first.etag);
    let other = pb::UpdateModelRequest { request_id: request.request_id, ..depending("a", &[]) };
    assert_eq!(reason(registry.client.update_model(other).await), "REQUEST_ID_REUSED");
}
