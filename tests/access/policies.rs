//! Policies are seen by whoever sees a model beside them, written by who has the permission on the whole namespace, and
//! what breaks them is told as far as models are seen.

use slipway_proto::registry::v1 as registry;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use tonic::Code;

use crate::messages::{PARENT, REGISTRY, model, new_model, new_team, new_version};
use crate::services::Services;
use crate::teams::asked;

/// One who may everything, and one who may everything on what is one team's.
const POLICY: &str = "\
[[bindings]]
role = \"admin\"
members = [\"token:root\"]

[[bindings]]
role = \"admin\"
members = [\"token:ads\"]
teams = [\"ads\"]

[[bindings]]
role = \"registrar\"
members = [\"token:pipeline\"]
";

#[tokio::test(flavor = "multi_thread")]
async fn one_team_reads_policies_and_finds_its_own_models_alone() {
    let services = Services::start(POLICY, &["root", "ads", "pipeline"]).await;
    let mut client = RegistryClient::new(services.channel(REGISTRY));
    for id in ["feed", "ads"] {
        client.create_team(asked(&services, "root", new_team(id))).await.unwrap();
        client.create_model(asked(&services, "root", new_model(id, id))).await.unwrap();
    }
    let policy = registry::Policy { expression: "model.description != ''".to_owned(), ..Default::default() };
    let create = registry::CreatePolicyRequest {
        parent: PARENT.to_owned(),
        policy_id: "described".to_owned(),
        policy: Some(policy),
        ..Default::default()
    };
    for nobody in ["ads", "pipeline"] {
        let denied = client.create_policy(asked(&services, nobody, create.clone())).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied, "{nobody}");
    }
    client.create_policy(asked(&services, "root", create)).await.unwrap();
    let name = format!("{PARENT}/policies/described");
    let get = registry::GetPolicyRequest { name: name.clone(), ..Default::default() };
    client.get_policy(asked(&services, "ads", get)).await.unwrap();
    for existing in [name, format!("{PARENT}/policies/none")] {
        let delete = registry::DeletePolicyRequest { name: existing, ..Default::default() };
        let denied = client.delete_policy(asked(&services, "ads", delete)).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied);
    }
    for (by, models) in [("root", 2), ("ads", 1)] {
        let check = registry::CheckPoliciesRequest { parent: PARENT.to_owned(), ..Default::default() };
        let found = client.check_policies(asked(&services, by, check)).await.unwrap().into_inner();
        assert_eq!((found.models, found.total_size), (models, models), "{by}");
    }
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changes_what_is_also_others_is_told_of_its_own_models_alone() {
    let services = Services::start(POLICY, &["root", "ads", "pipeline"]).await;
    let mut client = RegistryClient::new(services.channel(REGISTRY));
    for id in ["feed", "ads"] {
        client.create_team(asked(&services, "root", new_team(id))).await.unwrap();
        client.create_model(asked(&services, "root", new_model(id, id))).await.unwrap();
        client.create_version(asked(&services, "root", new_version(id, 7))).await.unwrap();
    }
    let warns = registry::Policy {
        expression: "versions.usable > 0".to_owned(),
        enforcement: registry::Enforcement::Warn.into(),
        ..Default::default()
    };
    let create = registry::CreatePolicyRequest {
        parent: PARENT.to_owned(),
        policy_id: "usable".to_owned(),
        policy: Some(warns),
        ..Default::default()
    };
    client.create_policy(asked(&services, "root", create)).await.unwrap();
    let quarantine = registry::QuarantineVersionRequest {
        name: format!("{}/versions/1", model("ads")),
        reason: "it forgets".to_owned(),
        ..Default::default()
    };
    let answer = client.quarantine_version(asked(&services, "ads", quarantine)).await.unwrap();
    let told = answer.metadata().get_bin("slipway-policy-findings-bin").unwrap().to_bytes().unwrap();
    let told: registry::PolicyFindings = prost::Message::decode(told).unwrap();
    let models: Vec<_> = told.findings.iter().map(|finding| finding.model.as_str()).collect();
    assert_eq!(models, [model("ads")]);
    let check = registry::CheckPoliciesRequest { parent: PARENT.to_owned(), ..Default::default() };
    let found = client.check_policies(asked(&services, "root", check)).await.unwrap().into_inner();
    assert_eq!(found.total_size, 2, "the other team's breaks it as well");
    services.stop().await;
}
