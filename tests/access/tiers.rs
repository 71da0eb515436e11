//! Rights by tier, where a tier comes from another model: nobody comes to reach by a change what it did not reach before.

use slipway_proto::registry::v1 as registry;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use slipway_proto::registry::v1::watch_response::Event;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::messages::{PARENT, REGISTRY, model, new_team, owned};
use crate::services::Services;
use crate::teams::asked;

/// Two teams, of which one sees everything; who registers for a team and is on call for what is severe, everywhere; and
/// who may everything on what is mild.
const POLICY: &str = "\
[[bindings]]
role = \"admin\"
members = [\"token:root\"]

[[bindings]]
role = \"admin\"
members = [\"token:feed\"]
teams = [\"feed\"]

[[bindings]]
role = \"viewer\"
members = [\"token:feed\", \"token:oncall\"]

[[bindings]]
role = \"admin\"
members = [\"token:ads\"]
teams = [\"ads\"]

[[bindings]]
role = \"registrar\"
members = [\"token:oncall\"]
teams = [\"feed\"]

[[bindings]]
role = \"operator\"
members = [\"token:oncall\"]
tiers = [0]

[[bindings]]
role = \"admin\"
members = [\"token:mild\"]
tiers = [3, 4]
";

type Client = RegistryClient<Channel>;

async fn peopled() -> (Services, Client) {
    let services = Services::start(POLICY, &["root", "feed", "ads", "oncall", "mild"]).await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    for id in ["feed", "ads"] {
        registry.create_team(asked(&services, "root", new_team(id))).await.unwrap();
    }
    create(&services, "root", ("shared", "ads", 4), &[]).await.unwrap();
    (services, registry)
}

/// A model of an owner and a tier that depends on others, created by somebody.
async fn create(
    services: &Services,
    by: &str,
    (id, owner, tier): (&str, &str, i32),
    on: &[&str],
) -> Result<registry::Model, Status> {
    let depends_on = on.iter().map(|id| model(id)).collect();
    let request = registry::CreateModelRequest {
        parent: PARENT.to_owned(),
        model_id: id.to_owned(),
        model: Some(registry::Model { depends_on, ..owned(owner, tier) }),
        ..Default::default()
    };
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    Ok(registry.create_model(asked(services, by, request)).await?.into_inner())
}

async fn get(services: &Services, by: &str, id: &str) -> Result<registry::Model, Status> {
    let request = registry::GetModelRequest { name: model(id), ..Default::default() };
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    Ok(registry.get_model(asked(services, by, request)).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_draws_anothers_model_into_a_tier_that_it_has_rights_on() {
    let (services, mut registry) = peopled().await;
    let refused = create(&services, "oncall", ("lever", "feed", 0), &["shared"]).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(!refused.message().contains("shared"), "{refused}");
    // In two steps neither: the second one draws it.
    create(&services, "oncall", ("lever", "feed", 1), &["shared"]).await.unwrap();
    let raised = registry::Model { name: model("lever"), ..owned("feed", 0) };
    let update = registry::UpdateModelRequest { model: Some(raised), ..Default::default() };
    let refused = registry.update_model(asked(&services, "oncall", update.clone())).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    // Who gains nothing by it may do it.
    registry.update_model(asked(&services, "feed", update)).await.unwrap();
    assert_eq!(get(&services, "root", "shared").await.unwrap().effective_tier, 0);
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_the_dependent_learns_that_there_is_one_and_nothing_else() {
    let (services, _) = peopled().await;
    create(&services, "feed", ("front", "feed", 0), &["shared"]).await.unwrap();
    let seen = get(&services, "ads", "shared").await.unwrap();
    let origin = seen.tier_origin.unwrap();
    assert_eq!((seen.effective_tier, origin.kind()), (0, registry::TierOriginKind::Dependent));
    assert_eq!((origin.source.as_str(), origin.via.as_str()), ("", ""));
    let seen = get(&services, "feed", "shared").await.unwrap().tier_origin.unwrap();
    assert_eq!((seen.source, seen.via), (model("front"), model("front")));
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_seen_is_depended_on_no_more_than_what_is_not_there() {
    let (services, _) = peopled().await;
    create(&services, "feed", ("front", "feed", 3), &[]).await.unwrap();
    let refused = create(&services, "ads", ("a", "ads", 4), &["front"]).await.unwrap_err();
    let missing = create(&services, "ads", ("a", "ads", 4), &["none"]).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.message().replace("front", "none"), missing.message());
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_by_tier_follow_the_tier_that_others_give() {
    let (services, mut registry) = peopled().await;
    assert!(get(&services, "mild", "shared").await.is_ok());
    let mut stream =
        registry.watch(asked(&services, "mild", registry::WatchRequest::default())).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap().event.unwrap();
    assert!(matches!(first, Event::InitialState(part) if !part.resources.is_empty()));
    create(&services, "feed", ("front", "feed", 0), &["shared"]).await.unwrap();
    assert_eq!(get(&services, "mild", "shared").await.unwrap_err().code(), Code::PermissionDenied);
    let left = loop {
        let message = stream.message().await.unwrap().expect("it goes on");
        let Event::Changes(changes) = message.event.unwrap() else { continue };
        if let Some(change) = changes.changes.into_iter().find(|change| change.name == model("shared")) {
            break change;
        }
    };
    assert_eq!(left.action(), registry::ChangeAction::LeftFilter, "who saw it hears that it is gone from sight");
    assert_eq!(left.resource, None);
    services.stop().await;
}
