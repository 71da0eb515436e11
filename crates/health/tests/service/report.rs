//! Reports in, durable answers out.

use slipway_proto::health::v1 as pb;

use crate::support::{V1, V2, instant, minute, pairs, report, rows, start};

#[tokio::test]
async fn rows_are_counted_under_their_version_and_minute() {
    let service = start().await;
    let columns = vec![rows(V1, 0, 0.25, (8, 2)), rows(V1, 1, 0.5, (4, 2)), rows(V2, 1, 0.5, (2, 0))];
    let answer = service.report(report(1, columns)).await.unwrap();
    assert_eq!((answer.epoch, answer.sequence, answer.accepted_rows), (1, 1, 14));
    let health = service.health(V1).await;
    assert_eq!((health.rows, health.positives), (12, 4));
    assert_eq!(health.calibration.unwrap().value, Some(1.0));
    assert_eq!(health.start_time, instant(minute(0)));
    assert_eq!(health.end_time, instant(minute(2)));
    assert_eq!(service.health(V2).await.rows, 2);
}

#[tokio::test]
async fn a_bad_row_is_refused_and_counted_and_the_others_are_not_touched() {
    let service = start().await;
    let columns = pb::Columns {
        predictions: vec![0.5, f32::NAN, f32::INFINITY, -0.1, 1.5, 0.5],
        outcomes: vec![true, true, true, true, true, false],
        weights: vec![1.0, 1.0, 1.0, 1.0, 1.0, f32::NAN],
        ..rows(V1, 0, 0.5, (0, 0))
    };
    let answer = service.report(report(1, vec![columns])).await.unwrap();
    assert_eq!(answer.accepted_rows, 1);
    let mut refused: Vec<_> = answer.refused_rows.into_iter().collect();
    refused.sort();
    let expected = [("BAD_WEIGHT", 1), ("INFINITE", 1), ("NAN", 1), ("OUT_OF_BOUNDS", 2)];
    assert_eq!(refused, expected.map(|(reason, rows)| (reason.to_owned(), rows)));
    let health = service.health(V1).await;
    assert_eq!((health.rows, health.positives), (1, 1));
    assert_eq!(health.refused_rows["OUT_OF_BOUNDS"], 2);
}

#[tokio::test]
async fn weights_count_in_the_sums_and_rows_in_the_counts() {
    let service = start().await;
    let columns = pb::Columns { weights: vec![3.0, 1.0], ..rows(V1, 0, 0.5, (2, 1)) };
    service.report(report(1, vec![columns])).await.unwrap();
    let health = service.health(V1).await;
    assert_eq!((health.rows, health.base_rate), (2, Some(0.75)));
}

#[tokio::test]
async fn coverage_is_the_labelled_share_of_what_was_predicted() {
    let service = start().await;
    let predicted = pb::Columns { predicted: 10, ..rows(V1, 0, 0.5, (0, 0)) };
    service.report(report(1, vec![predicted])).await.unwrap();
    service.report(report(2, vec![rows(V1, 0, 0.5, (4, 2))])).await.unwrap();
    let health = service.health(V1).await;
    assert_eq!((health.predicted, health.rows, health.coverage), (10, 4, Some(0.4)));
}

#[tokio::test]
async fn paired_rows_never_count_as_served_ones() {
    let service = start().await;
    let request = pb::ReportRequest { paired_columns: vec![pairs(0, (0.5, 0.5), (10, 5))], ..report(1, vec![]) };
    assert_eq!(service.report(request).await.unwrap().accepted_rows, 10);
    service.report(report(2, vec![rows(V1, 0, 0.5, (3, 1))])).await.unwrap();
    assert_eq!(service.health(V1).await.rows, 3);
}

#[tokio::test]
async fn an_empty_report_is_a_sign_of_life_and_counts_nothing() {
    let service = start().await;
    let answer = service.report(report(1, vec![])).await.unwrap();
    assert_eq!((answer.sequence, answer.accepted_rows), (1, 0));
}

#[tokio::test]
async fn a_stream_of_many_reports_is_acknowledged_to_the_last_with_every_row() {
    let service = start().await;
    let mut stream = service.stream().await;
    let reports = stream.reports.clone();
    let sending = tokio::spawn(async move {
        for sequence in 1..=200 {
            reports.send(report(sequence, vec![rows(V1, sequence % 7, 0.5, (10, 5))])).await.unwrap();
        }
    });
    let (mut sequence, mut accepted) = (0, 0);
    while sequence < 200 {
        let answer = stream.answer().await.unwrap();
        assert!(answer.sequence > sequence);
        (sequence, accepted) = (answer.sequence, accepted + answer.accepted_rows);
    }
    sending.await.unwrap();
    assert_eq!(accepted, 2000);
    assert_eq!(service.health(V1).await.rows, 2000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_of_many_producers_into_the_same_minute_add_up_exactly() {
    let service = start().await;
    let mut streams = Vec::new();
    for producer in 0..8 {
        let mut stream = service.stream().await;
        streams.push(tokio::spawn(async move {
            for sequence in 1..=25 {
                let columns = vec![rows(V1, 0, 0.5, (3, 1)), rows(V1, sequence % 3, 0.25, (2, 1))];
                let request = pb::ReportRequest { producer: format!("p{producer}"), ..report(sequence, columns) };
                stream.say(request).await.unwrap();
            }
        }));
    }
    for stream in streams {
        stream.await.unwrap();
    }
    let health = service.health(V1).await;
    assert_eq!((health.rows, health.positives), (8 * 25 * 5, 8 * 25 * 2));
    let predicted = 8.0 * 25.0 * (1.5 + 0.5);
    assert_eq!(health.calibration.unwrap().value, Some(predicted / 400.0));
}
