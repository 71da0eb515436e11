//! A hundred clients that do the same at once: one of them does it, and the others learn why they did not.

use std::collections::BTreeMap;
use std::future::Future;

use slipway_sdk::{Endpoint, Error, Registry, pb};

use crate::support::{Running, model_with_versions, name, new_model, new_version, start};

const CROWD: usize = 100;

/// What `call` comes to for each of a crowd, every one of them on a connection of its own: how often each reason, or the
/// success, which is the empty one.
async fn crowd<T, F>(registry: &Running, call: impl Fn(Registry, usize) -> F) -> (BTreeMap<String, usize>, Vec<T>)
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let endpoint = Endpoint::new(&registry.address).unwrap();
    let calls: Vec<_> = (0..CROWD).map(|number| tokio::spawn(call(Registry::new(&endpoint), number))).collect();
    let (mut reasons, mut done) = (BTreeMap::new(), Vec::new());
    for call in calls {
        let reason = match call.await.unwrap() {
            Ok(answer) => {
                done.push(answer);
                String::new()
            }
            Err(error) => error.reason().to_owned(),
        };
        *reasons.entry(reason).or_default() += 1;
    }
    (reasons, done)
}

fn one_and(reason: &str) -> BTreeMap<String, usize> {
    BTreeMap::from([(String::new(), 1), (reason.to_owned(), CROWD - 1)])
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_hundred_creates_a_model_and_the_others_learn_that_it_is_there() {
    let registry = start().await;
    let (reasons, _) = crowd(&registry, |client, number| async move {
        let mut request = new_model("m");
        request.model.as_mut().unwrap().description = number.to_string();
        client.create_model(request).await
    })
    .await;
    assert_eq!(reasons, one_and("ALREADY_EXISTS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_versions_get_a_hundred_numbers() {
    let registry = start().await;
    registry.client.create_model(new_model("m")).await.unwrap();
    let (reasons, versions) =
        crowd(&registry, |client, _| async move { client.create_version(new_version("m", '1')).await }).await;
    assert_eq!(reasons, BTreeMap::from([(String::new(), CROWD)]));
    let mut numbers: Vec<u64> =
        versions.iter().map(|version| version.name.rsplit('/').next().unwrap().parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=CROWD as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_hundred_takes_an_alias_that_all_believe_to_be_free() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 2).await;
    let (reasons, _) = crowd(&registry, |client, number| async move {
        let to = name("m").version(1 + number as u64 % 2);
        let one = pb::AliasMove {
            name: format!("{}/aliases/champion", name("m")),
            version: to.to_string(),
            expected_version: Some(String::new()),
            ..Default::default()
        };
        let parent = "namespaces/default".to_owned();
        client.set_aliases(pb::SetAliasesRequest { parent, moves: vec![one], ..Default::default() }).await
    })
    .await;
    assert_eq!(reasons, one_and("ALIAS_MOVED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_repeated_a_hundred_times_at_once_has_one_effect_and_one_answer() {
    let registry = start().await;
    registry.client.create_model(new_model("m")).await.unwrap();
    let (reasons, versions) = crowd(&registry, |client, _| async move {
        let request_id = "67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned();
        client.create_version(pb::CreateVersionRequest { request_id, ..new_version("m", '1') }).await
    })
    .await;
    assert_eq!(reasons, BTreeMap::from([(String::new(), CROWD)]));
    assert!(versions.iter().all(|version| *version == versions[0]), "{versions:?}");
    assert_eq!(registry.client.get_model(&name("m")).await.unwrap().latest_version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_hundred_creates_a_namespace_and_all_find_what_they_need_there() {
    let registry = start().await;
    let (reasons, _) = crowd(&registry, |client, _| async move {
        client
            .create_namespace(pb::CreateNamespaceRequest { namespace_id: "eu".to_owned(), ..Default::default() })
            .await
    })
    .await;
    assert_eq!(reasons, one_and("ALREADY_EXISTS"));
    let (reasons, _) = crowd(&registry, |client, number| async move {
        client.ensure_team(&format!("namespaces/eu/teams/t{number}").parse().unwrap()).await
    })
    .await;
    assert_eq!(reasons, BTreeMap::from([(String::new(), CROWD)]), "they do not stand in each other's way");
}
