//! A manifest is of several resources, and each is asked for: one that its caller may not change refuses all of it, in the
//! words for one that is not there.

use slipway_proto::registry::v1 as registry;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use slipway_proto::registry::v1::resource::Resource;
use tonic::{Code, Request, Status};

use crate::messages::{PARENT, REGISTRY, apply, model, new_model, new_team, owned};
use crate::services::Services;

const POLICY: &str = "\
[[bindings]]
role = \"admin\"
members = [\"token:root\"]

[[bindings]]
role = \"admin\"
members = [\"token:ads\"]
teams = [\"ads\"]

[[bindings]]
role = \"viewer\"
members = [\"token:viewer\"]
";

async fn asked(
    services: &Services,
    name: &str,
    message: registry::ApplyModelsRequest,
) -> Result<registry::ApplyModelsResponse, Status> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", services.header(name).parse().unwrap());
    let mut client = RegistryClient::new(services.channel(REGISTRY));
    client.apply_models(request).await.map(tonic::Response::into_inner)
}

fn of(id: &str, owner: &str) -> Resource {
    Resource::Model(registry::Model { name: model(id), ..owned(owner, 1) })
}

fn team(id: &str) -> Resource {
    Resource::Team(registry::Team { name: format!("{PARENT}/teams/{id}"), ..Default::default() })
}

fn code(answer: Result<registry::ApplyModelsResponse, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    (status.code(), status.message().to_owned())
}

async fn peopled() -> Services {
    let services = Services::start(POLICY, &["root", "ads", "viewer"]).await;
    let path = |method: &str| format!("{REGISTRY}/{method}");
    for id in ["feed", "ads"] {
        services.call(&path("CreateTeam"), &new_team(id), Some("root")).await.unwrap();
        services.call(&path("CreateModel"), &new_model(id, id), Some("root")).await.unwrap();
    }
    services
}

#[tokio::test(flavor = "multi_thread")]
async fn one_resource_of_another_team_refuses_the_whole_manifest() {
    let services = peopled().await;
    asked(&services, "ads", apply(vec![of("ads", "ads"), of("new", "ads"), team("ads")])).await.unwrap();
    for other in
        [of("feed", "feed"), of("feed", "ads"), of("newer", "feed"), of("ads", "feed"), team("feed"), team("x")]
    {
        let (code, message) = code(asked(&services, "ads", apply(vec![of("mine", "ads"), other])).await);
        assert_eq!(code, Code::PermissionDenied, "{message}");
    }
    let (code, _) = code(asked(&services, "viewer", apply(vec![of("mine", "ads")])).await);
    assert_eq!(code, Code::PermissionDenied);
    let found = asked(&services, "root", apply(vec![of("mine", "ads")])).await.unwrap();
    assert_eq!(found.changes[0].action(), registry::PlanAction::Create, "nothing of all that was made");
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_exists_of_others_is_refused_in_the_words_for_what_does_not_whether_it_is_tried_or_done() {
    let services = peopled().await;
    for validate_only in [true, false] {
        let said = async |id: &str| {
            let wanted = registry::ApplyModelsRequest { validate_only, ..apply(vec![of(id, "feed")]) };
            let (code, message) = code(asked(&services, "ads", wanted).await);
            (code, message.replace(id, "IT"))
        };
        assert_eq!(said("feed").await.1.replace("IT", "x"), said("none").await.1.replace("IT", "x"));
    }
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_leaves_alone_what_the_caller_may_not_change() {
    let services = peopled().await;
    let everything = registry::ApplyModelsRequest { prune: "name = \"*\"".to_owned(), ..apply(vec![of("new", "ads")]) };
    let planned = asked(&services, "ads", everything).await.unwrap();
    let deleted = planned.changes.iter().filter(|change| change.action() == registry::PlanAction::Delete);
    assert_eq!(deleted.map(|change| &*change.name).collect::<Vec<_>>(), [model("ads")]);
    services.stop().await;
}
