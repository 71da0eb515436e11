//! What a manifest comes to.

use slipway_sdk::pb;
use slipway_sdk::pb::resource::Resource as Kind;
use slipway_sdk::pb::watch_response::Event;

use super::{alias, apply, described, entries, labelled, model, request, team, the_model, told, version};
use crate::support::{fields, name, reason, start};

#[tokio::test]
async fn what_is_created_together_may_refer_to_each_other_in_any_order_and_has_one_revision() {
    let registry = start().await;
    let mut all = vec![alias("m", "champion", 2), version("m", 2), version("m", 1), model("m", "new"), team("new")];
    all.push(pb::Resource {
        resource: Some(pb::resource::Resource::Team(pb::Team {
            name: "namespaces/default/teams/first".to_owned(),
            escalation: "new".to_owned(),
            ..Default::default()
        })),
    });
    let applied = apply(&registry, all.clone()).await.unwrap();
    let wanted = ["models/m/aliases/champion", "models/m/versions/2", "models/m/versions/1", "models/m"];
    let wanted = wanted.iter().chain(&["teams/new", "teams/first"]).map(|name| format!("CREATE {name}"));
    assert_eq!(told(&applied), wanted.collect::<Vec<_>>());
    let model = the_model(&registry, "m").await;
    assert_eq!((model.latest_version, model.etag), (2, format!("{:x}", applied.revision)));
    let traffic = registry.client.get_traffic(&name("m")).await.unwrap();
    assert_eq!((traffic.etag, traffic.salt.len()), (format!("{:x}", applied.revision), 32));
    let before = entries(&registry).await;
    let again = apply(&registry, all).await.unwrap();
    assert!(told(&again).iter().all(|line| line.starts_with("NOOP")), "{again:?}");
    assert_eq!((again.revision, entries(&registry).await), (applied.revision, before), "nothing differs: no revision");
    let registry = registry.restart().await;
    let alias = registry.client.get_alias(&format!("{}/aliases/champion", name("m")).parse().unwrap()).await.unwrap();
    assert_eq!(alias.version, name("m").version(2).to_string());
}

#[tokio::test]
async fn an_update_tells_each_field_and_what_is_taken_out_is_emptied() {
    let registry = start().await;
    apply(&registry, vec![labelled("m", "ranking", &[("a", "1"), ("b", "1")])]).await.unwrap();
    let applied = apply(&registry, vec![described("m", "ads", "delays")]).await.unwrap();
    let fields = "description:>delays labels.a:1> labels.b:1> owner:ranking>ads";
    assert_eq!(told(&applied), [format!("UPDATE models/m {fields}")]);
    let model = the_model(&registry, "m").await;
    assert_eq!((&*model.owner, &*model.description, model.labels.len()), ("ads", "delays", 0));
    let change = registry.client.list_changes(pb::ListChangesRequest::default()).await.unwrap().changes.remove(0);
    assert_eq!(change.changed_fields, ["description", "owner", "labels"]);
    // What is required can't be emptied.
    assert_eq!(reason(apply(&registry, vec![model_without_owner()]).await), "INVALID_FIELDS");
}

fn model_without_owner() -> pb::Resource {
    model("m", "")
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let registry = start().await;
    let before = entries(&registry).await;
    let dry = pb::ApplyModelsRequest { validate_only: true, ..request(vec![model("m", "ranking")]) };
    assert_eq!(told(&registry.client.apply_models(dry).await.unwrap()), ["CREATE models/m"]);
    assert_eq!(entries(&registry).await, before);
    let wrong = vec![model("m", "nobody"), version("gone", 1), alias("m", "champion", 7)];
    let dry = pb::ApplyModelsRequest { validate_only: true, ..request(wrong.clone()) };
    let refusals = registry.client.apply_models(dry).await.unwrap().refusals;
    let told: Vec<_> = refusals.iter().map(|one| (one.index, &*one.field, &*one.reason)).collect();
    assert_eq!(told, [(0, "owner", "NO_SUCH_TEAM"), (1, "name", "NO_SUCH_MODEL"), (2, "version", "NO_SUCH_VERSION")]);
    let wanted = ["resources[0].model.owner", "resources[1].version.name", "resources[2].alias.version"];
    assert_eq!(fields(apply(&registry, wrong).await), wanted);
    assert_eq!(entries(&registry).await, before);
}

