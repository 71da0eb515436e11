//! Exactly once: repeats, gaps, epochs, forks, breaks and restarts.

use std::sync::Arc;

use slipway_proto::health::v1 as pb;
use slipway_store::memory::Memory;
use tonic::Code;

use crate::support::{V1, fact, fields, reason, report, rows, start, start_on};

fn ten(sequence: i64) -> pb::ReportRequest {
    report(sequence, vec![rows(V1, sequence, 0.5, (10, 5))])
}

#[tokio::test]
async fn a_repeated_report_is_acknowledged_and_not_counted_again() {
    let service = start().await;
    service.report(ten(1)).await.unwrap();
    service.report(ten(2)).await.unwrap();
    let answer = service.report(ten(1)).await.unwrap();
    assert_eq!((answer.sequence, answer.accepted_rows), (2, 0));
    assert_eq!(service.health(V1).await.rows, 20);
}

#[tokio::test]
async fn a_gap_is_refused_with_the_number_that_is_expected() {
    let service = start().await;
    service.report(ten(1)).await.unwrap();
    let refused = service.report(ten(3)).await;
    assert_eq!(fact(refused.clone(), "expected_sequence"), "2");
    assert_eq!(reason(refused), (Code::OutOfRange, "SEQUENCE_GAP".to_owned()));
    assert_eq!(
        fact(service.report(pb::ReportRequest { producer: "new".to_owned(), ..ten(7) }).await, "expected_sequence"),
        "1"
    );
    assert_eq!(service.health(V1).await.rows, 10);
}

#[tokio::test]
async fn a_producer_that_begins_a_new_epoch_fences_its_older_self() {
    let service = start().await;
    service.report(ten(1)).await.unwrap();
    let mut old = service.stream().await;
    old.say(ten(2)).await.unwrap();
    service.report(pb::ReportRequest { epoch: 2, ..ten(1) }).await.unwrap();
    let refused = old.say(ten(3)).await;
    assert_eq!(fact(refused.clone(), "current_epoch"), "2");
    assert_eq!(reason(refused), (Code::FailedPrecondition, "PRODUCER_FENCED".to_owned()));
    assert_eq!(service.health(V1).await.rows, 30);
}

#[tokio::test]
async fn two_processes_with_one_name_are_told_apart_by_what_they_say() {
    let service = start().await;
    service.report(ten(1)).await.unwrap();
    let other = report(1, vec![rows(V1, 1, 0.25, (10, 5))]);
    assert_eq!(reason(service.report(other).await), (Code::FailedPrecondition, "PRODUCER_FORKED".to_owned()));
    assert_eq!(service.health(V1).await.rows, 10);
}

#[tokio::test]
async fn a_fork_is_known_even_after_a_restart() {
    let service = start().await;
    service.report(ten(1)).await.unwrap();
    let service = service.restart().await;
    let other = report(1, vec![rows(V1, 1, 0.25, (10, 5))]);
    assert_eq!(reason(service.report(other).await).1, "PRODUCER_FORKED");
    assert_eq!(service.report(ten(1)).await.unwrap().accepted_rows, 0);
}

#[tokio::test]
async fn a_stream_belongs_to_the_producer_that_began_it() {
    let service = start().await;
    let mut stream = service.stream().await;
    stream.say(ten(1)).await.unwrap();
    let other = pb::ReportRequest { producer: "q".to_owned(), ..ten(1) };
    assert_eq!(fields(stream.say(other).await), ["producer CHANGED"]);
}

#[tokio::test]
async fn what_was_applied_before_a_break_and_not_answered_is_not_counted_twice() {
    let service = start().await;
    let stream = service.stream().await;
    stream.reports.send(ten(1)).await.unwrap();
    stream.reports.send(ten(2)).await.unwrap();
    // Another producer's answer says that the reports before it were taken off the queue too; the first stream is
    // given up without its answers.
    service.report(pb::ReportRequest { producer: "q".to_owned(), ..ten(1) }).await.unwrap();
    drop(stream);
    let mut again = service.stream().await;
    for sequence in 1..=3 {
        again.say(ten(sequence)).await.unwrap();
    }
    assert_eq!(service.health(V1).await.rows, 40);
}

#[tokio::test]
async fn the_cells_and_the_numbers_survive_a_restart_together() {
    let service = start().await;
    let mut stream = service.stream().await;
    for sequence in 1..=5 {
        stream.say(ten(sequence)).await.unwrap();
    }
    let before = service.health(V1).await;
    drop(stream);
    let service = service.restart().await;
    assert_eq!(service.health(V1).await, before);
    assert_eq!(service.report(ten(5)).await.unwrap().accepted_rows, 0);
    assert_eq!(service.report(ten(6)).await.unwrap().accepted_rows, 10);
    assert_eq!(service.health(V1).await.rows, 60);
}

#[tokio::test]
async fn two_services_on_one_store_take_turns_and_count_nothing_twice_or_never() {
    let store = Arc::new(Memory::new());
    let left = start_on(store.clone()).await;
    let right = start_on(store).await;
    left.report(ten(1)).await.unwrap();
    assert_eq!(reason(right.report(ten(1)).await), (Code::Unavailable, "STORE_TAKEN".to_owned()));
    assert_eq!(right.report(ten(1)).await.unwrap().accepted_rows, 0);
    assert_eq!(right.report(ten(2)).await.unwrap().accepted_rows, 10);
    assert_eq!(reason(left.report(ten(2)).await).1, "STORE_TAKEN");
    assert_eq!(left.report(ten(3)).await.unwrap().accepted_rows, 10);
    assert_eq!(left.health(V1).await.rows, 30);
}
