//! Gates: a candidate against a baseline, in shadow and on the ramp.

use std::time::Duration;

use slipway_proto::health::v1 as pb;
use slipway_proto::r#type::v1::{Evidence, GateVerdict};

use crate::support::{Running, V1, V2, instant, minute, pairs, report, rows, start};

const DAY: i64 = 24 * 60;

fn gate(comparison: pb::Comparison) -> pb::EvaluateRequest {
    pb::EvaluateRequest {
        candidate: V2.to_owned(),
        baseline: V1.to_owned(),
        comparison: comparison.into(),
        since: instant(minute(0)),
        next_share: 0.25,
        ..Default::default()
    }
}

/// Six days of hours with `rows` a side and hour; then a week passes, and the producer promises that all is whole.
async fn observed(service: &Running, hour: impl Fn(i64) -> (Vec<pb::Columns>, Vec<pb::PairedColumns>)) {
    service.clock.advance(Duration::from_secs(13 * 24 * 3600)).await;
    let (mut columns, mut paired_columns) = (Vec::new(), Vec::new());
    for at in 0..6 * 24 {
        let (served, paired) = hour(at * 60);
        columns.extend(served);
        paired_columns.extend(paired);
    }
    let complete_through = instant(minute(13 * DAY));
    let request = pb::ReportRequest { paired_columns, complete_through, ..report(1, columns) };
    service.report(request).await.unwrap();
}

/// A little luck from hour to hour, the same for everybody.
fn positives(at: i64, rows: usize) -> usize {
    rows / 2 + (at / 60 % 5) as usize
}

async fn shadowed(service: &Running, candidate: f32) {
    observed(service, |at| (vec![], vec![pairs(at, (candidate, 0.52), (100, positives(at, 100)))])).await;
}

async fn ramped(service: &Running, candidate: f32) {
    observed(service, |at| {
        let arm = |version, p, rows| self::rows(version, at, p, (rows, positives(at, rows)));
        (vec![arm(V2, candidate, 100), arm(V1, 0.52, 400)], vec![])
    })
    .await;
}

#[tokio::test]
async fn nothing_reported_is_no_data_and_says_so() {
    let service = start().await;
    let evidence = service.evaluate(gate(pb::Comparison::Split)).await.unwrap();
    assert_eq!(evidence.verdict(), GateVerdict::NoData);
    assert_eq!(evidence.deciding, "minimum_rows");
    assert_eq!((evidence.mature_through, evidence.allowed_share), (None, 0.0));
    assert!(evidence.explanation.contains("None was reported"), "{}", evidence.explanation);
}

#[tokio::test]
async fn young_cohorts_are_no_data_that_time_will_bring() {
    let service = start().await;
    let columns = vec![rows(V1, 0, 0.5, (50, 25)), rows(V2, 0, 0.5, (50, 25))];
    service.report(pb::ReportRequest { complete_through: instant(minute(0)), ..report(1, columns) }).await.unwrap();
    let evidence = service.evaluate(gate(pb::Comparison::Split)).await.unwrap();
    assert_eq!((evidence.verdict(), evidence.deciding.as_str()), (GateVerdict::NoData, "maturity"));
    assert_eq!(evidence.mature_through, instant(minute(-DAY)));
}

#[tokio::test]
async fn an_equal_candidate_passes_in_shadow_with_evidence_on_the_same_rows() {
    let service = start().await;
    shadowed(&service, 0.52).await;
    let evidence = service.evaluate(gate(pb::Comparison::Paired)).await.unwrap();
    assert_eq!(evidence.verdict(), GateVerdict::Pass, "{}", evidence.explanation);
    assert_eq!(evidence.deciding, "");
    let (candidate, baseline) = (evidence.candidate.unwrap(), evidence.baseline.unwrap());
    assert_eq!((candidate.version.as_str(), baseline.version.as_str()), (V2, V1));
    assert_eq!((candidate.rows, candidate.positives), (baseline.rows, baseline.positives));
    assert_eq!(candidate.rows, 6 * 24 * 100);
    assert_eq!(evidence.calibration_ratio.unwrap().value, Some(1.0));
    assert_eq!(evidence.calibration_e_value, None);
    assert_eq!((evidence.missing_rows, evidence.missing_positives), (0, 0));
    assert_eq!(evidence.since, instant(minute(0)));
    assert_eq!(evidence.evaluate_time, instant(minute(13 * DAY)));
    assert!(evidence.overdispersion >= 1.0);
}

#[tokio::test]
async fn a_candidate_that_predicts_too_high_fails_in_shadow_on_calibration() {
    let service = start().await;
    shadowed(&service, 0.7).await;
    let evidence = service.evaluate(gate(pb::Comparison::Paired)).await.unwrap();
    assert_eq!((evidence.verdict(), evidence.deciding.as_str()), (GateVerdict::Fail, "calibration"));
    assert!((evidence.calibration_ratio.unwrap().value.unwrap() - 0.7 / 0.52).abs() < 1e-6);
    assert_eq!(evidence.allowed_share, 0.0);
}

