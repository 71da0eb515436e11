//! What runs is reported by fleets, and seen by whom it concerns: of a registered model by who may see the model, of an
//! unregistered one by who may see the whole namespace and by the fleet that reported it.

use slipway_proto::registry::v1 as registry;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use tonic::{Code, Request, Status};

use crate::messages::{PARENT, REGISTRY, new_model, new_team};
use crate::services::Services;

const POLICY: &str = "\
[[bindings]]
role = \"admin\"
members = [\"token:root\"]

[[bindings]]
role = \"reporter\"
members = [\"token:fleet\"]
namespaces = [\"default\"]

[[bindings]]
role = \"reporter\"
members = [\"token:feeders\"]
teams = [\"feed\"]

[[bindings]]
role = \"viewer\"
members = [\"token:feed\"]
teams = [\"feed\"]

[[bindings]]
role = \"viewer\"
members = [\"token:ads\"]
teams = [\"ads\"]
";

fn asked<T>(services: &Services, name: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", services.header(name).parse().unwrap());
    request
}

async fn report(services: &Services, name: &str, parent: &str, models: &[&str]) -> Result<(), Status> {
    let running = |model: &&str| registry::Running { model: (*model).to_owned(), ..Default::default() };
    let running = models.iter().map(running).collect();
    let request = registry::ReportSightingsRequest { parent: parent.to_owned(), running };
    let mut client = RegistryClient::new(services.channel(REGISTRY));
    client.report_sightings(asked(services, name, request)).await.map(drop)
}

async fn seen(services: &Services, name: &str) -> Vec<String> {
    let request = registry::ListSightingsRequest { parent: "namespaces/-".to_owned(), ..Default::default() };
    let mut client = RegistryClient::new(services.channel(REGISTRY));
    let listed = client.list_sightings(asked(services, name, request)).await.unwrap().into_inner();
    assert_eq!(listed.total_size, i64::try_from(listed.sightings.len()).unwrap());
    listed.sightings.into_iter().map(|sighting| format!("{} {}", sighting.model, sighting.reporter)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sightings_are_reported_where_one_may_and_seen_by_whom_they_concern() {
    let services = Services::start(POLICY, &["root", "fleet", "feeders", "feed", "ads"]).await;
    let mut client = RegistryClient::new(services.channel(REGISTRY));
    for id in ["feed", "ads"] {
        client.create_team(asked(&services, "root", new_team(id))).await.unwrap();
        client.create_model(asked(&services, "root", new_model(id, id))).await.unwrap();
    }
    report(&services, "fleet", PARENT, &["feed", "ghost"]).await.unwrap();
    report(&services, "feeders", PARENT, &["feed", "spook"]).await.unwrap();
    // Whoever reports says what it sees under its own name, and learns nothing from the answer.
    report(&services, "feeders", PARENT, &["ads"]).await.unwrap();
    for (name, parent) in [("fleet", "namespaces/eu"), ("feed", PARENT), ("ads", PARENT)] {
        let refused = report(&services, name, parent, &["feed"]).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{name} in {parent}");
    }
    let all =
        ["ads token:feeders", "feed token:feeders", "feed token:fleet", "ghost token:fleet", "spook token:feeders"];
    assert_eq!(seen(&services, "root").await, all);
    assert_eq!(seen(&services, "fleet").await, all, "it may see the whole namespace");
    assert_eq!(seen(&services, "feed").await, ["feed token:feeders", "feed token:fleet"]);
    assert_eq!(seen(&services, "ads").await, ["ads token:feeders"]);
    assert_eq!(seen(&services, "feeders").await, [all[1], all[2], all[4]], "and what it reported of nobody's");
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_are_made_by_who_may_everything_there_and_seen_by_who_sees_anything_in_them() {
    let services = Services::start(POLICY, &["root", "fleet", "feeders", "feed", "ads"]).await;
    let mut client = RegistryClient::new(services.channel(REGISTRY));
    let new = || registry::CreateNamespaceRequest { namespace_id: "eu".to_owned(), ..Default::default() };
    for name in ["fleet", "feed"] {
        let refused = client.create_namespace(asked(&services, name, new())).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{name}");
    }
    client.create_namespace(asked(&services, "root", new())).await.unwrap();
    for (name, expected) in [("root", 2), ("fleet", 1), ("feed", 2)] {
        let list = registry::ListNamespacesRequest::default();
        let listed = client.list_namespaces(asked(&services, name, list)).await.unwrap().into_inner();
        assert_eq!((listed.namespaces.len(), listed.total_size), (expected, expected as i64), "{name}");
    }
    // Whether it is there is told to nobody who sees nothing there.
    for id in ["eu", "nowhere"] {
        let get = registry::GetNamespaceRequest { name: format!("namespaces/{id}"), ..Default::default() };
        let refused = client.get_namespace(asked(&services, "fleet", get)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{id}");
    }
    services.stop().await;
}
