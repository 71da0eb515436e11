//! The past of a model that changed hands: seen by whoever may see it both as it is owned now and as it was owned then.

use slipway_proto::registry::v1 as pb;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use tonic::{Code, Request, Status};

use crate::messages::{PARENT, REGISTRY, model, new_model, new_team, new_version, owned};
use crate::services::Services;

const POLICY: &str = "\
[[bindings]]
role = \"admin\"
members = [\"token:root\"]

[[bindings]]
role = \"admin\"
members = [\"token:feed\"]
teams = [\"feed\"]

[[bindings]]
role = \"admin\"
members = [\"token:ads\"]
teams = [\"ads\"]

[[bindings]]
role = \"admin\"
members = [\"token:both\"]
teams = [\"ads\", \"feed\"]

[[bindings]]
role = \"viewer\"
members = [\"token:minor\"]
tiers = [3, 4]
";

fn asked<T>(services: &Services, name: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", services.header(name).parse().unwrap());
    request
}

/// A model that feed made, that was given to ads, and that then came to matter less. Returns the revisions after each.
async fn handed_over() -> (Services, [i64; 3]) {
    let services = Services::start(POLICY, &["root", "feed", "ads", "both", "minor"]).await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    for team in ["feed", "ads"] {
        registry.create_team(asked(&services, "root", new_team(team))).await.unwrap();
    }
    registry.create_model(asked(&services, "root", new_model("m", "feed"))).await.unwrap();
    registry.create_version(asked(&services, "root", new_version("m", 1))).await.unwrap();
    let mut revisions = vec![current(&services).await];
    for tier in [1, 4] {
        let given = pb::Model { name: model("m"), ..owned("ads", tier) };
        let request = pb::UpdateModelRequest { model: Some(given), ..Default::default() };
        registry.update_model(asked(&services, "root", request)).await.unwrap();
        revisions.push(current(&services).await);
    }
    (services, revisions.try_into().unwrap())
}

async fn current(services: &Services) -> i64 {
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let request = pb::ListModelsRequest { parent: PARENT.to_owned(), ..Default::default() };
    registry.list_models(asked(services, "root", request)).await.unwrap().into_inner().revision
}

/// Whether the caller reads the model, its version and both listings of them; all of them must say the same.
async fn reads(services: &Services, name: &str, read_revision: i64) -> Result<(), Code> {
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let read_revision = Some(read_revision);
    let code = |result: Result<(), Status>| result.map_err(|status| status.code());
    let get = pb::GetModelRequest { name: model("m"), read_revision, ..Default::default() };
    let found = code(registry.get_model(asked(services, name, get)).await.map(drop));
    let version = format!("{}/versions/1", model("m"));
    let get = pb::GetVersionRequest { name: version.clone(), read_revision, ..Default::default() };
    assert_eq!(code(registry.get_version(asked(services, name, get)).await.map(drop)), found, "{name}");
    let names = vec![version];
    let batch = pb::BatchGetVersionsRequest { parent: model("m"), names, read_revision, ..Default::default() };
    assert_eq!(code(registry.batch_get_versions(asked(services, name, batch)).await.map(drop)), found, "{name}");
    let list = pb::ListModelsRequest { parent: PARENT.to_owned(), read_revision, ..Default::default() };
    let models = registry.list_models(asked(services, name, list)).await.unwrap().into_inner();
    assert_eq!((models.models.len(), models.total_size), (found.iter().count(), found.iter().count() as i64), "{name}");
    let count = pb::AggregateModelsRequest { parent: PARENT.to_owned(), read_revision, ..Default::default() };
    let count = registry.aggregate_models(asked(services, name, count)).await.unwrap().into_inner();
    assert_eq!(count.total.unwrap().models, found.iter().count() as i64, "{name}");
    let triage = pb::TriageModelRequest { name: model("m"), read_revision, ..Default::default() };
    assert_eq!(code(registry.triage_model(asked(services, name, triage)).await.map(drop)), found, "{name}");
    let parent = format!("{PARENT}/models/-");
    let list = pb::ListVersionsRequest { parent, read_revision, ..Default::default() };
    let versions = registry.list_versions(asked(services, name, list)).await.unwrap().into_inner();
    assert_eq!(versions.versions.len(), found.iter().count(), "{name}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_seen_by_who_may_see_it_now_and_then() {
    let (services, [first, given, milder]) = handed_over().await;
    for (name, seen) in [
        ("root", [true, true, true]),
        ("both", [true, true, true]),
        // What ads was given tells it nothing of what the model was before.
        ("ads", [false, true, true]),
        // And who gave it away sees no more of it, not even what was theirs.
        ("feed", [false, false, false]),
        // It mattered more then than who sees what matters little may see.
        ("minor", [false, false, true]),
    ] {
        for (revision, seen) in [first, given, milder].into_iter().zip(seen) {
            let expected = if seen { Ok(()) } else { Err(Code::PermissionDenied) };
            assert_eq!(reads(&services, name, revision).await, expected, "{name} at {revision}");
        }
    }
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_different_is_told_to_who_sees_both_ends_of_it() {
    let (services, [first, given, milder]) = handed_over().await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    for (name, from, to, seen) in [
        ("root", first, milder, 1),
        ("both", first, given, 1),
        ("ads", first, milder, 0),
        ("ads", given, milder, 1),
        // From before it was there on it came to be, as far as ads can tell.
        ("ads", 2, milder, 1),
        ("feed", first, milder, 0),
        ("minor", given, milder, 0),
    ] {
        let (from_revision, to_revision) = (Some(from), Some(to));
        let diff = pb::DiffRevisionsRequest { parent: model("m"), from_revision, to_revision, ..Default::default() };
        let found = registry.diff_revisions(asked(&services, name, diff)).await.unwrap().into_inner().diffs;
        let of_model = found.iter().filter(|diff| diff.resource == model("m")).count();
        assert_eq!(of_model, seen, "{name} from {from} to {to}");
    }
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_past_says_nothing_of_what_there_was() {
    let (services, [first, ..]) = handed_over().await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let get = |id: &str, read_revision| pb::GetModelRequest {
        name: model(id),
        read_revision: Some(read_revision),
        ..Default::default()
    };
    let mut refused = Vec::new();
    for (id, revision) in [("m", first), ("none", first), ("none", 0), ("none", 1_000_000)] {
        let status = registry.get_model(asked(&services, "feed", get(id, revision))).await.unwrap_err();
        refused.push((status.code(), status.message().replace("/none", "/m")));
    }
    refused.dedup();
    assert_eq!((refused.len(), refused[0].0), (1, Code::PermissionDenied), "{refused:?}");
    services.stop().await;
}

/// Where the tier of the model comes from, as the caller reads it; the page for whoever is paged must say the same.
async fn origin(services: &Services, name: &str, read_revision: Option<i64>) -> pb::TierOrigin {
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let get = pb::GetModelRequest { name: model("m"), read_revision, ..Default::default() };
    let found = registry.get_model(asked(services, name, get)).await.unwrap().into_inner();
    let triage = pb::TriageModelRequest { name: model("m"), read_revision, ..Default::default() };
    let page = registry.triage_model(asked(services, name, triage)).await.unwrap().into_inner();
    assert_eq!(page.model.unwrap().tier_origin, found.tier_origin, "{name} at {read_revision:?}");
    found.tier_origin.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_raised_a_tier_is_told_to_who_may_see_it_now_and_then() {
    let services = Services::start(POLICY, &["root", "feed", "ads", "both", "minor"]).await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    for team in ["feed", "ads"] {
        registry.create_team(asked(&services, "root", new_team(team))).await.unwrap();
    }
    registry.create_model(asked(&services, "root", new_model("m", "feed"))).await.unwrap();
    let front = pb::Model { depends_on: vec![model("m")], ..owned("ads", 0) };
    let request = pb::CreateModelRequest { model: Some(front), ..new_model("front", "ads") };
    registry.create_model(asked(&services, "root", request)).await.unwrap();
    let then = Some(current(&services).await);
    let given = pb::Model { name: model("front"), ..owned("feed", 0) };
    let request = pb::UpdateModelRequest { model: Some(given), ..Default::default() };
    registry.update_model(asked(&services, "root", request)).await.unwrap();
    for (name, revision, via) in [
        ("root", then, model("front")),
        ("root", None, model("front")),
        // It was not theirs then.
        ("feed", then, String::new()),
        ("feed", None, model("front")),
    ] {
        let origin = origin(&services, name, revision).await;
        assert_eq!(origin.kind(), pb::TierOriginKind::Dependent, "{name} at {revision:?}");
        assert_eq!((&origin.via, &origin.source), (&via, &via), "{name} at {revision:?}");
    }
    services.stop().await;
}