#[tokio::test]
async fn an_equal_candidate_passes_on_a_ramp() {
    let service = start().await;
    ramped(&service, 0.52).await;
    let evidence = service.evaluate(gate(pb::Comparison::Split)).await.unwrap();
    assert_eq!(evidence.verdict(), GateVerdict::Pass, "{}", evidence.explanation);
    assert!(evidence.allowed_share >= 0.25);
    assert!(evidence.calibration_e_value.unwrap() < 1.0);
}

#[tokio::test]
async fn a_candidate_that_predicts_too_high_fails_on_a_ramp() {
    let service = start().await;
    ramped(&service, 0.7).await;
    let evidence = service.evaluate(gate(pb::Comparison::Split)).await.unwrap();
    assert_eq!(evidence.verdict(), GateVerdict::Fail, "{}", evidence.explanation);
}

/// A candidate that predicts 0.9 alone from the second day on, `before` which its baseline predicted so.
async fn alone(before: f32, since: i64) -> Evidence {
    let service = start().await;
    observed(&service, |at| {
        let arm = |version, p| rows(version, at, p, (100, positives(at, 100)));
        (vec![if at < DAY { arm(V1, before) } else { arm(V2, 0.9) }], vec![])
    })
    .await;
    let request = pb::EvaluateRequest { since: instant(minute(since)), ..gate(pb::Comparison::Split) };
    service.evaluate(request).await.unwrap()
}

#[tokio::test]
async fn a_candidate_that_serves_alone_is_held_against_what_its_baseline_showed_before_and_since() {
    for since in [0, DAY] {
        let evidence = alone(0.52, since).await;
        assert_eq!(evidence.verdict(), GateVerdict::Fail, "since {since}: {}", evidence.explanation);
        let evidence = alone(0.9, since).await;
        assert_eq!(evidence.verdict(), GateVerdict::Inconclusive, "since {since}: {}", evidence.explanation);
    }
}

#[tokio::test]
async fn too_little_evidence_is_inconclusive_and_says_what_is_missing() {
    let service = start().await;
    shadowed(&service, 0.52).await;
    let policy = pb::GatePolicy { minimum_rows: Some(20_000), minimum_positives: Some(9_000), ..Default::default() };
    let request = pb::EvaluateRequest { policy: Some(policy), ..gate(pb::Comparison::Paired) };
    let evidence = service.evaluate(request).await.unwrap();
    assert_eq!((evidence.verdict(), evidence.deciding.as_str()), (GateVerdict::Inconclusive, "minimum_rows"));
    assert!(evidence.missing_rows >= 20_000 - 14_400);
    assert_eq!(evidence.missing_positives, 9_000 - evidence.candidate.unwrap().positives);
}

#[tokio::test]
async fn a_gate_counts_from_since_and_up_to_maturity() {
    let service = start().await;
    ramped(&service, 0.52).await;
    let later = pb::EvaluateRequest { since: instant(minute(5 * DAY)), ..gate(pb::Comparison::Split) };
    assert_eq!(service.evaluate(later).await.unwrap().candidate.unwrap().rows, 24 * 100);
    let long = Some(prost_types::Duration { seconds: 12 * 24 * 3600, nanos: 0 });
    let patient = pb::EvaluateRequest { label_window: long, ..gate(pb::Comparison::Split) };
    let evidence = service.evaluate(patient).await.unwrap();
    assert_eq!(evidence.mature_through, instant(minute(DAY)));
    assert_eq!(evidence.candidate.unwrap().rows, 24 * 100);
}

#[tokio::test]
async fn the_same_cells_give_the_same_answer_also_after_a_restart() {
    let service = start().await;
    ramped(&service, 0.55).await;
    let first = service.evaluate(gate(pb::Comparison::Split)).await.unwrap();
    assert_eq!(service.evaluate(gate(pb::Comparison::Split)).await.unwrap(), first);
    let service = service.restart().await;
    assert_eq!(service.evaluate(gate(pb::Comparison::Split)).await.unwrap(), first);
}

#[tokio::test]
async fn rows_that_were_served_say_nothing_of_a_shadow() {
    let service = start().await;
    ramped(&service, 0.52).await;
    let evidence = service.evaluate(gate(pb::Comparison::Paired)).await.unwrap();
    assert_eq!(evidence.verdict(), GateVerdict::NoData);
}

#[tokio::test]
async fn what_a_shadow_has_seen_must_be_tolerable_before_it_passes() {
    let service = start().await;
    // On two of six days the candidate predicts half as much again: more than is tolerated of these rows, and
    // too few days to convict it.
    observed(&service, |at| {
        let candidate = if at < 2 * DAY { 0.8 } else { 0.5 };
        (vec![], vec![pairs(at, (candidate, 0.52), (100, positives(at, 100)))])
    })
    .await;
    let evidence = service.evaluate(gate(pb::Comparison::Paired)).await.unwrap();
    assert_eq!(
        (evidence.verdict(), evidence.deciding.as_str()),
        (GateVerdict::Inconclusive, "calibration"),
        "{}",
        evidence.explanation
    );
}
