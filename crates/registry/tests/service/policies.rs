//! Policies: what they refuse, tell and count; who breaks them; and that none stands between somebody and a rollback.

use slipway_proto::registry::v1::registry_client::RegistryClient;
use slipway_sdk::pb;
use slipway_sdk::pb::Enforcement;
use tonic::Request;
use tonic_types::StatusExt;

use crate::support::{Running, fields, model_with_versions, name, new_model, new_version, reason, start};

fn new_policy(id: &str, expression: &str, enforcement: Enforcement) -> pb::CreatePolicyRequest {
    let policy = pb::Policy {
        expression: expression.to_owned(),
        enforcement: enforcement.into(),
        remedy: "mend it".to_owned(),
        ..Default::default()
    };
    pb::CreatePolicyRequest {
        parent: "namespaces/default".to_owned(),
        policy_id: id.to_owned(),
        policy: Some(policy),
        ..Default::default()
    }
}

async fn policy(registry: &Running, id: &str, expression: &str, enforcement: Enforcement) {
    registry.client.create_policy(new_policy(id, expression, enforcement)).await.unwrap();
}

const RUNBOOK: &str = "effective_tier > 1 || model.runbook_uri != ''";

/// A change of a model's tier.
fn of_tier(id: &str, tier: i32) -> pb::UpdateModelRequest {
    let criticality = Some(pb::Criticality { tier, ..Default::default() });
    let model = pb::Model { name: name(id).to_string(), criticality, ..Default::default() };
    pb::UpdateModelRequest { model: Some(model), ..Default::default() }
}

fn described(id: &str) -> pb::UpdateModelRequest {
    let model = pb::Model { name: name(id).to_string(), description: "x".to_owned(), ..Default::default() };
    pb::UpdateModelRequest { model: Some(model), ..Default::default() }
}

/// The policies that a change of a model was told of.
async fn told(registry: &Running, request: pb::UpdateModelRequest) -> Vec<String> {
    let channel = tonic::transport::Channel::from_shared(registry.address.clone()).unwrap().connect_lazy();
    let answer = RegistryClient::new(channel).update_model(Request::new(request)).await.unwrap();
    let Some(bytes) = answer.metadata().get_bin("slipway-policy-findings-bin") else { return vec![] };
    let findings: pb::PolicyFindings = prost::Message::decode(bytes.to_bytes().unwrap()).unwrap();
    findings.findings.into_iter().map(|finding| finding.policy.rsplit('/').next().unwrap().to_owned()).collect()
}

async fn found(registry: &Running, filter: &str) -> Vec<(String, String)> {
    let filter = filter.to_owned();
    let request = pb::CheckPoliciesRequest { parent: "namespaces/-".to_owned(), filter, ..Default::default() };
    let page = registry.client.check_policies(request).await.unwrap();
    let last = |name: &str| name.rsplit('/').next().unwrap().to_owned();
    page.findings.iter().map(|finding| (last(&finding.model), last(&finding.policy))).collect()
}

#[tokio::test]
async fn a_change_by_which_a_model_breaks_a_policy_is_refused_with_each_of_them() {
    let registry = start().await;
    policy(&registry, "runbook", RUNBOOK, Enforcement::Deny).await;
    policy(&registry, "on-call", "effective_tier > 1 || model.on_call != ''", Enforcement::Deny).await;
    policy(&registry, "counted", "false", Enforcement::DryRun).await;
    registry.client.create_model(new_model("m")).await.unwrap();
    let refused = registry.client.update_model(of_tier("m", 1)).await.unwrap_err();
    assert_eq!((refused.code(), refused.reason()), (slipway_sdk::Code::FailedPrecondition, "POLICY_BROKEN"));
    let channel = tonic::transport::Channel::from_shared(registry.address.clone()).unwrap().connect_lazy();
    let status = RegistryClient::new(channel).update_model(of_tier("m", 1)).await.unwrap_err();
    let violations = status.get_details_precondition_failure().unwrap().violations;
    let subjects: Vec<_> = violations.iter().map(|violation| violation.subject.as_str()).collect();
    assert_eq!(subjects, ["namespaces/default/policies/on-call", "namespaces/default/policies/runbook"]);
    assert!(violations[0].description.contains("mend it"));
    let dry = pb::UpdateModelRequest { validate_only: true, ..of_tier("m", 1) };
    assert_eq!(reason(registry.client.update_model(dry).await), "POLICY_BROKEN");
    let mut severe = new_model("born-severe");
    severe.model.as_mut().unwrap().criticality = Some(pb::Criticality { tier: 0, ..Default::default() });
    assert_eq!(reason(registry.client.create_model(severe).await), "POLICY_BROKEN");
    assert_eq!(registry.client.get_model(&name("m")).await.unwrap().effective_tier, 4);
}

