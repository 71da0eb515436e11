//! The past: what was known at a revision or at a moment, whatever has happened since.

use std::time::Duration;

use slipway_sdk::{AsOf, Registry, pb};

use crate::support::{
    Running, START, fields, model_with_versions, name, new_model, new_version, reason, start, start_on,
};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn at(text: &str) -> AsOf {
    AsOf::Time(text.parse().unwrap())
}

async fn alias(registry: &Running, id: &str, number: u64) -> u64 {
    let (name, version) = (format!("{}/aliases/champion", name(id)), name(id).version(number).to_string());
    let version = if number == 0 { String::new() } else { version };
    let moves = vec![pb::AliasMove { name, version, ..Default::default() }];
    let request = pb::SetAliasesRequest { parent: "namespaces/-".to_owned(), moves, ..Default::default() };
    u64::try_from(registry.client.set_aliases(request).await.unwrap().revision).unwrap()
}

async fn update(registry: &Running, model: pb::Model) -> pb::Model {
    let request = pb::UpdateModelRequest { model: Some(model), ..Default::default() };
    registry.client.update_model(request).await.unwrap()
}

async fn model_type(registry: &Running, tier: i32) {
    let criticality = Some(pb::Criticality { tier, ..Default::default() });
    let name = "namespaces/default/modelTypes/ranker".to_owned();
    let model_type = Some(pb::ModelType { name, criticality, ..Default::default() });
    let request = pb::UpdateModelTypeRequest { model_type, allow_missing: true, ..Default::default() };
    registry.client.update_model_type(request).await.unwrap();
}

/// The number that the champion of `id` named.
async fn champion(registry: &Registry, id: &str) -> String {
    let name = format!("{}/aliases/champion", name(id)).parse().unwrap();
    match registry.get_alias(&name).await {
        Ok(alias) => alias.version.rsplit('/').next().unwrap().to_owned(),
        Err(error) => error.reason().to_owned(),
    }
}

#[tokio::test]
async fn one_call_says_which_version_was_champion_then() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 3).await;
    let before = registry.client.list_changes(pb::ListChangesRequest::default()).await.unwrap().revision;
    let mut revisions = vec![u64::try_from(before).unwrap()];
    for number in [1, 2, 0, 3] {
        registry.clock.advance(HOUR).await;
        revisions.push(alias(&registry, "m", number).await);
    }
    registry.clock.advance(HOUR).await;
    let registry = registry.restart().await;
    registry.clock.advance(6 * HOUR).await;
    for (hour, number) in ["NOT_FOUND", "1", "2", "NOT_FOUND", "3"].into_iter().enumerate() {
        let then = registry.client.as_of(at(&format!("2026-01-01T{hour:02}:59:00Z")));
        assert_eq!(champion(&then, "m").await, number, "in hour {hour}");
        let then = registry.client.as_of(AsOf::Revision(revisions[hour]));
        assert_eq!(champion(&then, "m").await, number, "at revision {}", revisions[hour]);
    }
    let exactly = registry.client.as_of(at("2026-01-01T02:00:00Z"));
    assert_eq!(champion(&exactly, "m").await, "2", "a change counts from its own instant on");
}

#[tokio::test]
async fn what_is_computed_is_of_the_past_too() {
    let registry = start().await;
    model_type(&registry, 3).await;
    model_with_versions(&registry.client, "m", 1).await;
    let model_type_name = "namespaces/default/modelTypes/ranker".to_owned();
    let typed = pb::Model { name: name("m").to_string(), model_type: model_type_name, ..Default::default() };
    let first = update(&registry, typed).await;
    registry.clock.advance(HOUR).await;
    model_type(&registry, 0).await;
    registry.client.create_version(new_version("m", '7')).await.unwrap();
    let then = registry.client.as_of(at("2026-01-01T00:30:00Z"));
    let (was, is) = (then.get_model(&name("m")).await.unwrap(), registry.client.get_model(&name("m")).await.unwrap());
    assert_eq!((was.effective_tier, was.latest_version), (3, 1));
    assert_eq!((is.effective_tier, is.latest_version), (0, 2));
    assert_eq!(was, first);
    let minor = pb::ListModelsRequest {
        parent: "namespaces/default".to_owned(),
        filter: "effective_tier = 3".to_owned(),
        ..Default::default()
    };
    assert_eq!(then.list_models(minor.clone()).await.unwrap().total_size, 1);
    assert_eq!(registry.client.list_models(minor).await.unwrap().total_size, 0);
    let batch = pb::BatchGetModelsRequest {
        parent: "namespaces/-".to_owned(),
        names: vec![name("m").to_string()],
        ..Default::default()
    };
    assert_eq!(then.batch_get_models(batch).await.unwrap().models, [was]);
}

