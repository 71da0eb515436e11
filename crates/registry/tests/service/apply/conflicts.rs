//! Whose a field is.

use slipway_sdk::pb;

use super::{alias, apply, described, labelled, model, request, the_model, told, version};
use crate::support::{name, reason, start};

async fn describe(registry: &crate::support::Running, id: &str, text: &str) {
    let model = pb::Model { name: name(id).to_string(), description: text.to_owned(), ..Default::default() };
    let request = pb::UpdateModelRequest { model: Some(model), ..Default::default() };
    registry.client.update_model(request).await.unwrap();
}

#[tokio::test]
async fn a_field_that_a_person_changed_since_is_told_with_who_it_was_and_when() {
    let registry = start().await;
    let wanted = || vec![described("m", "ranking", "from the repository")];
    apply(&registry, wanted()).await.unwrap();
    describe(&registry, "m", "by hand").await;
    let error = apply(&registry, wanted()).await.unwrap_err();
    assert_eq!(error.reason(), "APPLY_REFUSED");
    let [conflict] = error.preconditions() else { panic!("{error:?}") };
    assert_eq!((&*conflict.kind, &*conflict.subject), ("FIELD_CONFLICT", &*name("m").to_string()));
    let revision = the_model(&registry, "m").await.etag;
    let revision = i64::from_str_radix(&revision, 16).unwrap();
    for piece in ["description", "by hand", "anonymous", &format!("revision {revision}"), "from the repository"] {
        assert!(conflict.description.contains(piece), "{piece}: {}", conflict.description);
    }
    assert_eq!(the_model(&registry, "m").await.description, "by hand");
    let forced = pb::ApplyModelsRequest { force: true, ..request(wanted()) };
    let applied = registry.client.apply_models(forced).await.unwrap();
    assert_eq!(applied.changes[0].fields[0].taken_from, "-");
    assert_eq!(the_model(&registry, "m").await.description, "from the repository");
    apply(&registry, vec![described("m", "ranking", "changed there")]).await.unwrap();
}

#[tokio::test]
async fn two_managers_share_a_model_field_by_field() {
    let registry = start().await;
    apply(&registry, vec![labelled("m", "ranking", &[("a", "1")])]).await.unwrap();
    let other = |resources| pb::ApplyModelsRequest { field_manager: "import".to_owned(), ..request(resources) };
    // What is free, or as it is wanted already, is nobody's matter.
    let shared = other(vec![labelled("m", "ranking", &[("b", "2")])]);
    assert_eq!(told(&registry.client.apply_models(shared).await.unwrap()), ["UPDATE models/m labels.b:>2"]);
    let error = registry.client.apply_models(other(vec![labelled("m", "ads", &[("a", "2")])])).await.unwrap_err();
    let told: Vec<_> = error.preconditions().iter().map(|one| one.description.clone()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|text| text.contains("the manager git")), "{told:?}");
    // And each takes out only what is its own.
    apply(&registry, vec![model("m", "ranking")]).await.unwrap();
    assert_eq!(
        the_model(&registry, "m").await.labels.into_iter().collect::<Vec<_>>(),
        [("b".to_owned(), "2".to_owned())]
    );
}

#[tokio::test]
async fn an_alias_that_a_person_moved_is_not_moved_back() {
    let registry = start().await;
    let fleet = || vec![model("m", "ranking"), version("m", 1), version("m", 2), alias("m", "champion", 1)];
    apply(&registry, fleet()).await.unwrap();
    let moved = pb::AliasMove {
        name: format!("{}/aliases/champion", name("m")),
        version: name("m").version(2).to_string(),
        ..Default::default()
    };
    let set = pb::SetAliasesRequest { parent: "namespaces/-".to_owned(), moves: vec![moved], ..Default::default() };
    registry.client.set_aliases(set).await.unwrap();
    assert_eq!(reason(apply(&registry, fleet()).await), "APPLY_REFUSED");
    let forced = pb::ApplyModelsRequest { force: true, ..request(fleet()) };
    let applied = registry.client.apply_models(forced).await.unwrap();
    assert_eq!(told(&applied)[3], "UPDATE models/m/aliases/champion version:2>1");
}

#[tokio::test]
async fn what_was_made_by_hand_belongs_to_whoever_made_it() {
    let registry = start().await;
    registry.client.create_model(crate::support::new_model("m")).await.unwrap();
    let error = apply(&registry, vec![model("m", "ads")]).await.unwrap_err();
    assert!(error.preconditions()[0].description.contains("anonymous"), "{error:?}");
    assert_eq!(
        told(&apply(&registry, vec![described("m", "ranking", "x")]).await.unwrap()),
        ["UPDATE models/m description:>x"]
    );
}