#[tokio::test]
async fn who_changes_what_was_broken_before_is_told_and_not_refused() {
    let registry = start().await;
    registry.client.create_model(new_model("m")).await.unwrap();
    registry.client.update_model(of_tier("m", 1)).await.unwrap();
    assert_eq!(told(&registry, described("m")).await, Vec::<String>::new());
    policy(&registry, "runbook", RUNBOOK, Enforcement::Deny).await;
    policy(&registry, "warned", "model.on_call != ''", Enforcement::Warn).await;
    policy(&registry, "counted", "false", Enforcement::DryRun).await;
    let change = pb::UpdateModelRequest { reason: "again".to_owned(), ..of_tier("m", 0) };
    assert_eq!(told(&registry, change).await, ["runbook", "warned"]);
    let all = [("m", "counted"), ("m", "runbook"), ("m", "warned")].map(|(m, p)| (m.to_owned(), p.to_owned()));
    assert_eq!(found(&registry, "").await, all);
    assert_eq!(found(&registry, "enforcement = DENY AND effective_tier = 0").await, [all[1].clone()]);
    let registry = registry.restart().await;
    assert_eq!(found(&registry, "").await, all);
}

#[tokio::test]
async fn nothing_stands_between_somebody_and_a_rollback() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 2).await;
    let all = |number: u64| {
        let range = pb::BucketRange { start: 0, end: 100_000, version: name("m").version(number).to_string() };
        let name = name("m").traffic();
        pb::SetTrafficRequest { name, ranges: vec![range], override_epoch: true, ..Default::default() }
    };
    registry.client.set_traffic(all(2)).await.unwrap();
    policy(&registry, "rollback-version", "versions.serving == 0 || versions.rollback > 0", Enforcement::Deny).await;
    let quarantine = pb::QuarantineVersionRequest {
        name: name("m").version(2).to_string(),
        reason: "it forgets".to_owned(),
        ..Default::default()
    };
    registry.client.quarantine_version(quarantine).await.unwrap();
    let back = pb::SetTrafficRequest { generation: 1, ..all(1) };
    registry.client.set_traffic(back).await.unwrap();
    assert_eq!(found(&registry, "").await.len(), 1, "it is found all the same");
    registry.client.create_version(new_version("m", '7')).await.unwrap();
    assert_eq!(found(&registry, "").await, []);
    let gone = pb::DeleteVersionRequest { name: name("m").version(3).to_string(), ..Default::default() };
    assert_eq!(reason(registry.client.delete_version(gone).await), "POLICY_BROKEN", "no emergency takes it away");
}

#[tokio::test]
async fn what_can_not_be_evaluated_is_broken_and_says_why() {
    let registry = start().await;
    policy(&registry, "labelled", "model.labels.season == 'summer'", Enforcement::Deny).await;
    let refused = registry.client.create_model(new_model("m")).await.unwrap_err();
    assert_eq!(refused.reason(), "POLICY_BROKEN");
    assert!(refused.to_string().contains("can't be told"), "{refused}");
    let mut labelled = new_model("m");
    labelled.model.as_mut().unwrap().labels.insert("season".to_owned(), "summer".to_owned());
    registry.client.create_model(labelled).await.unwrap();
}

#[tokio::test]
async fn an_expression_that_is_no_rule_or_has_no_bound_is_refused_when_it_is_written() {
    let registry = start().await;
    let nested = "model.labels.all(a, model.labels.all(b, model.labels.all(c, a == b)))";
    for expression in ["", "model.ownr == ''", "(", "[1].map(x, [x, x]) == []", nested, &"!".repeat(1500)] {
        let refused = registry.client.create_policy(new_policy("p", expression, Enforcement::Deny)).await;
        assert_eq!(fields(refused), ["policy.expression"], "{expression:.40}");
    }
    policy(&registry, "p", "true", Enforcement::Deny).await;
    let broken = pb::Policy {
        name: "namespaces/default/policies/p".to_owned(),
        expression: "nothing".to_owned(),
        ..Default::default()
    };
    let update = pb::UpdatePolicyRequest { policy: Some(broken), ..Default::default() };
    assert_eq!(fields(registry.client.update_policy(update).await), ["policy.expression"]);
}