#[tokio::test]
async fn pages_of_the_past_are_of_one_revision_across_changes_and_a_restart() {
    let registry = start().await;
    for id in ["a", "b", "c", "d", "e"] {
        registry.client.create_model(new_model(id)).await.unwrap();
    }
    registry.clock.advance(HOUR).await;
    let query = |page_token: &str| pb::ListModelsRequest {
        parent: "namespaces/default".to_owned(),
        page_size: 2,
        page_token: page_token.to_owned(),
        order_by: "name desc".to_owned(),
        ..Default::default()
    };
    registry.client.create_model(new_model("later")).await.unwrap();
    let then = at("2026-01-01T00:59:00Z");
    let first = registry.client.as_of(then).list_models(query("")).await.unwrap();
    assert_eq!(first.total_size, 5);
    registry.client.create_model(new_model("zz")).await.unwrap();
    let deletion = pb::DeleteModelRequest { name: name("d").to_string(), ..Default::default() };
    registry.client.delete_model(deletion).await.unwrap();
    let registry = registry.restart().await;
    registry.clock.advance(2 * HOUR).await;
    let (mut seen, mut token) = (first.models, first.next_page_token.clone());
    while !token.is_empty() {
        let page = registry.client.as_of(then).list_models(query(&token)).await.unwrap();
        assert_eq!((page.revision, page.total_size), (first.revision, 5));
        seen.extend(page.models);
        token = page.next_page_token;
    }
    let ids: Vec<_> = seen.iter().map(|model| model.name.rsplit('/').next().unwrap()).collect();
    assert_eq!(ids, ["e", "d", "c", "b", "a"]);
    // A token is of its own moment alone, and can't be made up.
    let other = registry.client.as_of(AsOf::Revision(u64::try_from(first.revision).unwrap()));
    assert_eq!(fields(other.list_models(query(&first.next_page_token)).await), ["page_token"]);
    assert_eq!(fields(registry.client.list_models(query(&first.next_page_token)).await), ["page_token"]);
    let forged = format!("{}0", &first.next_page_token[..first.next_page_token.len() - 1]);
    let forged = if forged == first.next_page_token { forged.replace('0', "1") } else { forged };
    assert_eq!(fields(registry.client.as_of(then).list_models(query(&forged)).await), ["page_token"]);
}

#[tokio::test]
async fn what_was_deleted_taken_back_or_purged_is_there_as_it_was() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 2).await;
    alias(&registry, "m", 2).await;
    let delete = || pb::DeleteModelRequest { name: name("m").to_string(), ..Default::default() };
    let hours = async |count: u32| registry.clock.advance(count * HOUR).await;
    hours(1).await;
    registry.client.delete_model(delete()).await.unwrap();
    hours(1).await;
    let back = pb::UndeleteModelRequest { name: name("m").to_string(), ..Default::default() };
    registry.client.undelete_model(back).await.unwrap();
    hours(1).await;
    registry.client.delete_model(delete()).await.unwrap();
    hours(31 * 24).await;
    while registry.client.get_model(&name("m")).await.is_ok() {
        hours(1).await;
    }
    let then = |text: &str| registry.client.as_of(at(text));
    for (moment, deleted) in [("T00:30:00Z", false), ("T01:30:00Z", true), ("T02:30:00Z", false), ("T03:30:00Z", true)]
    {
        let then = then(&format!("2026-01-01{moment}"));
        let model = then.get_model(&name("m")).await.unwrap();
        assert_eq!((model.delete_time.is_some(), model.latest_version), (deleted, 2), "{moment}");
        assert_eq!(champion(&then, "m").await, "2");
        let versions = pb::ListVersionsRequest { parent: name("m").to_string(), ..Default::default() };
        assert_eq!(then.list_versions(versions).await.unwrap().versions.len(), 2);
        let aliases = pb::ListAliasesRequest { parent: name("m").to_string(), ..Default::default() };
        assert_eq!(then.list_aliases(aliases).await.unwrap().total_size, i64::from(!deleted));
    }
    let gone = registry.clock.now();
    assert_eq!(champion(&registry.client.as_of(AsOf::Time(gone)), "m").await, "NOT_FOUND");
    assert_eq!(reason(registry.client.as_of(AsOf::Time(gone)).get_model(&name("m")).await), "NOT_FOUND");
    hours(1).await;
    // Who makes it anew does not change what it was.
    registry.client.create_model(new_model("m")).await.unwrap();
    registry.client.create_version(new_version("m", '8')).await.unwrap();
    assert_eq!(then("2026-01-01T00:30:00Z").get_model(&name("m")).await.unwrap().latest_version, 2);
    assert_eq!(reason(then("2026-01-01T00:30:00Z").get_version(&name("m").version(3)).await), "NOT_FOUND");
    assert_eq!(reason(registry.client.as_of(AsOf::Time(gone)).get_model(&name("m")).await), "NOT_FOUND");
}

