//! When the store is in trouble: what is acknowledged is counted, what is counted is counted once.

use std::sync::Arc;
use std::time::Duration;

use slipway_proto::health::v1 as pb;
use slipway_sdk::{Endpoint, Observation, Reporter, ReporterSettings};
use slipway_store::Store;
use slipway_store::faults::{Faults, Rates};
use slipway_store::memory::Memory;
use tonic::Code;

use crate::support::{Running, V1, minute, reason, report, rows, start_on};

/// Reports 1 to `last` of `producer`, each again and again until it is acknowledged; the reports may say where they
/// are in `reasons` they were refused with.
async fn until_acknowledged(service: &Running, producer: &str, last: i64) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut stream = service.stream().await;
    let mut sequence = 1;
    while sequence <= last {
        let columns = vec![rows(V1, sequence % 11, 0.5, (3, 1)), rows(V1, 0, 0.25, (1, 1))];
        let request = pb::ReportRequest { producer: producer.to_owned(), ..report(sequence, columns) };
        match stream.say(request).await {
            Ok(answer) => sequence = answer.sequence + 1,
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                reasons.push(reason::<()>(Err(status)).1);
                stream = service.stream().await;
            }
        }
    }
    reasons
}

#[tokio::test]
async fn with_a_store_that_fails_and_lies_every_row_is_counted_exactly_once() {
    for seed in 1..=12 {
        let memory: Arc<dyn Store> = Arc::new(Memory::new());
        let faults = Arc::new(Faults::new(Arc::clone(&memory), seed, Rates::default()));
        let service = start_on(faults.clone()).await;
        faults.set_rates(Rates { refuse: 0.15, lose_request: 0.1, lose_answer: 0.15, ..Rates::default() });
        let (left, right) =
            tokio::join!(until_acknowledged(&service, "left", 40), until_acknowledged(&service, "right", 40));
        assert!(left.iter().chain(&right).any(|reason| reason == "STORE_UNAVAILABLE"), "seed {seed} refused nothing");
        // Nobody else writes: a transaction whose answer was lost must be recognised as the service's own.
        assert!(left.iter().chain(&right).all(|reason| reason != "STORE_TAKEN"), "seed {seed}");
        faults.set_rates(Rates::default());
        let shown = service.health(V1).await;
        assert_eq!((shown.rows, shown.positives), (2 * 40 * 4, 2 * 40 * 2), "seed {seed}");
        let stored = start_on(memory).await.health(V1).await;
        assert_eq!(stored, shown, "seed {seed}");
    }
}

#[tokio::test]
async fn a_refused_transaction_leaves_no_trace() {
    let faults = Arc::new(Faults::new(Arc::new(Memory::new()), 1, Rates::default()));
    let service = start_on(faults.clone()).await;
    service.report(report(1, vec![rows(V1, 0, 0.5, (5, 1))])).await.unwrap();
    let before = service.health(V1).await;
    faults.set_rates(Rates { refuse: 1.0, ..Rates::default() });
    let refused = service.report(report(2, vec![rows(V1, 0, 0.5, (7, 1))])).await;
    assert_eq!(reason(refused), (Code::Unavailable, "STORE_UNAVAILABLE".to_owned()));
    assert_eq!(service.health(V1).await, before);
    faults.set_rates(Rates::default());
    assert_eq!(service.report(report(2, vec![rows(V1, 0, 0.5, (7, 1))])).await.unwrap().accepted_rows, 7);
}

#[tokio::test]
async fn while_an_outcome_is_unknown_nothing_else_is_written_and_everybody_is_told() {
    let faults = Arc::new(Faults::new(Arc::new(Memory::new()), 1, Rates::default()));
    let service = start_on(faults.clone()).await;
    faults.set_rates(Rates { lose_request: 1.0, ..Rates::default() });
    let mine = service.report(report(1, vec![rows(V1, 0, 0.5, (5, 1))])).await;
    assert_eq!(reason(mine), (Code::Unavailable, "OUTCOME_UNKNOWN".to_owned()));
    let other = pb::ReportRequest { producer: "q".to_owned(), ..report(1, vec![rows(V1, 0, 0.5, (2, 1))]) };
    assert_eq!(reason(service.report(other.clone()).await).1, "OUTCOME_UNKNOWN");
    faults.set_rates(Rates::default());
    // The open transaction is settled first, whichever report comes next; both count once.
    until_taken(&service, report(1, vec![rows(V1, 0, 0.5, (5, 1))])).await;
    until_taken(&service, other).await;
    assert_eq!(service.health(V1).await.rows, 7);
}

async fn until_taken(service: &Running, request: pb::ReportRequest) {
    while let Err(status) = service.report(request.clone()).await {
        let reason = reason::<()>(Err(status)).1;
        assert!(["OUTCOME_UNKNOWN", "STORE_TAKEN"].contains(&reason.as_str()), "{reason}");
    }
}

#[tokio::test]
async fn a_service_that_is_replaced_in_the_middle_of_its_writes_counts_every_report_once() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let row = |sequence| report(sequence, vec![rows(V1, 0, 0.5, (1, 0))]);
    let (mut next, mut abandoned) = (1, Vec::new());
    for round in 0..10 {
        let service = start_on(Arc::clone(&store)).await;
        let mut stream = service.stream().await;
        // Only the first is waited for: whether the others are counted, and by whom, is for the store to know.
        for ahead in 0..=(round % 4) {
            stream.reports.send(row(next + ahead)).await.unwrap();
        }
        next = match stream.answer().await {
            Ok(answer) => answer.sequence + 1,
            Err(status) => {
                assert_eq!(reason::<()>(Err(status)).1, "STORE_TAKEN");
                next
            }
        };
        abandoned.push((service.abandon(), stream));
    }
    drop(abandoned);
    let service = start_on(store).await;
    until_taken(&service, row(next)).await;
    let last = service.report(row(1)).await.unwrap().sequence;
    assert_eq!(service.health(V1).await.rows, last);
}

#[tokio::test]
async fn the_client_s_reporter_brings_every_row_through_a_store_that_fails_and_lies() {
    let faults = Arc::new(Faults::new(Arc::new(Memory::new()), 3, Rates::default()));
    let service = start_on(faults.clone()).await;
    faults.set_rates(Rates { refuse: 0.2, lose_request: 0.1, lose_answer: 0.2, ..Rates::default() });
    let endpoint = Endpoint::new(&service.address).unwrap();
    let settings = ReporterSettings {
        interval: Duration::from_millis(1),
        rows_per_report: 10,
        ..ReporterSettings::new("ranker-7.eu-west")
    };
    let reporter = Reporter::start(&slipway_sdk::Health::new(&endpoint), settings);
    let version = V1.parse().unwrap();
    for row in 0..500 {
        let row = Observation { prediction: 0.5, outcome: row % 2 == 0, weight: 1.0 };
        reporter.observed(&version, minute(0), row);
    }
    reporter.flush(Duration::from_secs(30)).await.unwrap();
    faults.set_rates(Rates::default());
    let health = service.health(V1).await;
    assert_eq!((health.rows, health.positives), (500, 250));
}
