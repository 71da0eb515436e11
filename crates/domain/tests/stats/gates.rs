//! The gates, on a summer of real flights and on cells made for the purpose.

use jiff::Timestamp;
use slipway_domain::gate::{Deciding, Policy, Verdict};
use slipway_domain::stats::{Cell, Columns, Judgement, PairedCell, PairedColumns};
use slipway_domain::stats::{fold, fold_paired, shadow, split};

use crate::flights;
use crate::replay::{self, Schedule, Versions};

const DAY: i64 = 24 * 60;
const V1: usize = 0;
const V2: usize = 1;
const V3: usize = 2;
const V4: usize = 3;

fn over_v1(candidate: usize) -> Versions {
    Versions { candidate, baseline: V1 }
}

fn summer() -> Schedule {
    Schedule { first_day: 0, every: DAY, days: 92 }
}

#[test]
fn a_version_against_itself_is_never_rolled_back() {
    let flights = flights::all();
    for salt in 0..4 {
        let end = replay::ramp(&flights, over_v1(V1), salt, summer(), &Policy::default());
        assert_eq!((end.verdict, end.share), (Verdict::Pass, 1.0), "{salt}: {:?}", end.judgement);
    }
}

#[test]
fn a_better_version_reaches_full_exposure() {
    let flights = flights::all();
    for salt in 0..4 {
        let end = replay::ramp(&flights, over_v1(V2), salt, summer(), &Policy::default());
        assert_eq!((end.verdict, end.share), (Verdict::Pass, 1.0), "{salt}: {:?}", end.judgement);
    }
}

#[test]
fn a_version_that_lost_a_feature_is_caught_within_days() {
    let flights = flights::all();
    for salt in 0..6 {
        let end = replay::ramp(&flights, over_v1(V4), salt, summer(), &Policy::default());
        let deciding = Some(Deciding::NormalizedEntropy);
        assert_eq!((end.verdict, end.judgement.deciding), (Verdict::Fail, deciding), "{:?}", end.judgement);
        assert!(end.days <= 4.0 && end.exposed <= 200, "{salt}: {} days, {} flights", end.days, end.exposed);
    }
}

#[test]
fn a_version_that_predicts_too_high_is_caught_on_the_ramp_should_it_get_there() {
    let flights = flights::all();
    for salt in 0..6 {
        let end = replay::ramp(&flights, over_v1(V3), salt, summer(), &Policy::default());
        assert_eq!(end.verdict, Verdict::Fail);
        assert!(end.days <= 14.0 && end.exposed <= 700, "{salt}: {} days, {} flights", end.days, end.exposed);
    }
}

#[test]
fn a_version_that_predicts_too_high_fails_in_shadow_on_calibration_whenever_it_begins() {
    let flights = flights::all();
    for first_day in (0..78).step_by(6) {
        let schedule = Schedule { first_day, every: 6 * 60, days: 14 };
        let end = replay::shadow(&flights, over_v1(V3), 3, schedule, &Policy::default());
        assert_eq!(end.verdict, Verdict::Fail, "from day {first_day}: {:?}", end.judgement);
        assert!(end.judgement.reasons[0].starts_with("Calibration"), "{:?}", end.judgement.reasons);
    }
}

#[test]
fn a_better_version_is_not_failed_in_shadow_whenever_it_begins() {
    let flights = flights::all();
    for first_day in (0..78).step_by(6) {
        let schedule = Schedule { first_day, every: 6 * 60, days: 14 };
        let end = replay::shadow(&flights, over_v1(V2), 3, schedule, &Policy::default());
        assert_ne!(end.verdict, Verdict::Fail, "from day {first_day}: {:?}", end.judgement);
    }
}

#[test]
fn a_better_version_that_serves_alone_is_failed_by_no_weather_of_the_summer() {
    let flights = flights::all();
    for first_day in (7..78).step_by(6) {
        let schedule = Schedule { first_day, every: 6 * 60, days: 14 };
        let end = replay::alone(&flights, over_v1(V2), schedule, &Policy::default());
        assert_ne!(end.verdict, Verdict::Fail, "from day {first_day}: {:?}", end.judgement);
    }
}

#[test]
fn one_stormy_day_alone_convicts_nobody_in_shadow() {
    // On the seventh of June v2 predicted a third more than v1, all day long.
    let schedule = Schedule { first_day: 6, every: DAY, days: 2 };
    let end = replay::shadow(&flights::all(), over_v1(V2), 3, schedule, &Policy::default());
    assert_eq!(end.verdict, Verdict::Inconclusive, "{:?}", end.judgement);
}

