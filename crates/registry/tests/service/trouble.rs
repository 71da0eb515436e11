//! When the store is in trouble: nothing half done, nothing done twice, and the caller is told what holds.

use std::sync::Arc;

use slipway_sdk::Endpoint;
use slipway_store::Store;
use slipway_store::faults::{Faults, Rates};
use slipway_store::memory::Memory;

use crate::support::{name, new_model, new_version, start_on};

#[tokio::test]
async fn with_a_store_that_fails_and_lies_every_version_is_created_exactly_once() {
    let memory: Arc<dyn Store> = Arc::new(Memory::new());
    let quiet = start_on(Arc::clone(&memory)).await;
    quiet.client.ensure_team(&"namespaces/default/teams/ranking".parse().unwrap()).await.unwrap();
    quiet.client.create_model(new_model("ctr")).await.unwrap();
    let rates = Rates { refuse: 0.2, lose_request: 0.1, lose_answer: 0.2, ..Rates::default() };
    let faults = Arc::new(Faults::new(memory, 11, Rates::default()));
    let registry = start_on(Arc::clone(&faults) as Arc<dyn Store>).await;
    // The first answered read says that the registry has started.
    registry.client.get_model(&name("ctr")).await.unwrap();
    faults.set_rates(rates);
    for _ in 0..40 {
        // The client repeats with the same request id until it knows.
        let request = pb_with_id();
        while let Err(error) = registry.client.create_version(request.clone()).await {
            assert!(["STORE_UNAVAILABLE", "OUTCOME_UNKNOWN"].contains(&error.reason()), "{error}");
        }
    }
    let model = quiet.client.get_model(&name("ctr")).await.unwrap();
    assert_eq!(model.latest_version, 40);
}

fn pb_with_id() -> slipway_sdk::pb::CreateVersionRequest {
    let mut request = new_version("ctr", '1');
    request.request_id = uuid::Uuid::new_v4().to_string();
    request
}

#[tokio::test]
async fn a_registry_that_is_away_is_unavailable_and_not_something_else() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let endpoint = Endpoint::new(&address).unwrap().with_deadline(std::time::Duration::from_millis(300));
    let error = slipway_sdk::Registry::new(&endpoint).get_model(&name("ctr")).await.unwrap_err();
    assert!(matches!(error.code(), slipway_sdk::Code::Unavailable | slipway_sdk::Code::DeadlineExceeded), "{error}");
}
