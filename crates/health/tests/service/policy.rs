//! What the registry says of a model, and what holds when it says nothing.

use std::sync::Arc;

use jiff::SignedDuration;
use slipway_chassis::env::Env;
use slipway_chassis::metrics::Metrics;
use slipway_domain::model::HealthPolicy;
use slipway_domain::name::ModelName;
use slipway_health::Health;
use slipway_health::service::report::{Columns, Draft};
use slipway_health::service::{Cohorts, HealthQuery, Limits, ModelPolicy, Policies};
use slipway_sdk::Endpoint;
use slipway_store::memory::Memory;

use crate::support::{START, V1, minute, report, rows, start_at};

/// A registry that knows one policy for every model.
struct Known;

impl Policies for Known {
    fn policy(&self, _: &ModelName) -> Option<ModelPolicy> {
        let health = HealthPolicy { calibration_tolerance: 0.2, ne_tolerance: 0.1, alpha: 0.01 };
        Some(ModelPolicy { label_window: SignedDuration::from_mins(30), health })
    }
}

#[tokio::test]
async fn a_known_policy_is_what_a_version_is_held_against() {
    let (env, _driver) = Env::driven(minute(60), 7);
    let metrics = Metrics::new().unwrap();
    let (health, committer) =
        Health::open(Limits::default(), Arc::new(Memory::new()), &env, &metrics, Arc::new(Known)).await.unwrap();
    tokio::spawn(committer.run());
    let caller = slipway_chassis::caller(&tonic::Request::new(()));
    let columns = Columns {
        version: V1.to_owned(),
        minute: Some(minute(0)),
        predictions: vec![0.5; 10],
        outcomes: vec![true; 10],
        ..Columns::default()
    };
    let draft = Draft {
        producer: "p".to_owned(),
        sequence: 1,
        columns: vec![columns],
        complete_through: Some(minute(60)),
        ..Draft::default()
    };
    assert_eq!(health.report(&caller, draft).await.unwrap().accepted_rows, 10);
    let query = HealthQuery { name: V1.to_owned(), start: None, end: None, cohorts: Cohorts::Mature };
    let answer = health.get_health(&caller, &query).unwrap();
    assert!(!answer.assumed_policy);
    assert_eq!(answer.mature_through, Some(minute(30)));
    assert_eq!(answer.metrics.labelled, 10);
    assert_eq!(answer.judged.tolerated.high, 1.2);
    let shown = metrics.text().unwrap();
    assert!(shown.contains("health_accepted_rows_total 10"), "{shown}");
    assert!(shown.contains(r#"health_kept{kind="cells"} 1"#), "{shown}");
}

#[tokio::test]
async fn a_registry_that_is_away_is_never_an_error() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::new(&nobody.local_addr().unwrap().to_string()).unwrap();
    drop(nobody);
    let service = start_at(Arc::new(Memory::new()), START.parse().unwrap(), Some(endpoint)).await;
    service.report(report(1, vec![rows(V1, 0, 0.5, (4, 2))])).await.unwrap();
    let health = service.health(V1).await;
    assert!(health.assumed_policy);
    assert_eq!(health.rows, 4);
}
