//! What a manifest leaves is judged by policies, and told item by item.

use slipway_sdk::pb;

use super::{apply, described, entries, model, request, version};
use crate::support::{Running, start};

/// Models must be described, and have a version to go back to once they have any.
async fn start_with_policies() -> Running {
    let registry = start().await;
    for (id, expression) in [("described", "model.description != ''"), ("spare", "versions.count != 1")] {
        let policy = pb::Policy {
            expression: expression.to_owned(),
            enforcement: pb::Enforcement::Deny.into(),
            remedy: "mend it".to_owned(),
            ..Default::default()
        };
        let create = pb::CreatePolicyRequest {
            parent: "namespaces/default".to_owned(),
            policy_id: id.to_owned(),
            policy: Some(policy),
            ..Default::default()
        };
        registry.client.create_policy(create).await.unwrap();
    }
    registry
}

#[tokio::test]
async fn an_item_that_breaks_a_policy_refuses_the_whole_and_each_is_told() {
    let registry = start_with_policies().await;
    let whole = vec![described("good", "ads", "fine"), model("mute", "ads")];
    let before = entries(&registry).await;
    let refused = apply(&registry, whole.clone()).await.unwrap_err();
    assert_eq!(refused.reason(), "APPLY_REFUSED");
    assert!(refused.to_string().contains("the policy described: "), "{refused}");
    let dry = pb::ApplyModelsRequest { validate_only: true, ..request(whole) };
    let refusals = registry.client.apply_models(dry).await.unwrap().refusals;
    let told: Vec<_> = refusals.iter().map(|refusal| (&*refusal.reason, &*refusal.name)).collect();
    assert_eq!(told, [("POLICY_BROKEN", "namespaces/default/models/mute")]);
    assert!(refusals[0].description.contains("mend it"), "{refusals:?}");
    assert_eq!(entries(&registry).await, before);
}

#[tokio::test]
async fn the_whole_is_judged_and_not_its_steps() {
    let registry = start_with_policies().await;
    apply(&registry, vec![described("m", "ads", "fine"), version("m", 1), version("m", 2)]).await.unwrap();
    let alone =
        pb::ApplyModelsRequest { validate_only: true, ..request(vec![described("n", "ads", "fine"), version("n", 1)]) };
    let refusals = registry.client.apply_models(alone).await.unwrap().refusals;
    assert_eq!(refusals.iter().map(|refusal| &*refusal.name).collect::<Vec<_>>(), ["namespaces/default/models/n"]);
}