#[tokio::test]
async fn what_is_too_old_still_to_come_or_said_twice_is_refused() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 1).await;
    let current = registry.client.list_changes(pb::ListChangesRequest::default()).await.unwrap().revision;
    let get = async |as_of| registry.client.as_of(as_of).get_model(&name("m")).await;
    // The first revision is that of the ledger's key; the ledger begins with the next.
    for old in [AsOf::Revision(0), AsOf::Revision(1), at("2025-12-31T23:59:59Z"), at("1900-01-01T00:00:00Z")] {
        let error = get(old).await.unwrap_err();
        assert_eq!((error.reason(), error.code()), ("TOO_OLD", slipway_sdk::Code::OutOfRange), "{old:?}");
        assert_eq!((&*error.facts()["oldest"], &*error.facts()["oldest_time"]), ("2", START));
    }
    assert_eq!(reason(get(AsOf::Revision(2)).await), "NOT_FOUND");
    let ahead = get(AsOf::Revision(u64::try_from(current).unwrap() + 1)).await.unwrap_err();
    assert_eq!((ahead.reason(), &*ahead.facts()["current"]), ("REVISION_AHEAD", &*current.to_string()));
    let later = get(at("2026-01-01T00:00:01Z")).await.unwrap_err();
    assert_eq!((later.reason(), later.code()), ("TIME_AHEAD", slipway_sdk::Code::OutOfRange));
    let list = |read_revision, read_time| pb::ListModelsRequest {
        parent: "namespaces/default".to_owned(),
        read_revision,
        read_time,
        ..Default::default()
    };
    let instant = |nanos| Some(prost_types::Timestamp { seconds: 1, nanos });
    assert_eq!(fields(registry.client.list_models(list(Some(2), instant(0))).await), ["read_time"]);
    assert_eq!(fields(registry.client.list_models(list(Some(-1), None)).await), ["read_revision"]);
    assert_eq!(fields(registry.client.list_models(list(None, instant(-1))).await), ["read_time"]);
}

#[tokio::test]
async fn a_registry_that_knows_nothing_yet_has_no_past() {
    let registry = start_on(std::sync::Arc::new(slipway_store::memory::Memory::new())).await;
    let list = pb::ListModelsRequest { parent: "namespaces/-".to_owned(), ..Default::default() };
    let now = registry.client.list_models(list.clone()).await.unwrap().revision;
    let then = registry.client.as_of(AsOf::Revision(u64::try_from(now).unwrap()));
    assert_eq!(then.list_models(list.clone()).await.unwrap().total_size, 0);
    assert_eq!(reason(registry.client.as_of(AsOf::Revision(0)).list_models(list.clone()).await), "TOO_OLD");
    assert_eq!(reason(registry.client.as_of(at("2025-01-01T00:00:00Z")).list_models(list).await), "TOO_OLD");
}

#[tokio::test]
async fn time_stands_still_while_a_clock_is_set_back() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 3).await;
    registry.clock.advance(2 * HOUR).await;
    alias(&registry, "m", 1).await;
    // The clock of another process begins at its beginning again.
    let registry = registry.restart().await;
    registry.clock.advance(HOUR).await;
    alias(&registry, "m", 2).await;
    registry.clock.advance(2 * HOUR).await;
    alias(&registry, "m", 3).await;
    let asked = async |text: &str| champion(&registry.client.as_of(at(text)), "m").await;
    assert_eq!(
        asked("2026-01-01T01:30:00Z").await,
        "NOT_FOUND",
        "what was answered before the jump is answered for ever"
    );
    assert_eq!(asked("2026-01-01T02:00:00Z").await, "2");
    assert_eq!((asked("2026-01-01T02:59:59Z").await, asked("2026-01-01T03:00:00Z").await), ("2".into(), "3".into()));
}

#[tokio::test]
async fn the_ledger_too_is_listed_as_it_was() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 3).await;
    registry.clock.advance(HOUR).await;
    registry.client.create_model(new_model("later")).await.unwrap();
    let all = pb::ListChangesRequest { page_size: 4, ..Default::default() };
    let then = registry.client.as_of(at("2026-01-01T00:30:00Z"));
    let first = then.list_changes(all.clone()).await.unwrap();
    assert_eq!(first.changes[0].resource, name("m").version(3).to_string());
    registry.client.create_model(new_model("still-later")).await.unwrap();
    let next = pb::ListChangesRequest { page_token: first.next_page_token, ..all };
    let second = then.list_changes(next).await.unwrap();
    assert_eq!((second.revision, &second.changes[0].resource), (first.revision, &name("m").to_string()));
}