#[tokio::test]
async fn what_a_filter_finds_and_the_manifest_does_not_name_is_deleted_and_taken_back_when_it_is_named_again() {
    let registry = start().await;
    let mine = [("managed-by", "fleet")];
    let all = ["a", "b", "c"].map(|id| labelled(id, "ranking", &mine));
    apply(&registry, [all.to_vec(), vec![version("c", 1), model("other", "ads")]].concat()).await.unwrap();
    let prune = || pb::ApplyModelsRequest {
        prune: "labels.managed-by = fleet".to_owned(),
        ..request(vec![all[0].clone(), alias("c", "champion", 1)])
    };
    let whole = slipway_sdk::pb::BucketRange { start: 0, end: 100_000, version: name("c").version(1).to_string() };
    let applied = registry.client.apply_models(prune()).await.unwrap();
    let wanted = ["NOOP models/a", "CREATE models/c/aliases/champion", "DELETE models/b"];
    assert_eq!(told(&applied), wanted, "a model is named by what lies below it");
    assert!(the_model(&registry, "b").await.delete_time.is_some());
    let back = apply(&registry, vec![all[1].clone()]).await.unwrap();
    assert_eq!(told(&back), ["UNDELETE models/b"]);
    // What serves is not deleted, and nothing is.
    let set = pb::SetTrafficRequest { name: name("c").traffic(), ranges: vec![whole], ..Default::default() };
    registry.client.set_traffic(set).await.unwrap();
    let alone = pb::ApplyModelsRequest { resources: vec![all[0].clone()], ..prune() };
    let error = registry.client.apply_models(alone).await.unwrap_err();
    assert_eq!(error.reason(), "APPLY_REFUSED");
    assert_eq!(
        (&*error.preconditions()[0].kind, &*error.preconditions()[0].subject),
        ("IN_USE", &*name("c").to_string())
    );
    assert!(the_model(&registry, "b").await.delete_time.is_none());
    let bad = pb::ApplyModelsRequest { prune: "colour = red".to_owned(), ..request(vec![all[0].clone()]) };
    assert_eq!(fields(registry.client.apply_models(bad).await), ["prune"]);
}

#[tokio::test]
async fn what_is_pruned_together_may_depend_on_each_other_whatever_it_is_called() {
    let registry = start().await;
    let mine = [("managed-by", "fleet")];
    let depending = |id: &str, on: &[&str]| {
        let mut resource = labelled(id, "ranking", &mine);
        let Some(Kind::Model(model)) = &mut resource.resource else { panic!() };
        model.depends_on = on.iter().map(|id| name(id).to_string()).collect();
        resource
    };
    let all = vec![depending("a", &[]), depending("b", &["a", "c"]), depending("c", &[]), depending("d", &["a"])];
    apply(&registry, all).await.unwrap();
    let prune = |kept| pb::ApplyModelsRequest { prune: "labels.managed-by = fleet".to_owned(), ..request(vec![kept]) };
    let refused = registry.client.apply_models(prune(depending("d", &["a"]))).await.unwrap_err();
    let holds: Vec<_> = refused.preconditions().iter().map(|one| one.subject.clone()).collect();
    assert_eq!(holds, [name("a").to_string()], "d is kept, and depends on a");
    let applied = registry.client.apply_models(prune(model("other", "ads"))).await.unwrap();
    let wanted = ["CREATE models/other", "DELETE models/a", "DELETE models/b", "DELETE models/c", "DELETE models/d"];
    assert_eq!(told(&applied), wanted);
}

#[tokio::test]
async fn version_numbers_are_kept_with_their_gaps_and_never_given_again() {
    let registry = start().await;
    apply(&registry, vec![model("m", "ranking"), version("m", 7), version("m", 3)]).await.unwrap();
    assert_eq!(fields(apply(&registry, vec![version("m", 5)]).await), ["resources[0].version.name"]);
    let other = pb::Resource {
        resource: Some(pb::resource::Resource::Version(pb::Version {
            name: name("m").version(3).to_string(),
            artifact_uri: "s3://elsewhere".to_owned(),
            artifact_digest: format!("sha256:{:064x}", 3),
            ..Default::default()
        })),
    };
    let error = apply(&registry, vec![other]).await.unwrap_err();
    assert_eq!(
        (error.violations()[0].field.as_str(), error.violations()[0].reason.as_str()),
        ("resources[0].version.artifact_uri", "IMMUTABLE")
    );
    let numbered =
        |version_number| pb::CreateVersionRequest { version_number, ..crate::support::new_version("m", 'a') };
    assert_eq!(fields(registry.client.create_version(numbered(7)).await), ["version_number"]);
    let created = registry.client.create_version(numbered(12)).await.unwrap();
    assert_eq!(created.name, name("m").version(12).to_string());
    assert_eq!(registry.client.create_version(numbered(0)).await.unwrap().name, name("m").version(13).to_string());
}

#[tokio::test]
async fn a_thousand_models_are_watched_as_one_revision() {
    let registry = start().await;
    let mut watch = registry.client.watch(pb::WatchRequest::default());
    let first = futures_util::StreamExt::next(&mut watch).await.unwrap().unwrap();
    assert!(matches!(first.event, Some(Event::InitialState(_))));
    let all: Vec<_> = (0..1000).map(|number| model(&format!("m{number}"), "ranking")).collect();
    let applied = apply(&registry, all).await.unwrap();
    let (mut parts, mut seen) = (vec![], 0);
    while parts.last() != Some(&false) {
        let message = futures_util::StreamExt::next(&mut watch).await.unwrap().unwrap();
        let Some(Event::Changes(changes)) = message.event else { continue };
        assert_eq!(changes.revision, applied.revision);
        seen += changes.changes.len();
        parts.push(changes.partial);
    }
    assert_eq!((seen, parts), (2000, vec![true, true, true, false]), "each model with its traffic");
}
