//! What is deleted, what keeps it from that, what takes it back, and when it is gone for good.

use std::time::Duration;

use slipway_registry::service::Show;
use slipway_sdk::{Error, pb};

use crate::support::{Running, fields, model_with_versions, name, new_model, new_version, reason, start};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn delete(registry: &Running, id: &str) -> Result<pb::Model, Error> {
    registry.client.delete_model(pb::DeleteModelRequest { name: name(id).to_string(), ..Default::default() }).await
}

async fn undelete(registry: &Running, id: &str) -> Result<pb::Model, Error> {
    registry.client.undelete_model(pb::UndeleteModelRequest { name: name(id).to_string(), ..Default::default() }).await
}

async fn serve(registry: &Running, id: &str, version: Option<u64>) {
    let generation = registry.client.get_traffic(&name(id)).await.unwrap().generation;
    let all = |number| pb::BucketRange { start: 0, end: 100_000, version: name(id).version(number).to_string() };
    let ranges = version.map(all).into_iter().collect();
    let request = pb::SetTrafficRequest { name: name(id).traffic(), ranges, generation, ..Default::default() };
    registry.client.set_traffic(request).await.unwrap();
}

async fn listed(registry: &Running, show: Show) -> Vec<String> {
    let show_deleted = show == Show::All;
    let request = pb::ListModelsRequest { parent: "namespaces/default".to_owned(), show_deleted, ..Default::default() };
    let page = registry.client.list_models(request).await.unwrap();
    page.models.into_iter().map(|model| model.name.rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_deleted_is_left_out_refuses_changes_and_comes_back_whole() {
    let registry = start().await;
    model_with_versions(&registry.client, "a", 2).await;
    model_with_versions(&registry.client, "b", 1).await;
    let before = registry.client.get_model(&name("a")).await.unwrap();
    let deleted = delete(&registry, "a").await.unwrap();
    assert_eq!(deleted.purge_time.unwrap().seconds - deleted.delete_time.unwrap().seconds, 30 * 24 * 60 * 60);
    assert_eq!(
        (listed(&registry, Show::Living).await, listed(&registry, Show::All).await),
        (vec!["b".into()], vec!["a".into(), "b".into()])
    );
    assert!(registry.client.get_model(&name("a")).await.unwrap().delete_time.is_some());
    let versions = pb::ListVersionsRequest { parent: "namespaces/-/models/-".to_owned(), ..Default::default() };
    assert_eq!(registry.client.list_versions(versions).await.unwrap().versions.len(), 1);

    assert_eq!(reason(registry.client.create_version(new_version("a", '9')).await), "DELETED");
    assert_eq!(reason(registry.client.create_model(new_model("a")).await), "DELETED");
    let changed = pb::Model { name: name("a").to_string(), surface: "feed".to_owned(), ..Default::default() };
    let update = pb::UpdateModelRequest { model: Some(changed), ..Default::default() };
    assert_eq!(reason(registry.client.update_model(update).await), "DELETED");
    assert_eq!(reason(delete(&registry, "a").await), "NOT_FOUND");

    let registry = registry.restart().await;
    let back = undelete(&registry, "a").await.unwrap();
    assert_eq!((back.delete_time, back.latest_version, back.owner), (None, 2, before.owner));
    assert_eq!(reason(undelete(&registry, "a").await), "ALREADY_EXISTS");
    registry.client.create_version(new_version("a", '9')).await.unwrap();
}

#[tokio::test]
async fn what_is_used_is_not_deleted_and_the_error_says_by_what() {
    let registry = start().await;
    model_with_versions(&registry.client, "a", 2).await;
    serve(&registry, "a", Some(1)).await;
    let error = delete(&registry, "a").await.unwrap_err();
    assert_eq!(error.reason(), "IN_USE");
    assert!(error.to_string().contains(&name("a").traffic()), "{error}");
    let version =
        |number| pb::DeleteVersionRequest { name: name("a").version(number).to_string(), ..Default::default() };
    assert_eq!(reason(registry.client.delete_version(version(1)).await), "IN_USE");
    registry.client.delete_version(version(2)).await.unwrap();
    let team = pb::DeleteTeamRequest { name: "namespaces/default/teams/ranking".to_owned(), ..Default::default() };
    assert_eq!(reason(registry.client.delete_team(team.clone()).await), "IN_USE");
    serve(&registry, "a", None).await;
    delete(&registry, "a").await.unwrap();
    registry.client.delete_team(team).await.unwrap();
    // Its owner is gone: it can't come back before that one does.
    assert_eq!(fields(undelete(&registry, "a").await), ["model.owner"]);
    assert_eq!(fields(registry.client.create_model(new_model("c")).await), ["model.owner"]);
}

#[tokio::test]
async fn a_deleted_version_serves_nobody_and_its_number_is_not_given_again() {
    let registry = start().await;
    model_with_versions(&registry.client, "a", 2).await;
    let version = pb::DeleteVersionRequest { name: name("a").version(2).to_string(), ..Default::default() };
    registry.client.delete_version(version).await.unwrap();
    let all = pb::BucketRange { start: 0, end: 100_000, version: name("a").version(2).to_string() };
    let request = pb::SetTrafficRequest { name: name("a").traffic(), ranges: vec![all], ..Default::default() };
    assert_eq!(fields(registry.client.set_traffic(request).await), ["ranges[0].version"]);
    let next = registry.client.create_version(new_version("a", '3')).await.unwrap();
    assert_eq!(next.name, name("a").version(3).to_string());
}

#[tokio::test]
async fn a_missing_one_is_fine_when_the_caller_says_so() {
    let registry = start().await;
    let gone = pb::DeleteModelRequest { name: name("a").to_string(), allow_missing: true, ..Default::default() };
    registry.client.delete_model(gone.clone()).await.unwrap();
    let wanted = pb::Model { name: name("a").to_string(), owner: "ranking".to_owned(), ..Default::default() };
    let update = pb::UpdateModelRequest { model: Some(wanted), allow_missing: true, ..Default::default() };
    let made = registry.client.update_model(update.clone()).await.unwrap();
    assert_eq!(registry.client.get_traffic(&name("a")).await.unwrap().ranges, []);
    assert_eq!(registry.client.update_model(update).await.unwrap().etag, made.etag, "a second time changes nothing");
    let etag = pb::DeleteModelRequest { name: name("a").to_string(), etag: "1".to_owned(), ..Default::default() };
    assert_eq!(reason(registry.client.delete_model(etag).await), "ETAG_MISMATCH");
    registry.client.delete_model(gone.clone()).await.unwrap();
    let again = registry.client.delete_model(gone).await.unwrap();
    assert!(again.delete_time.is_some());
}

#[tokio::test]
async fn after_thirty_days_it_is_gone_for_good_with_all_that_lies_below_it() {
    let registry = start().await;
    model_with_versions(&registry.client, "a", 3).await;
    model_with_versions(&registry.client, "b", 1).await;
    let moved = pb::AliasMove {
        name: format!("{}/aliases/champion", name("a")),
        version: name("a").version(3).to_string(),
        ..Default::default()
    };
    let set =
        pb::SetAliasesRequest { parent: "namespaces/default".to_owned(), moves: vec![moved], ..Default::default() };
    registry.client.set_aliases(set).await.unwrap();
    delete(&registry, "a").await.unwrap();
    registry.clock.advance(DAY * 29).await;
    assert_eq!(listed(&registry, Show::All).await, ["a", "b"]);
    registry.clock.advance(DAY * 2).await;
    while registry.client.get_model(&name("a")).await.is_ok() {
        registry.clock.advance(Duration::from_secs(600)).await;
    }
    assert_eq!(reason(registry.client.get_version(&name("a").version(1)).await), "NOT_FOUND");
    assert_eq!(reason(registry.client.get_traffic(&name("a")).await), "NOT_FOUND");
    let changes = pb::ListChangesRequest { parent: name("a").to_string(), ..Default::default() };
    let changes = registry.client.list_changes(changes).await.unwrap().changes;
    assert_eq!(changes[0].action(), pb::ChangeAction::Delete);
    assert_eq!((changes[0].principal.as_str(), changes[0].after.is_none()), ("service:registry", true));
    let registry = registry.restart().await;
    assert_eq!(listed(&registry, Show::All).await, ["b"]);
    // A new model of the name begins behind the numbers of the old one.
    registry.client.create_model(new_model("a")).await.unwrap();
    assert_eq!(
        registry.client.create_version(new_version("a", '4')).await.unwrap().name,
        name("a").version(4).to_string()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_to_be_used_while_it_is_deleted_stays() {
    let registry = start().await;
    let mut kept = 0;
    for number in 0..200 {
        let team = format!("team-{number}");
        let name = format!("namespaces/default/teams/{team}");
        registry.client.ensure_team(&name.parse().unwrap()).await.unwrap();
        let mut model = new_model(&format!("m-{number}"));
        model.model.as_mut().unwrap().owner = team;
        let delete = pb::DeleteTeamRequest { name: name.clone(), ..Default::default() };
        let (created, deleted) = tokio::join!(registry.client.create_model(model), registry.client.delete_team(delete));
        let alive = registry.client.get_team(&name.parse().unwrap()).await.unwrap().delete_time.is_none();
        assert_eq!((created.is_ok(), deleted.is_ok()), (alive, !alive), "{created:?} {deleted:?}");
        kept += usize::from(alive);
    }
    assert!(kept > 0, "no model was ever faster");
}
