//! Who am I, who may what and why, and who may take everything away in a backup.

use slipway_proto::operations::v1 as pb;
use slipway_proto::operations::v1::operations_client::OperationsClient;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::messages::{REGISTRY, model, new_model, new_team};
use crate::services::{OPERATIONS, Services};

const POLICY: &str = "\
[[bindings]]
role = \"admin\"
members = [\"token:root\"]

[[bindings]]
role = \"operator\"
members = [\"token:oncall\"]
teams = [\"feed\"]

[[bindings]]
role = \"viewer\"
members = [\"token:reader\", \"claim:readers\"]
namespaces = [\"default\"]
tiers = [3, 4]
";

async fn peopled() -> (Services, OperationsClient<Channel>) {
    let services = Services::start(POLICY, &["root", "oncall", "reader", "stranger"]).await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    for (id, team) in [("feed", "feed"), ("ads", "ads")] {
        registry.create_team(by(&services, "root", new_team(team))).await.unwrap();
        registry.create_model(by(&services, "root", new_model(id, team))).await.unwrap();
    }
    let client = OperationsClient::new(services.channel(OPERATIONS));
    (services, client)
}

fn by<T>(services: &Services, name: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", services.header(name).parse().unwrap());
    request
}

fn about(principal: &str, method: &str, resource: &str) -> pb::ExplainAccessRequest {
    let (principal, method, resource) = (principal.to_owned(), method.to_owned(), resource.to_owned());
    pb::ExplainAccessRequest { principal, groups: vec![], method, resource }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_learns_who_it_is_and_by_which_line_it_may_what() {
    let (services, mut client) = peopled().await;
    let answer = client.get_caller(by(&services, "reader", pb::GetCallerRequest {})).await.unwrap().into_inner();
    assert_eq!((answer.principal.as_str(), answer.proof()), ("token:reader", pb::Proof::Token));
    assert_eq!((answer.service.as_str(), answer.guarded), ("registry", true));
    assert!(answer.server_time.is_some() && answer.proof_expire_time.is_none());
    let [role] = &answer.roles[..] else { panic!("{:?}", answer.roles) };
    assert_eq!((role.role.as_str(), role.line), ("viewer", 10));
    assert_eq!((&role.namespaces[..], &role.tiers[..]), (&["default".to_owned()][..], &[3, 4][..]));
    let answer = client.get_caller(by(&services, "stranger", pb::GetCallerRequest {})).await.unwrap().into_inner();
    assert_eq!((answer.principal.as_str(), answer.roles.len()), ("token:stranger", 0));
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_access_is_what_a_call_would_have_met() {
    let (services, mut client) = peopled().await;
    let feed = model("feed");
    let mut ask = async |name: &str, question| {
        client.explain_access(by(&services, name, question)).await.map(tonic::Response::into_inner)
    };
    let yes = ask("root", about("token:oncall", "SetTraffic", &feed)).await.unwrap();
    assert!(yes.allowed && yes.summary.contains("line 5") && yes.team == "feed", "{yes:?}");
    assert_eq!(
        (yes.method.as_str(), yes.permission.as_str()),
        ("slipway.registry.v1.Registry/SetTraffic", "traffic.write")
    );
    let no = ask("root", about("token:oncall", "SetTraffic", &model("ads"))).await.unwrap();
    assert!(!no.allowed && no.lines.len() == 1 && !no.lines[0].allows, "{no:?}");
    for method in ["Backup", "ExportLedger"] {
        let never = ask("root", about("token:oncall", method, "namespaces/default")).await.unwrap();
        assert!(!never.allowed, "a team's operator takes everything: {never:?}");
    }
    let mut grouped = about("jwt:ada", "GetModel", &feed);
    grouped.groups = vec!["readers".to_owned()];
    let tier = ask("root", grouped).await.unwrap();
    assert!(!tier.allowed && tier.lines.len() == 1, "{tier:?}");
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn about_others_only_those_are_answered_who_may_ask_and_nobody_learns_what_exists() {
    let (services, mut client) = peopled().await;
    let mut ask = async |name: &str, question| {
        client.explain_access(by(&services, name, question)).await.map(tonic::Response::into_inner)
    };
    let own = ask("stranger", about("", "GetModel", &model("feed"))).await.unwrap();
    assert!(!own.allowed && own.principal == "token:stranger" && own.team.is_empty(), "{own:?}");
    let of_others = ask("oncall", about("token:root", "SetTraffic", &model("feed"))).await.unwrap();
    assert!(of_others.allowed);
    for (name, resource) in [("reader", "feed"), ("oncall", "ads"), ("oncall", "none")] {
        let refused = ask(name, about("token:root", "SetTraffic", &model(resource))).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{name} on {resource}");
    }
    let seen = ask("reader", about("", "GetModel", &model("ads"))).await.unwrap();
    let missing = ask("reader", about("", "GetModel", &model("none"))).await.unwrap();
    assert_eq!((seen.allowed, &seen.lines, seen.team), (missing.allowed, &missing.lines, missing.team));
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_comes_whole_to_who_may_have_everything_and_to_one_at_a_time() {
    let (services, mut client) = peopled().await;
    let asked = |rate| pb::BackupRequest { max_bytes_per_second: rate };
    let refused = client.backup(by(&services, "oncall", asked(0))).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let mut parts = client.backup(by(&services, "root", asked(0))).await.unwrap().into_inner();
    let second = client.backup(by(&services, "root", asked(0))).await.unwrap_err();
    assert_eq!(second.code(), Code::ResourceExhausted);
    let (mut bytes, mut trailer) = (0, None);
    let first = parts.message().await.unwrap().unwrap().part.unwrap();
    assert!(matches!(first, pb::backup_response::Part::Header(header) if header.service == "registry"));
    while let Some(message) = parts.message().await.unwrap() {
        match message.part.unwrap() {
            pb::backup_response::Part::Piece(piece) => bytes += i64::try_from(piece.len()).unwrap(),
            pb::backup_response::Part::Trailer(last) => trailer = Some(last),
            pb::backup_response::Part::Header(header) => panic!("again: {header:?}"),
        }
    }
    let trailer = trailer.expect("it ends with a trailer");
    assert_eq!(trailer.bytes, bytes);
    assert!(trailer.revision > 1 && bytes > 0, "{trailer:?}");
    services.stop().await;
}