/// All that can be listed, as the wire tells it.
async fn everything(registry: &Registry) -> String {
    let (parent, models) = ("namespaces/-".to_owned(), "namespaces/-/models/-".to_owned());
    let list = pb::ListModelsRequest { parent: parent.clone(), show_deleted: true, ..Default::default() };
    let mut known = registry.list_models(list).await.unwrap().models;
    known.iter_mut().for_each(|model| model.labels.clear());
    let list = pb::ListVersionsRequest { parent: models.clone(), show_deleted: true, ..Default::default() };
    let versions = registry.list_versions(list).await.unwrap().versions;
    let list = pb::ListAliasesRequest { parent: models, ..Default::default() };
    let aliases = registry.list_aliases(list).await.unwrap().aliases;
    let list = pb::ListModelTypesRequest { parent: parent.clone(), show_deleted: true, ..Default::default() };
    let types = registry.list_model_types(list).await.unwrap().model_types;
    let list = pb::ListTeamsRequest { parent, show_deleted: true, ..Default::default() };
    let teams = registry.list_teams(list).await.unwrap().teams;
    let mut traffic = Vec::new();
    for model in &known {
        traffic.push(registry.get_traffic(&model.name.parse().unwrap()).await.unwrap());
    }
    format!("{known:?} {versions:?} {aliases:?} {types:?} {teams:?} {traffic:?}")
}

/// One change of many kinds, chosen by `number`.
async fn some_change(registry: &Running, number: u64) {
    let id = ["a", "b", "c"][usize::try_from(number % 3).unwrap()];
    let of = name(id);
    // What is refused changes nothing, which is as good here.
    match number % 11 {
        0 | 7 => drop(registry.client.create_model(new_model(id)).await),
        1 | 8 => drop(registry.client.create_version(new_version(id, '5')).await),
        2 => model_type(registry, i32::try_from(number % 5).unwrap()).await,
        3 => {
            let owner = if number.is_multiple_of(2) { "even" } else { "odd" }.to_owned();
            let model = pb::Model { name: of.to_string(), owner, ..Default::default() };
            let request = pb::UpdateModelRequest { model: Some(model), ..Default::default() };
            drop(registry.client.update_model(request).await);
        }
        4 => {
            let request = pb::DeleteModelRequest { name: of.to_string(), ..Default::default() };
            drop(registry.client.delete_model(request).await);
        }
        5 => {
            let request = pb::UndeleteModelRequest { name: of.to_string(), ..Default::default() };
            drop(registry.client.undelete_model(request).await);
        }
        6 | 9 => {
            let version = if number.is_multiple_of(4) { String::new() } else { of.version(1).to_string() };
            let moves = vec![pb::AliasMove { name: format!("{of}/aliases/champion"), version, ..Default::default() }];
            let request = pb::SetAliasesRequest { parent: "namespaces/-".to_owned(), moves, ..Default::default() };
            drop(registry.client.set_aliases(request).await);
        }
        _ => {
            let request = pb::QuarantineVersionRequest {
                name: of.version(1).to_string(),
                reason: "why not".to_owned(),
                ..Default::default()
            };
            drop(registry.client.quarantine_version(request).await);
        }
    }
}

#[tokio::test]
async fn every_picture_of_the_past_is_what_was_seen_then() {
    let registry = start().await;
    let (mut seen, mut number) = (Vec::<(u64, String)>::new(), 1);
    while seen.len() < 60 {
        number = number * 48_271 % 2_147_483_647;
        some_change(&registry, number).await;
        let list = pb::ListModelsRequest { parent: "namespaces/-".to_owned(), ..Default::default() };
        let revision = u64::try_from(registry.client.list_models(list).await.unwrap().revision).unwrap();
        if seen.last().is_none_or(|(last, _)| *last != revision) {
            seen.push((revision, everything(&registry.client).await));
        }
    }
    let registry = registry.restart().await;
    // Back and forth, so that pictures are made of later and of earlier ones.
    let order = (0..seen.len()).map(|step| if step % 2 == 0 { step / 2 } else { seen.len() - 1 - step / 2 });
    for index in order {
        let (revision, picture) = &seen[index];
        let then = registry.client.as_of(AsOf::Revision(*revision));
        assert_eq!(everything(&then).await, *picture, "at revision {revision}");
    }
}
