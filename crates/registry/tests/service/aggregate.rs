//! Counts of models and how well they are looked after, and the page for whoever is paged.

use std::time::Duration;

use slipway_sdk::{AsOf, pb};

use crate::support::{Running, fields, model_with_versions, name, new_model, reason, start};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn by(paths: &[&str]) -> pb::AggregateModelsRequest {
    pb::AggregateModelsRequest {
        parent: "namespaces/default".to_owned(),
        group_by: paths.iter().map(|path| (*path).to_owned()).collect(),
        ..Default::default()
    }
}

fn told(found: &pb::AggregateModelsResponse) -> Vec<String> {
    let group =
        |group: &pb::ModelGroup| format!("{}={}", group.values.join("/"), group.coverage.unwrap_or_default().models);
    found.groups.iter().map(group).collect()
}

async fn groups(registry: &Running, request: pb::AggregateModelsRequest) -> Vec<String> {
    told(&registry.client.aggregate_models(request).await.unwrap())
}

async fn five_models() -> Running {
    let registry = start().await;
    for (index, id) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        let mut request = new_model(id);
        let model = request.model.as_mut().unwrap();
        model.owner = if index < 3 { "even".to_owned() } else { "odd".to_owned() };
        model.surface = if index == 0 { String::new() } else { "feed".to_owned() };
        model.criticality = Some(pb::Criticality { tier: i32::try_from(index % 2).unwrap(), ..Default::default() });
        model.labels = [("season".to_owned(), "summer".to_owned())].into_iter().take(index % 2).collect();
        registry.client.create_model(request).await.unwrap();
    }
    registry
}

async fn serve(registry: &Running, id: &str, number: u64) {
    let generation = registry.client.get_traffic(&name(id)).await.unwrap().generation;
    let ranges = vec![pb::BucketRange { start: 0, end: 100_000, version: name(id).version(number).to_string() }];
    let request = pb::SetTrafficRequest { name: name(id).traffic(), ranges, generation, ..Default::default() };
    registry.client.set_traffic(request).await.unwrap();
}

#[tokio::test]
async fn models_are_counted_by_any_fields_the_largest_groups_first() {
    let registry = five_models().await;
    assert_eq!(groups(&registry, by(&[])).await, ["=5"]);
    assert_eq!(groups(&registry, by(&["owner"])).await, ["even=3", "odd=2"]);
    assert_eq!(groups(&registry, by(&["effective_tier", "surface"])).await, ["0/feed=2", "1/feed=2", "0/=1"]);
    assert_eq!(groups(&registry, by(&["labels.season"])).await, ["=3", "summer=2"]);
    let filtered = pb::AggregateModelsRequest { filter: "effective_tier = 1".to_owned(), ..by(&["owner"]) };
    assert_eq!(groups(&registry, filtered).await, ["even=1", "odd=1"]);
    let elsewhere = pb::AggregateModelsRequest { parent: "namespaces/other".to_owned(), ..by(&["owner"]) };
    assert_eq!(groups(&registry, elsewhere).await, [""; 0]);
}

#[tokio::test]
async fn counts_follow_every_change_and_know_what_they_were() {
    let registry = five_models().await;
    let before = registry.client.aggregate_models(by(&["owner", "effective_tier"])).await.unwrap();
    let move_to = async |id: &str, owner: &str| {
        let model = Some(pb::Model { name: name(id).to_string(), owner: owner.to_owned(), ..Default::default() });
        registry.client.update_model(pb::UpdateModelRequest { model, ..Default::default() }).await.unwrap();
    };
    move_to("a", "odd").await;
    assert_eq!(groups(&registry, by(&["owner"])).await, ["odd=3", "even=2"]);
    let deletion = pb::DeleteModelRequest { name: name("b").to_string(), ..Default::default() };
    registry.client.delete_model(deletion).await.unwrap();
    assert_eq!(groups(&registry, by(&["owner"])).await, ["odd=3", "even=1"]);
    let mut typed = new_model("f");
    let name = "namespaces/default/modelTypes/ranker".to_owned();
    let model_type = |tier| pb::UpdateModelTypeRequest {
        model_type: Some(pb::ModelType {
            name: name.clone(),
            criticality: Some(pb::Criticality { tier, ..Default::default() }),
            ..Default::default()
        }),
        allow_missing: true,
        ..Default::default()
    };
    registry.client.update_model_type(model_type(3)).await.unwrap();
    typed.model.as_mut().unwrap().model_type = name.clone();
    registry.client.create_model(typed).await.unwrap();
    assert_eq!(groups(&registry, by(&["effective_tier"])).await, ["0=3", "1=1", "3=1"]);
    registry.client.update_model_type(model_type(2)).await.unwrap();
    assert_eq!(groups(&registry, by(&["effective_tier"])).await, ["0=3", "1=1", "2=1"]);
    let registry = registry.restart().await;
    let then = registry.client.as_of(AsOf::Revision(u64::try_from(before.revision).unwrap()));
    assert_eq!(then.aggregate_models(by(&["owner", "effective_tier"])).await.unwrap(), before);
}

