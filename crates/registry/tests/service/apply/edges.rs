//! What is no manifest, and what is too much of one.

use slipway_sdk::pb;

use super::{alias, apply, described, model, of, request, team, version};
use crate::support::{fields, name, reason, start};

#[tokio::test]
async fn everything_that_is_wrong_with_the_message_is_told_at_once() {
    let registry = start().await;
    let elsewhere = pb::Model { name: "namespaces/other/models/m".to_owned(), ..Default::default() };
    let traffic = pb::Traffic { name: name("m").traffic(), ..Default::default() };
    let resources = vec![
        model("m", "ranking"),
        model("M", "ranking"),
        model("m", "ads"),
        of(pb::resource::Resource::Model(elsewhere)),
        of(pb::resource::Resource::Traffic(traffic)),
        pb::Resource::default(),
        version("m", 0),
        alias("m", "Champion", 1),
    ];
    let bad =
        pb::ApplyModelsRequest { field_manager: "Git!".to_owned(), request_id: "7".to_owned(), ..request(resources) };
    let wrong = fields(registry.client.apply_models(bad).await);
    let wanted = [
        "field_manager",
        "request_id",
        "resources[1].model.name",
        "resources[2].model.name",
        "resources[3].model.name",
        "resources[4].traffic",
        "resources[5].resource",
        "resources[6].version.name",
        "resources[7].alias.name",
    ];
    assert_eq!(wrong, wanted);
    assert_eq!(fields(apply(&registry, vec![]).await), ["resources"]);
    let nameless = pb::ApplyModelsRequest { field_manager: String::new(), ..request(vec![team("x")]) };
    assert_eq!(fields(registry.client.apply_models(nameless).await), ["field_manager"]);
    let many = (0..20_001).map(|number| team(&format!("t{number}"))).collect();
    assert_eq!(fields(apply(&registry, many).await), ["resources"]);
}

#[tokio::test]
async fn a_stale_etag_is_told_and_a_current_one_holds() {
    let registry = start().await;
    let applied = apply(&registry, vec![model("m", "ranking")]).await.unwrap();
    let with = |etag: String| {
        let model = pb::Model { name: name("m").to_string(), owner: "ads".to_owned(), etag, ..Default::default() };
        vec![of(pb::resource::Resource::Model(model))]
    };
    assert_eq!(reason(apply(&registry, with("1".to_owned())).await), "APPLY_REFUSED");
    apply(&registry, with(format!("{:x}", applied.revision))).await.unwrap();
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused_as_that() {
    let registry = start().await;
    let long = "x".repeat(4000);
    let many = (0..2500).map(|number| described(&format!("m{number}"), "ranking", &long)).collect();
    assert_eq!(reason(apply(&registry, many).await), "MESSAGE_TOO_LARGE");
}