/// An hour: of every hundred rows `positives` come true, and all are predicted at `prediction`.
fn hour(rows: usize, prediction: f32, positives: usize) -> Cell {
    let mut cell = Cell::new();
    let outcomes: Vec<bool> = (0..rows).map(|row| row % 100 < positives).collect();
    fold(&mut cell, &Columns { predictions: &vec![prediction; rows], outcomes: &outcomes, weights: &[] }).unwrap();
    cell
}

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + hours * 3600).unwrap()
}

fn judged(hours: &[(Cell, Cell)], policy: &Policy, next_share: f64) -> Judgement {
    let strata: Vec<_> = (0..)
        .zip(hours)
        .map(|(hour, (candidate, baseline))| split::Stratum { start: at(hour), candidate, baseline })
        .collect();
    split::judge(&strata, Some(1.0), policy, next_share)
}

#[test]
fn a_growing_share_does_not_hold_a_storm_against_the_candidate() {
    // Both arms are the same model; the storm comes when the candidate's share is large.
    let calm = |candidate, baseline| (hour(candidate, 0.2, 20), hour(baseline, 0.2, 20));
    let storm = |candidate, baseline| (hour(candidate, 0.2, 60), hour(baseline, 0.2, 60));
    let hours: Vec<_> = (0..48).map(|at| if at < 24 { calm(100, 1900) } else { storm(1000, 1000) }).collect();
    let judgement = judged(&hours, &Policy::default(), 1.0);
    assert_eq!(judgement.verdict, Verdict::Pass, "{judgement:?}");
    let total = judgement.candidate.log_loss.unwrap() / judgement.baseline.log_loss.unwrap();
    assert!(total > 1.2, "on totals the candidate would look worse by {total}");
}

#[test]
fn a_gate_without_outcomes_says_that_there_are_none() {
    let judgement = judged(&[], &Policy::default(), 1.0);
    assert_eq!((judgement.verdict, judgement.reasons.len()), (Verdict::NoData, 2));
    let judgement = judged(&[(Cell::new(), hour(100, 0.2, 20))], &Policy::default(), 1.0);
    assert_eq!(judgement.verdict, Verdict::NoData);
    assert!(judgement.reasons[0].contains("candidate"), "{:?}", judgement.reasons);
    assert_eq!(shadow::judge(&[], &Policy::default(), 1.0).verdict, Verdict::NoData);
}

#[test]
fn a_baseline_without_outcomes_leaves_a_gate_open_and_is_no_lack_of_data() {
    let judgement = judged(&[(hour(100, 0.2, 20), Cell::new())], &Policy::default(), 1.0);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert!(judgement.reasons[0].contains("baseline"), "{:?}", judgement.reasons);
}

/// Two days of a split of equals, then `days` on which the candidate serves alone at `prediction`.
fn alone(days: usize, prediction: f32) -> Judgement {
    let beside = (0..48).map(|at| (hour(100, 0.2, 15 + at % 11), hour(100, 0.2, 15 + at % 11)));
    let alone = (0..24 * days).map(|at| (hour(200, prediction, 15 + at % 11), Cell::new()));
    judged(&beside.chain(alone).collect::<Vec<_>>(), &Policy::default(), 1.0)
}

#[test]
fn what_the_candidate_shows_after_full_exposure_can_convict_it() {
    let judgement = alone(8, 0.3);
    assert_eq!((judgement.verdict, judgement.deciding), (Verdict::Fail, Some(Deciding::Calibration)), "{judgement:?}");
    assert!(judgement.reasons[0].contains("alone"), "{:?}", judgement.reasons);
    assert_ne!(alone(8, 0.2).verdict, Verdict::Fail);
    assert_ne!(alone(1, 0.3).verdict, Verdict::Fail, "one day may be the exception");
}

#[test]
fn quiet_hours_of_the_ramp_in_which_only_the_candidate_had_rows_are_no_days_on_which_it_served_alone() {
    let busy = || (0..23).map(|at| (hour(100, 0.2, 15 + at % 11), hour(100, 0.2, 15 + at % 11)));
    let quiet = |at: usize| [(hour(1, 0.2, usize::from(at.is_multiple_of(5))), Cell::new())];
    let ramp = (0..20).flat_map(|at| busy().chain(quiet(at)));
    // Two days of weather that the candidate takes for worse than it is, on which nothing is to be decided.
    let weather = (0..48).map(|at| (hour(100, 0.3, 15 + at % 11), Cell::new()));
    let judgement = judged(&ramp.chain(weather).collect::<Vec<_>>(), &Policy::default(), 1.0);
    assert_ne!(judgement.verdict, Verdict::Fail, "{judgement:?}");
}

