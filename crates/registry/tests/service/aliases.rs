//! Aliases: what they name, how they move together, and how two who move one at once learn of each other.

use slipway_sdk::{Error, pb};

use crate::support::{Running, fields, model_with_versions, name, reason, start};

/// A move as `a@champion=2:1`, the last part being what is expected, if anything.
fn one(text: &str) -> pb::AliasMove {
    let (alias, versions) = text.split_once('=').unwrap();
    let (id, alias) = alias.split_once('@').unwrap();
    let version = |number: &str| match number {
        "" => String::new(),
        number => name(id).version(number.parse().unwrap()).to_string(),
    };
    let (to, expected) = versions.split_once(':').map_or((versions, None), |(to, expected)| (to, Some(expected)));
    let name = format!("{}/aliases/{alias}", name(id));
    pb::AliasMove { name, version: version(to), expected_version: expected.map(version), ..Default::default() }
}

async fn set(registry: &Running, moves: &[&str]) -> Result<pb::SetAliasesResponse, Error> {
    let moves = moves.iter().map(|text| one(text)).collect();
    let request = pb::SetAliasesRequest { parent: "namespaces/default".to_owned(), moves, ..Default::default() };
    registry.client.set_aliases(request).await
}

async fn names(registry: &Running, parent: &str) -> Vec<String> {
    let request = pb::ListAliasesRequest { parent: parent.to_owned(), ..Default::default() };
    let page = registry.client.list_aliases(request).await.unwrap();
    let short = |alias: &pb::Alias| {
        let part = |text: &str, at| text.split('/').nth(at).unwrap().to_owned();
        format!("{}@{}={}", part(&alias.name, 3), part(&alias.name, 5), part(&alias.version, 5))
    };
    page.aliases.iter().map(short).collect()
}

async fn two_models() -> Running {
    let registry = start().await;
    model_with_versions(&registry.client, "a", 3).await;
    model_with_versions(&registry.client, "b", 2).await;
    registry
}

#[tokio::test]
async fn several_aliases_of_several_models_move_in_one_revision_or_not_at_all() {
    let registry = two_models().await;
    let moved = set(&registry, &["a@champion=1", "a@challenger=2", "b@champion=1"]).await.unwrap();
    assert!(moved.aliases.iter().all(|alias| alias.etag == format!("{:x}", moved.revision)), "{moved:?}");
    let after = ["a@challenger=2", "a@champion=1", "b@champion=1"];
    assert_eq!(names(&registry, "namespaces/default/models/-").await, after);
    let error = set(&registry, &["a@champion=2", "b@champion=2:2"]).await.unwrap_err();
    assert_eq!(error.reason(), "ALIAS_MOVED");
    assert_eq!(error.facts()["current"], name("b").version(1).to_string());
    assert_eq!(fields(set(&registry, &["a@champion=2", "b@champion=9"]).await), ["moves[1].version"]);
    assert_eq!(names(&registry, "namespaces/-/models/-").await, after);
    set(&registry, &["a@challenger=:2", "a@champion=2:1", "b@best=1:"]).await.unwrap();
    let registry = registry.restart().await;
    assert_eq!(names(&registry, &name("a").to_string()).await, ["a@champion=2"]);
    assert_eq!(names(&registry, &name("b").to_string()).await, ["b@best=1", "b@champion=1"]);
}

#[tokio::test]
async fn of_many_who_move_one_alias_at_once_one_wins_and_the_others_learn_it() {
    let registry = two_models().await;
    set(&registry, &["a@champion=1"]).await.unwrap();
    let attempts = (0..100).map(|number| {
        let to = if number % 2 == 0 { "a@champion=2:1" } else { "a@champion=3:1" };
        let registry = &registry;
        async move { set(registry, &[to]).await }
    });
    let answers = futures_util::future::join_all(attempts).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.into_iter().filter_map(Result::err).all(|error| error.reason() == "ALIAS_MOVED"));
}

#[tokio::test]
async fn a_repeated_move_has_no_second_effect_and_one_that_changes_nothing_none_at_all() {
    let registry = two_models().await;
    let request_id = "67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned();
    let moves = vec![one("a@champion=1"), one("b@champion=1")];
    let request = pb::SetAliasesRequest { parent: "namespaces/-".to_owned(), moves, request_id, ..Default::default() };
    let first = registry.client.set_aliases(request.clone()).await.unwrap();
    set(&registry, &["a@champion=2"]).await.unwrap();
    assert_eq!(registry.client.set_aliases(request).await.unwrap(), first);
    assert_eq!(
        registry.client.get_alias(&first.aliases[0].name.parse().unwrap()).await.unwrap().version,
        name("a").version(2).to_string()
    );
    let before = registry.client.list_changes(pb::ListChangesRequest::default()).await.unwrap().changes.len();
    set(&registry, &["a@champion=2", "b@gone="]).await.unwrap();
    let after = registry.client.list_changes(pb::ListChangesRequest::default()).await.unwrap().changes.len();
    assert_eq!(before, after);
}

