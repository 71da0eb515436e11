//! The same manifest twice, and two manifests at once.

use slipway_sdk::pb;

use super::{apply, described, entries, labelled, model, request, team, told};
use crate::support::{reason, start};

const ID: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_whatever_came_after() {
    let registry = start().await;
    apply(&registry, vec![labelled("old", "ads", &[("x", "1")])]).await.unwrap();
    let identified = || pb::ApplyModelsRequest {
        request_id: ID.to_owned(),
        prune: "owner = ads".to_owned(),
        ..request(vec![team("new"), model("m", "new"), team("ranking"), model("traffic", "new")])
    };
    let first = registry.client.apply_models(identified()).await.unwrap();
    let wanted =
        ["CREATE teams/new", "CREATE models/m", "NOOP teams/ranking", "CREATE models/traffic", "DELETE models/old"];
    assert_eq!(told(&first), wanted);
    let update =
        pb::ApplyModelsRequest { request_id: ID.replace('6', "7"), ..request(vec![described("m", "new", "x")]) };
    let updated = registry.client.apply_models(update.clone()).await.unwrap();
    let before = entries(&registry).await;
    assert_eq!(registry.client.apply_models(identified()).await.unwrap(), first);
    assert_eq!(registry.client.apply_models(update).await.unwrap(), updated);
    assert_eq!(entries(&registry).await, before);
    let other = pb::ApplyModelsRequest { resources: vec![team("other")], ..identified() };
    assert_eq!(reason(registry.client.apply_models(other).await), "REQUEST_ID_REUSED");
    let registry = registry.restart().await;
    assert_eq!(registry.client.apply_models(identified()).await.unwrap(), first);
}

#[tokio::test]
async fn of_two_manifests_at_once_each_is_whole() {
    let registry = start().await;
    let fleet =
        |text: &'static str| (0..20).map(move |number| described(&format!("m{number}"), "ranking", text)).collect();
    let forced = |resources| pb::ApplyModelsRequest { force: true, ..request(resources) };
    let attempts = (0..16).map(|number| {
        let text = if number % 2 == 0 { "even" } else { "odd" };
        registry.client.apply_models(forced(fleet(text)))
    });
    let answers = futures_util::future::join_all(attempts).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let list = pb::ListModelsRequest { parent: "namespaces/default".to_owned(), ..Default::default() };
    let models = registry.client.list_models(list).await.unwrap().models;
    let texts: std::collections::BTreeSet<_> = models.iter().map(|model| (&model.description, &model.etag)).collect();
    assert_eq!((models.len(), texts.len()), (20, 1), "the last one is there, and nothing of the others: {texts:?}");
}
