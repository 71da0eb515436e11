//! One team at another team's models: nothing is changed, nothing is seen, and nothing tells what exists.

use std::collections::BTreeSet;
use std::time::Duration;

use slipway_chassis::env::Env;
use slipway_proto::launcher::v1 as launcher;
use slipway_proto::launcher::v1::launcher_client::LauncherClient;
use slipway_proto::registry::v1 as registry;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use slipway_proto::registry::v1::watch_response::Event;
use tonic::{Code, Request, Status};

use crate::matrix::methods;
use crate::messages::{
    HEALTH, LAUNCHER, PARENT, REGISTRY, about, all_traffic, model, new_launch, new_model, new_team, new_version, owned,
    report,
};
use crate::services::Services;

/// Two teams, each with all rights on what is its own, and somebody who may everything.
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
members = [\"token:minor\"]
tiers = [3, 4]
";

/// Methods about many resources, about types or about a whole service, which have tests of their own.
const OTHERS: [&str; 37] = [
    "CreateModelType",
    "GetModelType",
    "ListModelTypes",
    "UpdateModelType",
    "DeleteModelType",
    "UndeleteModelType",
    "CreateTeam",
    "GetTeam",
    "ListTeams",
    "UpdateTeam",
    "DeleteTeam",
    "UndeleteTeam",
    "CreatePolicy",
    "GetPolicy",
    "ListPolicies",
    "UpdatePolicy",
    "DeletePolicy",
    "UndeletePolicy",
    "CheckPolicies",
    "CreateModel",
    "ListModels",
    "ListLaunches",
    "GetCheckpoint",
    "ProveInclusion",
    "ProveConsistency",
    "ExportLedger",
    "GetCaller",
    "ExplainAccess",
    "Backup",
    "ReportSightings",
    "ListSightings",
    "CreateNamespace",
    "GetNamespace",
    "ListNamespaces",
    "UpdateNamespace",
    "DeleteNamespace",
    "UndeleteNamespace",
];

/// A request as somebody.
pub fn asked<T>(services: &Services, name: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", services.header(name).parse().unwrap());
    request
}

/// The services with a model of each team, both with two versions, traffic, observations and a launch.
async fn peopled() -> (Services, [String; 2]) {
    let services = Services::start(POLICY, &["root", "feed", "ads", "minor"]).await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let mut launches = LauncherClient::new(services.channel(LAUNCHER));
    let mut names = Vec::new();
    for id in ["feed", "ads"] {
        registry.create_team(asked(&services, "root", new_team(id))).await.unwrap();
        registry.create_model(asked(&services, id, new_model(id, id))).await.unwrap();
        registry.create_version(asked(&services, id, new_version(id, 1))).await.unwrap();
        registry.create_version(asked(&services, id, new_version(id, 2))).await.unwrap();
        registry.set_traffic(asked(&services, id, all_traffic(id))).await.unwrap();
        let launch = launches.create_launch(asked(&services, id, new_launch(id))).await.unwrap();
        names.push(launch.into_inner().name);
        heard(&services, id).await;
    }
    (services, names.try_into().unwrap())
}

/// Reports for a model as its team, as soon as the health monitor has heard whose it is.
async fn heard(services: &Services, id: &str) {
    let method = format!("{HEALTH}/Report");
    for _ in 0..1000 {
        match services.call(&method, &report(id, id), Some(id)).await {
            Ok(()) => return,
            Err(status) => assert!(matches!(status.code(), Code::Unavailable | Code::PermissionDenied), "{status:?}"),
        }
        Env::system().pause(Duration::from_millis(20)).await;
    }
    panic!("the health monitor does not hear of {id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_refuses_another_teams_model_in_the_words_for_one_that_does_not_exist() {
    let (services, [of_feed, _]) = peopled().await;
    let none = format!("{PARENT}/launches/none");
    let mut seen = BTreeSet::new();
    for ((method, real), (_, missing)) in about("feed", &of_feed).into_iter().zip(about("none", &none)) {
        let refused = services.call_bytes(&method, real.clone(), Some("ads")).await.expect_err(&method);
        assert_eq!(refused.code(), Code::PermissionDenied, "{method}: {refused:?}");
        let unknown = services.call_bytes(&method, missing, Some("ads")).await.expect_err(&method);
        let plain = |status: &Status| {
            let launch = of_feed.rsplit('/').next().unwrap();
            status.message().replace(launch, "IT").replace("/feed", "/IT").replace("/none", "/IT")
        };
        assert_eq!((unknown.code(), plain(&unknown)), (refused.code(), plain(&refused)), "{method}");
        let minor = services.call_bytes(&method, real, Some("minor")).await.expect_err(&method);
        assert_eq!(minor.code(), Code::PermissionDenied, "{method} by tier: {minor:?}");
        seen.insert(method.rsplit('/').next().unwrap().to_owned());
    }
    let streams = ["Watch", "ListChanges", "DiffRevisions", "AggregateModels"];
    let rest: BTreeSet<String> = OTHERS.iter().chain(&streams).map(|name| (*name).to_owned()).collect();
    let all: BTreeSet<String> = methods().into_iter().map(|(_, method)| method).collect();
    assert_eq!(seen.union(&rest).cloned().collect::<BTreeSet<_>>(), all, "each method is tried here or below");
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_own_team_may_do_all_that() {
    let (services, [of_feed, _]) = peopled().await;
    for (method, message) in about("feed", &of_feed) {
        if let Err(status) = services.call_bytes(&method, message, Some("feed")).await {
            let refused = matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated);
            assert!(!refused, "{method}: {status:?}");
        }
    }
    services.stop().await;
}

async fn listed(services: &Services, name: &str, filter: &str) -> (Vec<String>, i64) {
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let filter = filter.to_owned();
    let request = registry::ListModelsRequest { parent: "namespaces/-".to_owned(), filter, ..Default::default() };
    let listed = registry.list_models(asked(services, name, request)).await.unwrap().into_inner();
    (listed.models.into_iter().map(|model| model.owner).collect(), listed.total_size)
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_of_what_the_caller_may_see_before_they_are_counted_filtered_or_paged() {
    let (services, _) = peopled().await;
    assert_eq!(listed(&services, "root", "").await.1, 2);
    assert_eq!(listed(&services, "ads", "").await, (vec!["ads".to_owned()], 1));
    assert_eq!(listed(&services, "ads", "owner = \"feed\"").await, (vec![], 0));
    assert_eq!(listed(&services, "minor", "").await, (vec![], 0));
    // A page token of somebody who sees more is of another question.
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let page = |page_token| registry::ListModelsRequest {
        parent: PARENT.to_owned(),
        page_size: 1,
        page_token,
        ..Default::default()
    };
    let first = registry.list_models(asked(&services, "root", page(String::new()))).await.unwrap().into_inner();
    assert!(!first.next_page_token.is_empty());
    let stolen = registry.list_models(asked(&services, "ads", page(first.next_page_token))).await.unwrap_err();
    assert_eq!(stolen.code(), Code::InvalidArgument);
    let parent = "namespaces/-/models/-".to_owned();
    let versions = registry::ListVersionsRequest { parent, ..Default::default() };
    let versions = registry.list_versions(asked(&services, "ads", versions)).await.unwrap().into_inner().versions;
    assert_eq!(versions.len(), 2);
    assert!(versions.iter().all(|version| version.name.contains("/ads/")), "{versions:?}");
    let changes = registry::ListChangesRequest { page_size: 1000, ..Default::default() };
    let changes = registry.list_changes(asked(&services, "ads", changes)).await.unwrap().into_inner().changes;
    // Teams are seen by all who see a model beside them.
    let of_models = changes.iter().map(|change| &change.resource).filter(|name| !name.contains("/teams/"));
    let of_models: Vec<_> = of_models.collect();
    assert!(!of_models.is_empty() && of_models.iter().all(|name| name.contains("/ads")), "{of_models:?}");
    let mut launches = LauncherClient::new(services.channel(LAUNCHER));
    let all = launcher::ListLaunchesRequest { parent: "namespaces/-".to_owned(), ..Default::default() };
    let launches = launches.list_launches(asked(&services, "ads", all)).await.unwrap().into_inner().launches;
    assert_eq!(launches.len(), 1);
    assert!(launches[0].candidate.contains("/ads/"));
    services.stop().await;
}

/// The names in a watch's messages until one of them names `last`.
async fn watched(services: &Services, name: &str, last: &str) -> Vec<String> {
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let request = registry::WatchRequest::default();
    let mut stream = registry.watch(asked(services, name, request)).await.unwrap().into_inner();
    let mut names = Vec::new();
    while !names.iter().any(|name: &String| name == last) {
        let message = stream.message().await.unwrap().unwrap();
        let part = match message.event.unwrap() {
            Event::InitialState(part) => part.resources,
            Event::Changes(changes) => changes.changes.into_iter().filter_map(|change| change.resource).collect(),
            Event::Progress(_) | Event::Ending(_) => vec![],
        };
        names.extend(part.into_iter().map(|resource| match resource.resource.unwrap() {
            registry::resource::Resource::ModelType(value) => value.name,
            registry::resource::Resource::Model(value) => value.name,
            registry::resource::Resource::Version(value) => value.name,
            registry::resource::Resource::Traffic(value) => value.name,
            registry::resource::Resource::Team(value) => value.name,
            registry::resource::Resource::Policy(value) => value.name,
            registry::resource::Resource::Alias(value) => value.name,
            registry::resource::Resource::Namespace(value) => value.name,
        }));
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_shows_what_the_caller_may_see_at_first_and_later() {
    let (services, _) = peopled().await;
    let last = model("ads-late");
    let (seen, ()) = tokio::join!(watched(&services, "ads", &last), async {
        let mut registry = RegistryClient::new(services.channel(REGISTRY));
        for (id, owner) in [("feed-late", "feed"), ("ads-late", "ads")] {
            registry.create_model(asked(&services, owner, new_model(id, owner))).await.unwrap();
        }
    });
    assert!(seen.contains(&model("ads")) && seen.contains(&last), "{seen:?}");
    assert!(seen.iter().all(|name| !name.contains("models/feed")), "{seen:?}");
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_sees_a_model_with_all_that_is_its_own_come_and_go_as_it_changes_hands() {
    let (services, _) = peopled().await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let request = registry::WatchRequest::default();
    let mut stream = registry.watch(asked(&services, "ads", request)).await.unwrap().into_inner();
    for (owner, action) in [("ads", registry::ChangeAction::Update), ("feed", registry::ChangeAction::LeftFilter)] {
        let moved = registry::Model { name: model("feed"), ..owned(owner, 1) };
        let request = registry::UpdateModelRequest { model: Some(moved), ..Default::default() };
        registry.update_model(asked(&services, "root", request)).await.unwrap();
        let told = loop {
            let message = stream.message().await.unwrap().unwrap();
            if let Some(Event::Changes(changes)) = message.event {
                break changes.changes;
            }
        };
        let of_feed: Vec<_> = told.iter().map(|change| change.name.clone()).collect();
        let feed = model("feed");
        let expected = ["", "/traffic", "/versions/1", "/versions/2"].map(|rest| format!("{feed}{rest}"));
        assert_eq!(of_feed, expected, "{owner}");
        assert!(told.iter().all(|change| change.action() == action), "{told:?}");
        let is_there = action == registry::ChangeAction::Update;
        assert!(told.iter().all(|change| change.resource.is_some() == is_there), "{told:?}");
    }
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_neither_made_for_nor_given_to_nor_taken_from_another_team() {
    let (services, _) = peopled().await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let code = |result: Result<_, Status>| result.map(drop).map_err(|status| status.code());
    let denied = Err(Code::PermissionDenied);
    assert_eq!(code(registry.create_model(asked(&services, "ads", new_model("new", "feed"))).await.map(drop)), denied);
    // Whether the other team has a model of this name is not told.
    assert_eq!(code(registry.create_model(asked(&services, "ads", new_model("feed", "ads"))).await.map(drop)), denied);
    for (name, owner) in [("ads", "feed"), ("feed", "ads")] {
        let wanted = registry::Model { name: model(name), ..owned(owner, 1) };
        let request = registry::UpdateModelRequest { model: Some(wanted), ..Default::default() };
        assert_eq!(code(registry.update_model(asked(&services, "ads", request)).await.map(drop)), denied, "{name}");
    }
    // Whoever may create a model may say so by an update, too, and nobody else.
    for (by, owner, expected) in [("ads", "feed", denied), ("ads", "ads", Ok(()))] {
        let wanted = registry::Model { name: model("by-update"), ..owned(owner, 1) };
        let request = registry::UpdateModelRequest { model: Some(wanted), allow_missing: true, ..Default::default() };
        assert_eq!(code(registry.update_model(asked(&services, by, request)).await.map(drop)), expected, "{owner}");
    }
    registry.create_team(asked(&services, "root", new_team("x"))).await.unwrap();
    // Nor made to matter less, where the rights end at a tier.
    let minor = registry::CreateModelRequest { model: Some(owned("x", 2)), ..new_model("minor", "x") };
    assert_eq!(code(registry.create_model(asked(&services, "minor", minor)).await.map(drop)), denied);
    let minor = registry::CreateModelRequest { model: Some(owned("x", 3)), ..new_model("minor", "x") };
    assert_eq!(code(registry.create_model(asked(&services, "minor", minor)).await.map(drop)), Ok(()));
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn types_are_seen_by_all_who_see_a_model_beside_them_and_changed_by_nobody_of_one_team() {
    let (services, _) = peopled().await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let code = |result: Result<(), Status>| result.map_err(|status| status.code());
    let create = || registry::CreateModelTypeRequest {
        parent: PARENT.to_owned(),
        model_type_id: "ranker".to_owned(),
        model_type: Some(registry::ModelType::default()),
        ..Default::default()
    };
    let denied = Err(Code::PermissionDenied);
    assert_eq!(code(registry.create_model_type(asked(&services, "ads", create())).await.map(drop)), denied);
    registry.create_model_type(asked(&services, "root", create())).await.unwrap();
    let name = format!("{PARENT}/modelTypes/ranker");
    let get = registry::GetModelTypeRequest { name: name.clone(), ..Default::default() };
    registry.get_model_type(asked(&services, "ads", get)).await.unwrap();
    let list = registry::ListModelTypesRequest { parent: PARENT.to_owned(), ..Default::default() };
    let listed = registry.list_model_types(asked(&services, "ads", list)).await.unwrap().into_inner();
    assert_eq!(listed.total_size, 1);
    let described = registry::ModelType { name, description: "x".to_owned(), ..Default::default() };
    let update = registry::UpdateModelTypeRequest { model_type: Some(described), ..Default::default() };
    assert_eq!(code(registry.update_model_type(asked(&services, "ads", update)).await.map(drop)), denied);
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_gives_nobody_the_answer_to_another() {
    let (services, _) = peopled().await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let request_id = "67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned();
    let new = registry::CreateVersionRequest { request_id, ..new_version("feed", 7) };
    registry.create_version(asked(&services, "feed", new.clone())).await.unwrap();
    let repeated = registry.create_version(asked(&services, "ads", new)).await.unwrap_err();
    assert!(matches!(repeated.code(), Code::PermissionDenied | Code::InvalidArgument), "{repeated:?}");
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_is_seen_by_its_neighbours_and_changed_by_its_own_people_alone() {
    let (services, _) = peopled().await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    let code = |result: Result<(), Status>| result.map_err(|status| status.code());
    let denied = Err(Code::PermissionDenied);
    let name = format!("{PARENT}/teams/feed");
    let get = registry::GetTeamRequest { name: name.clone(), ..Default::default() };
    registry.get_team(asked(&services, "ads", get)).await.unwrap();
    let update = || {
        let team = registry::Team { name: name.clone(), contact: "#us".to_owned(), ..Default::default() };
        registry::UpdateTeamRequest { team: Some(team), ..Default::default() }
    };
    assert_eq!(code(registry.update_team(asked(&services, "ads", update())).await.map(drop)), denied);
    assert_eq!(code(registry.update_team(asked(&services, "feed", update())).await.map(drop)), Ok(()));
    // Whether there is such a team is not told to whom it does not concern.
    for id in ["feed", "nobody"] {
        assert_eq!(code(registry.create_team(asked(&services, "ads", new_team(id))).await.map(drop)), denied);
        let name = format!("{PARENT}/teams/{id}");
        let delete = registry::DeleteTeamRequest { name: name.clone(), ..Default::default() };
        assert_eq!(code(registry.delete_team(asked(&services, "ads", delete)).await.map(drop)), denied);
        let undelete = registry::UndeleteTeamRequest { name, ..Default::default() };
        assert_eq!(code(registry.undelete_team(asked(&services, "ads", undelete)).await.map(drop)), denied);
    }
    services.stop().await;
}