#[test]
fn a_small_step_needs_less_evidence_than_a_large_one() {
    let random = |seed: usize| (0..30).map(move |at| (at * 7 + seed * 13) % 11 + 15);
    let hours: Vec<_> = random(1).zip(random(2)).map(|(a, b)| (hour(100, 0.2, a), hour(100, 0.2, b))).collect();
    let small = judged(&hours, &Policy::default(), 0.05);
    let large = judged(&hours, &Policy::default(), 1.0);
    assert_eq!((small.verdict, large.verdict), (Verdict::Pass, Verdict::Inconclusive), "{large:?}");
    assert!(large.missing_rows.is_some_and(|rows| rows > 0) && small.missing_rows.is_none());
}

#[test]
fn the_minimum_holds_a_gate_that_would_pass() {
    let hours: Vec<_> = (0..40).map(|_| (hour(100, 0.2, 20), hour(100, 0.2, 20))).collect();
    let policy = Policy { minimum_rows: Some(5000), minimum_positives: Some(900), ..Policy::default() };
    let judgement = judged(&hours, &policy, 1.0);
    assert_eq!((judgement.verdict, judgement.missing_rows), (Verdict::Inconclusive, Some(1000)), "{judgement:?}");
    assert_eq!((judgement.deciding, judgement.missing_positives), (Some(Deciding::MinimumRows), 100));
    assert_eq!(judgement.reasons.len(), 2, "{:?}", judgement.reasons);
}

/// As many hours in which `candidate` serves beside a baseline that is sound.
fn beside(hours: usize, candidate: &Cell) -> Vec<(Cell, Cell)> {
    (0..hours).map(|_| (candidate.clone(), hour(1000, 0.2, 20))).collect()
}

#[test]
fn nobody_is_convicted_on_a_handful_of_rows() {
    let bad = hour(4, 0.05, 2);
    let early = judged(&beside(24, &bad), &Policy::default(), 0.25);
    assert_eq!((early.verdict, early.deciding), (Verdict::Inconclusive, Some(Deciding::MinimumRows)), "{early:?}");
    assert!(early.reasons[0].contains("96 outcomes") && early.reasons[1].starts_with("So far"), "{:?}", early.reasons);
    assert_eq!(judged(&beside(25, &bad), &Policy::default(), 0.25).verdict, Verdict::Fail);
}

#[test]
fn nobody_is_convicted_by_a_handful_of_rows_of_the_baseline() {
    let hours = |count| (0..count).map(|_| (hour(1000, 0.2, 60), hour(4, 0.2, 2))).collect::<Vec<_>>();
    let early = judged(&hours(24), &Policy::default(), 1.0);
    assert_eq!((early.verdict, early.deciding), (Verdict::Inconclusive, Some(Deciding::MinimumRows)), "{early:?}");
    assert!(early.reasons[0].contains("baseline has 96"), "{:?}", early.reasons);
    assert_eq!(judged(&hours(25), &Policy::default(), 1.0).verdict, Verdict::Fail);
}

#[test]
fn who_predicts_what_never_comes_is_convicted_without_waiting_for_it() {
    let judgement = judged(&beside(20, &hour(10, 0.9, 0)), &Policy::default(), 0.25);
    assert_eq!((judgement.verdict, judgement.deciding), (Verdict::Fail, Some(Deciding::Calibration)), "{judgement:?}");
    let quiet = judged(&beside(200, &hour(10, 0.002, 0)), &Policy { minimum_rows: Some(0), ..Policy::default() }, 0.25);
    assert_eq!((quiet.verdict, quiet.deciding), (Verdict::Inconclusive, Some(Deciding::MinimumPositives)), "{quiet:?}");
}

#[test]
fn a_plan_that_asks_for_more_before_a_pass_is_not_slower_to_fail() {
    let patient = Policy { minimum_rows: Some(1_000_000), minimum_positives: Some(1_000_000), ..Policy::default() };
    assert_eq!(judged(&beside(25, &hour(4, 0.05, 2)), &patient, 0.25).verdict, Verdict::Fail);
}