#[tokio::test]
async fn a_policy_that_is_deleted_judges_nothing_until_it_is_taken_back() {
    let registry = start().await;
    policy(&registry, "none", "false", Enforcement::Deny).await;
    assert_eq!(reason(registry.client.create_model(new_model("m")).await), "POLICY_BROKEN");
    let policy = "namespaces/default/policies/none".to_owned();
    let delete = pb::DeletePolicyRequest { name: policy.clone(), ..Default::default() };
    registry.client.delete_policy(delete).await.unwrap();
    registry.client.create_model(new_model("m")).await.unwrap();
    let back = pb::UndeletePolicyRequest { name: policy, ..Default::default() };
    registry.client.undelete_policy(back).await.unwrap();
    assert_eq!(reason(registry.client.create_model(new_model("n")).await), "POLICY_BROKEN");
}

/// So many create at once that some have always been judged, and are not made yet, when the policy comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_acknowledged_after_a_policy_keeps_it() {
    let registry = start().await;
    let make = |crowd: usize| {
        let client = registry.client.clone();
        tokio::spawn(async move {
            let mut made = Vec::new();
            loop {
                match client.create_model(new_model(&format!("m{crowd}-{}", made.len()))).await {
                    Ok(model) => made.push(model.etag),
                    Err(error) if error.reason() == "POLICY_BROKEN" => return made,
                    Err(error) => assert!(error.code() == tonic::Code::Aborted, "{error}"),
                }
            }
        })
    };
    let makes: Vec<_> = (0..64).map(make).collect();
    registry.client.create_model(new_model("first")).await.unwrap();
    let created = registry.client.create_policy(new_policy("none", "false", Enforcement::Deny)).await.unwrap();
    let number = |etag: &str| u64::from_str_radix(etag, 16).unwrap();
    for making in makes {
        let made = making.await.unwrap();
        assert!(made.iter().all(|etag| number(etag) < number(&created.etag)), "{made:?} {}", created.etag);
    }
    assert_eq!(reason(registry.client.create_model(new_model("late")).await), "POLICY_BROKEN");
}

#[tokio::test]
async fn a_version_that_is_created_is_judged_as_the_newest() {
    let registry = start().await;
    policy(&registry, "one", "versions.latest <= 1", Enforcement::Deny).await;
    model_with_versions(&registry.client, "m", 1).await;
    assert_eq!(reason(registry.client.create_version(new_version("m", '2')).await), "POLICY_BROKEN");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_changes_that_break_a_policy_together_one_is_refused() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 2).await;
    policy(&registry, "usable", "versions.usable > 0 || versions.latest == 0", Enforcement::Deny).await;
    for round in 0..30 {
        let delete = |number: u64| {
            let client = registry.client.clone();
            let name = name("m").version(number).to_string();
            let request = pb::DeleteVersionRequest { name: name.clone(), ..Default::default() };
            tokio::spawn(async move { (name, client.delete_version(request).await) })
        };
        let both = [delete(1), delete(2)];
        let mut deleted = Vec::new();
        for one in both {
            match one.await.unwrap() {
                (name, Ok(_)) => deleted.push(name),
                (_, Err(refused)) => assert_eq!(refused.reason(), "POLICY_BROKEN", "{refused}"),
            }
        }
        assert_eq!(deleted.len(), 1, "round {round}");
        let back = pb::UndeleteVersionRequest { name: deleted.remove(0), ..Default::default() };
        registry.client.undelete_version(back).await.unwrap();
    }
}

#[tokio::test]
async fn a_namespace_has_so_many_policies_and_no_more() {
    let registry = start().await;
    for n in 0..64 {
        policy(&registry, &format!("p{n}"), "true", Enforcement::DryRun).await;
    }
    let more = || new_policy("more", "true", Enforcement::DryRun);
    assert_eq!(fields(registry.client.create_policy(more()).await), ["parent"]);
    let first = "namespaces/default/policies/p0".to_owned();
    let delete = pb::DeletePolicyRequest { name: first.clone(), ..Default::default() };
    registry.client.delete_policy(delete).await.unwrap();
    registry.client.create_policy(more()).await.unwrap();
    let back = pb::UndeletePolicyRequest { name: first, ..Default::default() };
    assert_eq!(fields(registry.client.undelete_policy(back).await), ["parent"]);
    let changed = pb::Policy {
        name: "namespaces/default/policies/p1".to_owned(),
        description: "one of many".to_owned(),
        ..Default::default()
    };
    let update = pb::UpdatePolicyRequest { policy: Some(changed), ..Default::default() };
    registry.client.update_policy(update).await.unwrap();
}