#[tokio::test]
async fn what_an_alias_names_is_not_deleted_and_every_bad_move_is_told_at_once() {
    let registry = two_models().await;
    set(&registry, &["a@champion=1"]).await.unwrap();
    let version = pb::DeleteVersionRequest { name: name("a").version(1).to_string(), ..Default::default() };
    assert_eq!(reason(registry.client.delete_version(version).await), "IN_USE");
    let other = pb::AliasMove { version: name("b").version(1).to_string(), ..one("a@champion=1") };
    let moves = vec![one("a@Champion=1"), other, one("b@x=1"), one("b@x=2")];
    let request = pb::SetAliasesRequest { parent: "namespaces/default".to_owned(), moves, ..Default::default() };
    assert_eq!(fields(registry.client.set_aliases(request).await), ["moves[0].name", "moves[1].version", "moves"]);
    assert_eq!(fields(set(&registry, &[]).await), ["moves"]);
    assert_eq!(reason(set(&registry, &["c@x=1"]).await), "NOT_FOUND");
}

/// A change of the protection of `a@champion`, which names 1.
async fn protect(registry: &Running, protected: Option<bool>) -> Result<pb::SetAliasesResponse, Error> {
    let moved = pb::AliasMove { protected, ..one("a@champion=1") };
    let request = pb::SetAliasesRequest { parent: "namespaces/-".to_owned(), moves: vec![moved], ..Default::default() };
    registry.client.set_aliases(request).await
}

fn proposal(version: u64, etag: &str) -> pb::ProposeAliasRequest {
    pb::ProposeAliasRequest {
        name: format!("{}/aliases/champion", name("a")),
        version: name("a").version(version).to_string(),
        etag: etag.to_owned(),
        reason: "it won".to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn protection_stays_with_a_move_and_ends_when_somebody_says_so() {
    let registry = two_models().await;
    assert!(protect(&registry, Some(true)).await.unwrap().aliases[0].protected);
    assert!(set(&registry, &["a@champion=2"]).await.unwrap().aliases[0].protected, "who may everything moves it");
    set(&registry, &["a@champion=1"]).await.unwrap();
    assert!(!protect(&registry, Some(false)).await.unwrap().aliases[0].protected);
    assert_eq!(fields(registry.client.propose_alias(proposal(2, "")).await), ["name"], "it moves without an approval");
}

#[tokio::test]
async fn a_proposal_is_kept_until_it_is_taken_back_or_the_alias_moves() {
    let registry = two_models().await;
    protect(&registry, Some(true)).await.unwrap();
    assert_eq!(fields(registry.client.propose_alias(proposal(9, "")).await), ["version"]);
    assert_eq!(reason(registry.client.propose_alias(proposal(2, "abc")).await), "ETAG_MISMATCH");
    let dry = pb::ProposeAliasRequest { validate_only: true, ..proposal(2, "") };
    assert!(registry.client.propose_alias(dry).await.unwrap().proposal.is_some());
    let proposed = registry.client.propose_alias(proposal(2, "")).await.unwrap();
    let waiting = proposed.proposal.clone().unwrap();
    assert_eq!((waiting.version, waiting.reason.as_str()), (name("a").version(2).to_string(), "it won"));
    assert_eq!(names(&registry, &name("a").to_string()).await, ["a@champion=1"]);
    let registry = registry.restart().await;
    let approve = |etag: &str| pb::ApproveAliasRequest {
        name: proposed.name.clone(),
        etag: etag.to_owned(),
        ..Default::default()
    };
    assert_eq!(reason(registry.client.approve_alias(approve("abc")).await), "ETAG_MISMATCH");
    assert_eq!(fields(registry.client.approve_alias(approve("")).await), ["etag"]);
    // Where nobody is asked who they are, everybody is its author.
    assert_eq!(reason(registry.client.approve_alias(approve(&proposed.etag)).await), "OWN_PROPOSAL");
    let back = registry.client.propose_alias(proposal(1, &proposed.etag)).await.unwrap();
    assert_eq!(back.proposal, None);
    assert_eq!(reason(registry.client.approve_alias(approve(&back.etag)).await), "NO_PROPOSAL");
    registry.client.propose_alias(proposal(2, "")).await.unwrap();
    let moved = set(&registry, &["a@champion=3"]).await.unwrap();
    assert_eq!(moved.aliases[0].proposal, None);
    let parent = proposed.name.clone();
    let history = registry.client.list_changes(pb::ListChangesRequest { parent, ..Default::default() }).await.unwrap();
    let fields: Vec<_> = history.changes.iter().map(|change| change.changed_fields.join(" ")).collect();
    assert_eq!(fields, ["version proposal", "proposal", "proposal", "proposal", ""]);
}