/// 100 rows of two kinds: 10 of 50 are late of those scored `low`, 40 of 50 of those scored `high`.
fn two_kinds(low: f32, high: f32) -> Cell {
    let predictions: Vec<f32> = (0..100).map(|row| if row < 50 { low } else { high }).collect();
    let outcomes: Vec<bool> = (0..100).map(|row| !(10..60).contains(&row)).collect();
    let mut cell = Cell::new();
    fold(&mut cell, &Columns { predictions: &predictions, outcomes: &outcomes, weights: &[] }).unwrap();
    cell
}

#[test]
fn of_several_failures_calibration_decides_unless_the_candidate_ranks_worse() {
    let decided = |low, high| {
        let hours: Vec<_> = (0..50).map(|_| (two_kinds(low, high), two_kinds(0.2, 0.8))).collect();
        let judgement = judged(&hours, &Policy::default(), 0.25);
        assert_eq!((judgement.verdict, judgement.reasons.len() > 1), (Verdict::Fail, true), "{judgement:?}");
        assert!(judgement.reasons.iter().any(|reason| reason.starts_with("NE is worse")), "{judgement:?}");
        assert!(judgement.reasons.iter().any(|reason| reason.starts_with("Calibration is")), "{judgement:?}");
        judgement.deciding
    };
    assert_eq!(decided(0.6, 0.999), Some(Deciding::Calibration));
    assert_eq!(decided(0.8, 0.4), Some(Deciding::NormalizedEntropy));
    assert_eq!(decided(0.99, 0.99), Some(Deciding::NormalizedEntropy));
}

#[test]
fn a_gross_error_of_calibration_is_caught_within_the_first_hour_and_a_swing_of_it_convicts_nobody() {
    let first = |prediction| judged(&[(hour(20_000, prediction, 20), hour(20_000, 0.2, 20))], &Policy::default(), 0.25);
    let swing = first(0.25);
    assert_eq!(swing.verdict, Verdict::Inconclusive, "{swing:?}");
    let gross = first(0.4);
    assert_eq!((gross.verdict, gross.deciding), (Verdict::Fail, Some(Deciding::Calibration)), "{gross:?}");
}

#[test]
fn the_order_of_the_strata_does_not_matter() {
    let hours: Vec<_> = (0..40).map(|at| (hour(100 + at, 0.2, 15 + at % 9), hour(900, 0.21, 18))).collect();
    let strata = |order: &[usize]| {
        let strata: Vec<_> = order
            .iter()
            .map(|hour| split::Stratum {
                start: at(*hour as i64),
                candidate: &hours[*hour].0,
                baseline: &hours[*hour].1,
            })
            .collect();
        split::judge(&strata, None, &Policy::default(), 1.0)
    };
    let forward: Vec<usize> = (0..40).collect();
    let backward: Vec<usize> = (0..40).rev().collect();
    assert_eq!(strata(&forward), strata(&backward));
}

fn paired_hour(candidate: f32, baseline: f32, positives: usize) -> PairedCell {
    let mut cell = PairedCell::new();
    let outcomes: Vec<bool> = (0..100).map(|row| row < positives).collect();
    let columns =
        PairedColumns { candidate: &[candidate; 100], baseline: &[baseline; 100], outcomes: &outcomes, weights: &[] };
    fold_paired(&mut cell, &columns).unwrap();
    cell
}

fn judged_in_shadow(cells: &[PairedCell], policy: &Policy) -> Judgement {
    let strata: Vec<_> = (0..).zip(cells).map(|(hour, cell)| shadow::Stratum { start: at(hour), cell }).collect();
    shadow::judge(&strata, policy, 0.05)
}

#[test]
fn the_same_predictions_pass_in_shadow_after_the_minimum() {
    let cells: Vec<_> = (0..24 * 4).map(|at| paired_hour(0.2, 0.2, 15 + at % 10)).collect();
    assert_eq!(judged_in_shadow(&cells, &Policy::default()).verdict, Verdict::Pass);
    let judgement = judged_in_shadow(&cells[..1], &Policy::default());
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
}

#[test]
fn what_the_same_rows_show_must_be_tolerable_before_shadow_passes() {
    // The ratio swings from day to day, so nobody is convicted; on the whole it is 8 % too high.
    let day = |candidate: f32| (0..24).map(move |_| paired_hour(candidate, 0.2, 20));
    let cells: Vec<_> = [0.2, 0.248, 0.19, 0.226].into_iter().flat_map(day).collect();
    let judgement = judged_in_shadow(&cells, &Policy::default());
    assert_eq!(judgement.verdict, Verdict::Inconclusive, "{judgement:?}");
    assert!(judgement.reasons.iter().any(|reason| reason.contains("same rows")), "{:?}", judgement.reasons);
}
