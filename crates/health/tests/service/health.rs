//! The health of a version: metrics, verdict, window, maturity.

use std::time::Duration;

use slipway_proto::health::v1 as pb;
use slipway_proto::health::v1::HealthVerdict;
use tonic::Code;

use crate::support::{Running, V1, V2, instant, minute, pairs, query, reason, report, rows, start};

/// An hour of rows a minute from noon on, and a promise that it is whole.
async fn reported(service: &Running, p: f32, counts: (usize, usize)) {
    let columns = (0..60).map(|at| rows(V1, at, p, counts)).collect();
    let request = pb::ReportRequest { complete_through: instant(minute(60)), ..report(1, columns) };
    service.clock.advance(Duration::from_secs(3600)).await;
    service.report(request).await.unwrap();
}

/// Lets the cohorts grow as old as the default label window, with a promise to match.
async fn a_day_later(service: &Running) {
    service.clock.advance(Duration::from_secs(24 * 3600)).await;
    let promise = pb::ReportRequest { complete_through: instant(minute(25 * 60)), ..report(2, vec![]) };
    service.report(promise).await.unwrap();
}

#[tokio::test]
async fn a_version_that_was_never_reported_is_not_found_and_those_that_were_are_named() {
    let service = start().await;
    assert_eq!(reason(service.ask_health(query(V1)).await), (Code::NotFound, "VERSION_NEVER_REPORTED".to_owned()));
    service.report(report(1, vec![rows(V1, 0, 0.5, (1, 1))])).await.unwrap();
    let status = service.ask_health(query(V2)).await.unwrap_err();
    assert!(status.message().contains("of this model, these versions were: 1"), "{status}");
}

#[tokio::test]
async fn a_version_that_only_shadows_has_no_health_of_its_own() {
    let service = start().await;
    let request = pb::ReportRequest { paired_columns: vec![pairs(0, (0.5, 0.5), (10, 5))], ..report(1, vec![]) };
    service.report(request).await.unwrap();
    assert_eq!(reason(service.ask_health(query(V2)).await).1, "VERSION_NEVER_REPORTED");
}

#[tokio::test]
async fn young_cohorts_wait_for_their_labels_unless_they_are_asked_for() {
    let service = start().await;
    reported(&service, 0.5, (100, 50)).await;
    let young = service.ask_health(query(V1)).await.unwrap();
    assert_eq!((young.rows, young.verdict()), (0, HealthVerdict::Unknown));
    assert_eq!(young.mature_through, instant(minute(60 - 24 * 60)));
    assert_eq!(service.health(V1).await.rows, 6000);
    a_day_later(&service).await;
    let old = service.ask_health(query(V1)).await.unwrap();
    assert_eq!((old.rows, old.end_time), (6000, instant(minute(60))));
}

#[tokio::test]
async fn a_calibrated_version_is_stable_and_a_miscalibrated_one_is_not() {
    for (p, verdict) in [(0.5, HealthVerdict::Stable), (0.6, HealthVerdict::Unstable)] {
        let service = start().await;
        reported(&service, p, (400, 200)).await;
        a_day_later(&service).await;
        let health = service.ask_health(query(V1)).await.unwrap();
        assert_eq!(health.verdict(), verdict, "{}", health.explanation);
        assert_eq!(health.missing_outcomes, 0);
        let calibration = health.calibration.unwrap();
        assert!((calibration.value.unwrap() - f64::from(p) / 0.5).abs() < 1e-6);
        assert!(calibration.lower < calibration.value && calibration.value < calibration.upper);
    }
}

#[tokio::test]
async fn a_version_with_few_outcomes_is_unknown_and_says_how_many_are_missing() {
    let service = start().await;
    reported(&service, 0.5, (2, 1)).await;
    a_day_later(&service).await;
    let health = service.ask_health(query(V1)).await.unwrap();
    assert_eq!(health.verdict(), HealthVerdict::Unknown);
    assert!(health.missing_outcomes > 1000, "{}", health.missing_outcomes);
    assert!(health.explanation.contains(&health.missing_outcomes.to_string()), "{}", health.explanation);
}

#[tokio::test]
async fn a_version_with_only_negatives_or_a_single_row_has_what_is_defined_and_nothing_else() {
    let service = start().await;
    service.report(report(1, vec![rows(V1, 0, 0.25, (1, 0))])).await.unwrap();
    let health = service.health(V1).await;
    let calibration = health.calibration.unwrap();
    assert_eq!((calibration.value, calibration.upper), (None, None));
    assert_eq!((health.normalized_entropy, health.auc.unwrap().value), (None, None));
    assert!((health.log_loss.unwrap() - (4.0f64 / 3.0).ln()).abs() < 1e-9);
    assert_eq!(health.verdict(), HealthVerdict::Unknown);
    assert!(health.missing_outcomes >= 1);
}

#[tokio::test]
async fn an_answer_says_what_it_was_held_against_and_that_it_was_assumed() {
    let service = start().await;
    service.report(report(1, vec![rows(V1, 0, 0.5, (2, 1))])).await.unwrap();
    let health = service.health(V1).await;
    assert!(health.assumed_policy);
    assert_eq!(health.label_window.unwrap().seconds, 24 * 3600);
    assert_eq!(health.alpha, 0.05);
    let band = health.tolerated_calibration.unwrap();
    assert!(band.lower.unwrap() < 1.0 && band.upper.unwrap() == 1.05);
    assert!(health.revision > 0);
}

#[tokio::test]
async fn a_window_counts_whole_minutes_from_its_start_up_to_its_end() {
    let service = start().await;
    let columns = (0..180).map(|at| rows(V1, at, 0.5, (1, 0))).collect();
    service.report(report(1, columns)).await.unwrap();
    for (start, end, expected) in [(0, 180, 180), (10, 11, 1), (50, 130, 80), (60, 120, 60), (170, 500, 10)] {
        let window = pb::GetHealthRequest {
            start_time: instant(minute(start)),
            end_time: instant(minute(end)),
            include_immature: true,
            ..query(V1)
        };
        assert_eq!(service.ask_health(window).await.unwrap().rows, expected, "{start}..{end}");
    }
}

#[tokio::test]
async fn the_slowest_producer_holds_maturity_back_until_it_is_silent_for_a_day() {
    let service = start().await;
    reported(&service, 0.5, (1, 0)).await;
    let slow = pb::ReportRequest {
        producer: "slow".to_owned(),
        complete_through: instant(minute(10)),
        ..report(1, vec![rows(V1, 5, 0.5, (1, 0))])
    };
    service.report(slow).await.unwrap();
    let before = service.ask_health(query(V1)).await.unwrap();
    assert_eq!(before.mature_through, instant(minute(10 - 24 * 60)));
    a_day_later(&service).await;
    let after = service.ask_health(query(V1)).await.unwrap();
    assert_eq!(after.mature_through, instant(minute(60)));
}
