//! Requests that can't be meant: every wrong field named at once, and nothing counted.

use jiff::{SignedDuration, Timestamp};
use slipway_proto::health::v1 as pb;

use crate::support::{START, V1, V2, fields, instant, minute, pairs, query, report, rows, start};

#[tokio::test]
async fn every_wrong_field_of_a_report_is_named_at_once() {
    let service = start().await;
    let columns = vec![
        pb::Columns { version: "models/x".to_owned(), ..rows(V1, 0, 0.5, (1, 1)) },
        pb::Columns { minute: None, outcomes: vec![true], weights: vec![1.0; 3], ..rows(V1, 0, 0.5, (2, 1)) },
        pb::Columns { predicted: -1, version: String::new(), ..rows(V1, 0, 0.5, (1, 1)) },
    ];
    let other = "namespaces/default/models/other/versions/1".to_owned();
    let paired_columns = vec![
        pb::PairedColumns { baseline: other, baseline_predictions: vec![], ..pairs(0, (0.5, 0.5), (2, 1)) },
        pb::PairedColumns { baseline: V2.to_owned(), ..pairs(0, (0.5, 0.5), (2, 1)) },
    ];
    let request = pb::ReportRequest {
        producer: "no spaces".to_owned(),
        epoch: -1,
        sequence: 0,
        paired_columns,
        ..report(1, columns)
    };
    let expected = [
        "producer NOT_A_PRODUCER",
        "epoch OUT_OF_BOUNDS",
        "sequence OUT_OF_BOUNDS",
        "columns[0].version NOT_A_VERSION",
        "columns[1].minute REQUIRED",
        "columns[1].outcomes COLUMN_LENGTH",
        "columns[1].weights COLUMN_LENGTH",
        "columns[2].version REQUIRED",
        "columns[2].predicted OUT_OF_BOUNDS",
        "paired_columns[0].baseline_predictions COLUMN_LENGTH",
        "paired_columns[0].baseline OF_ANOTHER_MODEL",
        "paired_columns[1].baseline SAME_VERSION",
    ];
    assert_eq!(fields(service.report(request).await), expected);
}

#[tokio::test]
async fn a_refused_report_counts_nothing_and_its_number_stays_free() {
    let service = start().await;
    let bad = vec![rows(V1, 0, 0.5, (5, 1)), pb::Columns { outcomes: vec![], ..rows(V1, 0, 0.5, (5, 1)) }];
    assert_eq!(fields(service.report(report(1, bad)).await), ["columns[1].outcomes COLUMN_LENGTH"]);
    assert_eq!(service.report(report(1, vec![rows(V1, 0, 0.5, (5, 1))])).await.unwrap().accepted_rows, 5);
    assert_eq!(service.health(V1).await.rows, 5);
}

#[tokio::test]
async fn minutes_that_no_clock_shows_are_refused() {
    let service = start().await;
    let at = |text: &str| {
        let moment: Timestamp = text.parse().unwrap();
        vec![pb::Columns { minute: instant(moment), ..rows(V1, 0, 0.5, (1, 1)) }]
    };
    for bad in ["1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2013-06-02T12:00:01Z", "2100-01-01T00:00:00Z"] {
        assert_eq!(fields(service.report(report(1, at(bad))).await), ["columns[0].minute OUT_OF_BOUNDS"], "{bad}");
    }
    for (sequence, good) in [(1, "2000-01-01T00:00:00Z"), (2, "2013-06-02T12:00:00Z")] {
        assert_eq!(service.report(report(sequence, at(good))).await.unwrap().accepted_rows, 1, "{good}");
    }
}

#[tokio::test]
async fn an_instant_that_is_none_is_named() {
    let service = start().await;
    let nanos = Some(prost_types::Timestamp { seconds: minute(0).as_second(), nanos: -1 });
    let seconds = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    let columns = vec![pb::Columns { minute: nanos, ..rows(V1, 0, 0.5, (1, 1)) }];
    let request = pb::ReportRequest { complete_through: seconds, ..report(1, columns) };
    assert_eq!(
        fields(service.report(request).await),
        ["columns[0].minute NOT_AN_INSTANT", "complete_through NOT_AN_INSTANT"]
    );
    let request = pb::GetHealthRequest { start_time: seconds, ..query(V1) };
    assert_eq!(fields(service.ask_health(request).await), ["start_time NOT_AN_INSTANT"]);
}

#[tokio::test]
async fn a_report_of_too_many_columns_is_refused() {
    let service = start().await;
    let columns = vec![pb::Columns { predicted: 1, ..rows(V1, 0, 0.5, (0, 0)) }; 16_385];
    assert_eq!(fields(service.report(report(1, columns)).await), ["columns TOO_MANY"]);
}

#[tokio::test]
async fn a_late_row_lands_in_its_own_minute() {
    let service = start().await;
    service.report(report(1, vec![rows(V1, 0, 0.5, (1, 1))])).await.unwrap();
    let year_ago = START.parse::<Timestamp>().unwrap() - SignedDuration::from_hours(24 * 365);
    let late = pb::Columns { minute: instant(year_ago), ..rows(V1, 0, 0.5, (2, 1)) };
    service.report(report(2, vec![late])).await.unwrap();
    let health = service.health(V1).await;
    assert_eq!((health.rows, health.start_time), (3, instant(year_ago)));
    let recent = pb::GetHealthRequest { start_time: instant(minute(0)), include_immature: true, ..query(V1) };
    assert_eq!(service.ask_health(recent).await.unwrap().rows, 1);
}

#[tokio::test]
async fn wrong_questions_for_health_name_their_fields() {
    let service = start().await;
    let request = pb::GetHealthRequest {
        name: "x".to_owned(),
        start_time: instant(minute(5)),
        end_time: instant(minute(5)),
        include_immature: false,
    };
    assert_eq!(fields(service.ask_health(request).await), ["name NOT_A_VERSION", "end_time NOT_AFTER_START"]);
}

#[tokio::test]
async fn wrong_questions_to_a_gate_name_their_fields() {
    let service = start().await;
    let policy = pb::GatePolicy {
        alpha: Some(f64::NAN),
        calibration_tolerance: Some(0.0),
        ne_tolerance: Some(2.0),
        harm_budget: Some(-1.0),
        minimum_rows: Some(-1),
        minimum_positives: Some(i64::MAX),
    };
    let request = pb::EvaluateRequest {
        candidate: V1.to_owned(),
        baseline: V1.to_owned(),
        comparison: 0,
        since: None,
        next_share: f64::NAN,
        policy: Some(policy),
        label_window: Some(prost_types::Duration { seconds: -1, nanos: 0 }),
    };
    let expected = [
        "baseline SAME_VERSION",
        "comparison REQUIRED",
        "since REQUIRED",
        "next_share OUT_OF_BOUNDS",
        "label_window OUT_OF_BOUNDS",
        "policy.alpha OUT_OF_BOUNDS",
        "policy.calibration_tolerance OUT_OF_BOUNDS",
        "policy.ne_tolerance OUT_OF_BOUNDS",
        "policy.harm_budget OUT_OF_BOUNDS",
        "policy.minimum_rows OUT_OF_BOUNDS",
        "policy.minimum_positives OUT_OF_BOUNDS",
    ];
    assert_eq!(fields(service.evaluate(request).await), expected);
}