#[tokio::test]
async fn coverage_tells_who_looks_after_what_until_a_word_expires() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 2).await;
    registry.client.create_model(new_model("idle")).await.unwrap();
    let total = async || registry.client.aggregate_models(by(&[])).await.unwrap().total.unwrap();
    assert_eq!(total().await, pb::Coverage { models: 2, ..Default::default() });
    let attest = pb::AttestModelRequest { name: name("m").to_string(), ..Default::default() };
    registry.client.attest_model(attest).await.unwrap();
    let team = Some(pb::Team {
        name: "namespaces/default/teams/ranking".to_owned(),
        pager_uri: "https://pager.example.org".to_owned(),
        ..Default::default()
    });
    registry.client.update_team(pb::UpdateTeamRequest { team, ..Default::default() }).await.unwrap();
    let evidence_uri = "https://example.org/why".to_owned();
    let criticality = Some(pb::Criticality { tier: 1, evidence_uri, ..Default::default() });
    let model = Some(pb::Model { name: name("m").to_string(), criticality, ..Default::default() });
    registry.client.update_model(pb::UpdateModelRequest { model, ..Default::default() }).await.unwrap();
    serve(&registry, "m", 1).await;
    let first = pb::Coverage { models: 2, live_owner: 1, on_call: 2, evidence: 1, serving: 1, ..Default::default() };
    assert_eq!(total().await, pb::Coverage { score: 4.0 / 7.0, ..first });
    serve(&registry, "m", 2).await;
    assert_eq!(total().await, pb::Coverage { rollback_target: 1, score: 5.0 / 7.0, ..first });
    let quarantine = pb::QuarantineVersionRequest {
        name: name("m").version(1).to_string(),
        reason: "bad".to_owned(),
        ..Default::default()
    };
    registry.client.quarantine_version(quarantine).await.unwrap();
    assert_eq!(total().await.rollback_target, 0);
    registry.clock.advance(180 * DAY).await;
    assert_eq!(total().await.live_owner, 0, "the word of an owner holds for 180 days");
    let then = registry.client.as_of(AsOf::Time("2026-02-01T00:00:00Z".parse().unwrap()));
    assert_eq!(then.aggregate_models(by(&[])).await.unwrap().total.unwrap().live_owner, 1);
}

#[tokio::test]
async fn what_cannot_be_counted_by_is_refused() {
    let registry = five_models().await;
    let asked = async |request| fields(registry.client.aggregate_models(request).await);
    assert_eq!(asked(by(&["owner", "colour"])).await, ["group_by[1]"]);
    assert_eq!(asked(by(&["labels."])).await, ["group_by[0]"]);
    assert_eq!(asked(by(&["owner", "surface", "name", "model_type", "on_call"])).await, ["group_by"]);
    assert_eq!(asked(pb::AggregateModelsRequest { filter: "colour = 1".to_owned(), ..by(&[]) }).await, ["filter"]);
    assert_eq!(asked(pb::AggregateModelsRequest { parent: "projects/x".to_owned(), ..by(&[]) }).await, ["parent"]);
}

#[tokio::test]
async fn a_page_for_whoever_is_paged_tells_all_that_is_known() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 3).await;
    model_with_versions(&registry.client, "m-2", 1).await;
    let team = |id: &str, escalation: &str| pb::UpdateTeamRequest {
        team: Some(pb::Team {
            name: format!("namespaces/default/teams/{id}"),
            escalation: escalation.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    registry.client.update_team(team("ads", "even")).await.unwrap();
    registry.client.update_team(team("even", "ads")).await.unwrap();
    let criticality = Some(pb::Criticality { tier: 0, reason: "pays".to_owned(), ..Default::default() });
    let model =
        Some(pb::Model { name: name("m").to_string(), on_call: "ads".to_owned(), criticality, ..Default::default() });
    registry.client.update_model(pb::UpdateModelRequest { model, ..Default::default() }).await.unwrap();
    serve(&registry, "m", 3).await;
    let request =
        |count| pb::TriageModelRequest { name: name("m").to_string(), change_count: Some(count), ..Default::default() };
    let page = registry.client.triage_model(request(3)).await.unwrap();
    let id = |team: &pb::Team| team.name.rsplit('/').next().unwrap().to_owned();
    assert_eq!(
        (page.owner.as_ref().map(id), page.on_call.as_ref().map(id)),
        (Some("ranking".into()), Some("ads".into()))
    );
    assert_eq!(page.escalation.iter().map(id).collect::<Vec<_>>(), ["even"], "nobody is asked twice");
    assert_eq!(page.tier_sources[0].resource, name("m").to_string());
    assert_eq!(page.serving[0].name, name("m").version(3).to_string());
    assert_eq!(page.rollback_target, name("m").version(2).to_string());
    let changed: Vec<_> = page.changes.iter().map(|change| change.resource.as_str()).collect();
    assert_eq!(changed, [name("m").traffic(), name("m").to_string(), name("m").version(3).to_string()]);
    let turn_off = page.turn_off.unwrap();
    assert_eq!((turn_off.safety(), turn_off.reasons.len()), (pb::Safety::Unsafe, 1));
    let before = u64::try_from(page.changes[1].revision).unwrap() - 1;
    let then = registry.client.as_of(AsOf::Revision(before)).triage_model(request(100)).await.unwrap();
    assert_eq!((then.on_call.as_ref().map(id), then.changes.len()), (Some("ranking".into()), 5));
    assert_eq!((then.serving.len(), then.turn_off.unwrap().safety()), (0, pb::Safety::Safe));
    assert_eq!(fields(registry.client.triage_model(request(101)).await), ["change_count"]);
    let none = pb::TriageModelRequest { name: name("none").to_string(), ..Default::default() };
    assert_eq!(reason(registry.client.triage_model(none).await), "NOT_FOUND");
}
