//! Protected aliases: who may not change one proposes it, and another who may approves exactly that, in time.

use slipway_proto::registry::v1 as registry;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::messages::{PARENT, REGISTRY, model, new_model, new_team, new_version};
use crate::services::Services;
use crate::teams::asked;

/// Two who register, one who approves, one of another team who approves, and who may everything.
const POLICY: &str = "\
[[bindings]]
role = \"admin\"
members = [\"token:root\"]

[[bindings]]
role = \"registrar\"
members = [\"token:ada\", \"token:bob\"]

[[bindings]]
role = \"approver\"
members = [\"token:bob\", \"token:eve\"]
teams = [\"feed\"]

[[bindings]]
role = \"approver\"
members = [\"token:other\"]
teams = [\"ads\"]
";

type Client = RegistryClient<Channel>;

fn champion() -> String {
    format!("{}/aliases/champion", model("m"))
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

async fn peopled() -> (Services, Client) {
    let services = Services::start(POLICY, &["root", "ada", "bob", "eve", "other"]).await;
    let mut registry = RegistryClient::new(services.channel(REGISTRY));
    registry.create_team(asked(&services, "root", new_team("feed"))).await.unwrap();
    registry.create_model(asked(&services, "root", new_model("m", "feed"))).await.unwrap();
    for digit in 1..=3 {
        registry.create_version(asked(&services, "root", new_version("m", digit))).await.unwrap();
    }
    // Who may move aliases may protect one, too.
    registry.set_aliases(asked(&services, "ada", moves(1, Some(true)))).await.unwrap();
    (services, registry)
}

fn moves(version: u64, protected: Option<bool>) -> registry::SetAliasesRequest {
    let version = if version == 0 { String::new() } else { format!("{}/versions/{version}", model("m")) };
    let one = registry::AliasMove { name: champion(), version, protected, expected_version: None };
    registry::SetAliasesRequest { parent: PARENT.to_owned(), moves: vec![one], ..Default::default() }
}

fn propose(version: u64) -> registry::ProposeAliasRequest {
    let version = if version == 0 { String::new() } else { format!("{}/versions/{version}", model("m")) };
    registry::ProposeAliasRequest { name: champion(), version, ..Default::default() }
}

fn approve(etag: &str) -> registry::ApproveAliasRequest {
    registry::ApproveAliasRequest { name: champion(), etag: etag.to_owned(), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_alias_is_moved_taken_away_and_left_unprotected_by_who_may_approve_alone() {
    let (services, mut registry) = peopled().await;
    for (version, protected) in [(2, None), (0, None), (1, Some(false)), (2, Some(true))] {
        let refused = registry.set_aliases(asked(&services, "ada", moves(version, protected))).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "ALIAS_PROTECTED".to_owned()));
        let violations = refused.get_details_precondition_failure().unwrap().violations;
        assert_eq!((violations.len(), violations[0].subject.clone()), (1, champion()));
    }
    registry.set_aliases(asked(&services, "ada", moves(1, None))).await.unwrap();
    registry.set_aliases(asked(&services, "bob", moves(2, None))).await.unwrap();
    registry.set_aliases(asked(&services, "root", moves(0, None))).await.unwrap();
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_proposes_another_approves_who_saw_exactly_that() {
    let (services, mut registry) = peopled().await;
    let first = registry.propose_alias(asked(&services, "bob", propose(2))).await.unwrap().into_inner();
    let own = registry.approve_alias(asked(&services, "bob", approve(&first.etag))).await.unwrap_err();
    assert_eq!(reason(&own), "OWN_PROPOSAL");
    // Somebody proposes another version under the eyes of who is about to approve the first one.
    let second = registry.propose_alias(asked(&services, "ada", propose(3))).await.unwrap().into_inner();
    let stale = registry.approve_alias(asked(&services, "eve", approve(&first.etag))).await.unwrap_err();
    assert_eq!((stale.code(), reason(&stale)), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    for nobody in ["ada", "other"] {
        let denied = registry.approve_alias(asked(&services, nobody, approve(&second.etag))).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied, "{nobody}");
    }
    let approved = registry.approve_alias(asked(&services, "eve", approve(&second.etag))).await.unwrap().into_inner();
    assert_eq!((approved.version, approved.protected), (format!("{}/versions/3", model("m")), true));
    assert_eq!(approved.proposal, None);
    let away = registry.propose_alias(asked(&services, "ada", propose(0))).await.unwrap().into_inner();
    registry.approve_alias(asked(&services, "eve", approve(&away.etag))).await.unwrap();
    let get = registry::GetAliasRequest { name: champion(), ..Default::default() };
    assert_eq!(registry.get_alias(asked(&services, "eve", get)).await.unwrap_err().code(), Code::NotFound);
    services.stop().await;
}
