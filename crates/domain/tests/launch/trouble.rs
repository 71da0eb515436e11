//! When a service is away, or a hold lasts too long.

use std::time::Duration;

use slipway_domain::gate::Verdict;
use slipway_domain::launch::{Consequence, Event, Phase, Plan, Stage};
use slipway_domain::traffic::Share;

use crate::case::{Case, DAY, HOUR, start, unshadowed};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_registry_that_is_away_is_asked_again_under_the_same_number() {
    let mut case = Case::submitted(unshadowed());
    case.answer();
    let id = case.id();
    case.away();
    assert_eq!((case.hold(), case.commands.len()), ("REGISTRY_UNAVAILABLE", 0));
    case.pass(SECOND);
    assert_eq!((case.id(), case.actions()), (id, vec!["SET_TRAFFIC"]));
    case.answer();
    assert_eq!((case.hold(), case.served()), ("", Share::of_buckets(5_000)));
}

#[test]
fn the_waits_between_tries_grow_to_a_minute() {
    let mut case = Case::submitted(unshadowed());
    let mut waits = Vec::new();
    for _ in 0..8 {
        case.away();
        let due = case.launch.timer().unwrap().due;
        waits.push(due.duration_since(case.now).as_secs());
        case.now = due;
        case.take(Event::TimerFired);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn an_answer_that_never_comes_is_asked_for_again() {
    let mut case = Case::submitted(unshadowed());
    case.answer();
    let id = case.id();
    case.pass(HOUR);
    assert_eq!((case.id(), case.actions()), (id, vec!["SET_TRAFFIC"]));
}

#[test]
fn a_change_that_was_done_before_the_registry_forgot_it_counts_as_done() {
    let mut case = Case::submitted(unshadowed());
    case.answer();
    case.table = case.clone().answer().table.clone();
    case.away().pass(SECOND).answer();
    assert_eq!(case.launch.stage, Stage::Ramping { step: 0, phase: Phase::Confirming });
    assert_eq!(case.table.generation, 4);
}

#[test]
fn a_monitor_that_is_away_holds_and_the_bake_goes_on() {
    let mut case = Case::baking(0);
    let until = case.launch.bake.unwrap().until;
    case.pass(HOUR).away();
    assert_eq!((case.hold(), case.launch.bake.unwrap().until), ("HEALTH_UNAVAILABLE", until));
    case.pass(SECOND);
    assert_eq!(case.actions(), ["EVALUATE"]);
    case.gate(Verdict::Inconclusive);
    assert_eq!(case.hold(), "");
}

#[test]
fn a_monitor_that_refuses_is_asked_again_at_the_plans_interval() {
    let mut case = Case::baking(0);
    case.pass(DAY).refuse();
    assert_eq!((case.hold(), case.launch.timer().unwrap().due), ("GATE_ERROR", case.now + HOUR));
}

#[test]
fn troubles_in_turn_share_one_deadline() {
    let mut case = Case::baking(0);
    case.pass(DAY).gate(Verdict::NoData).pass(HOUR).away().pass(SECOND).gate(Verdict::Inconclusive);
    let hold = case.launch.hold().unwrap();
    assert_eq!((hold.since, hold.deadline), (start() + DAY, Some(start() + 4 * DAY)));
}

#[test]
fn a_hold_after_exposure_that_outlasts_its_deadline_rolls_back() {
    let mut case = Case::baking(0);
    case.pass(DAY).gate(Verdict::Inconclusive).pass(3 * DAY);
    assert_eq!(case.actions(), ["SET_TRAFFIC"]);
    assert_eq!(case.launch.reason, "GATE_INCONCLUSIVE lasted past its deadline: so it is.");
    case.answer();
    assert_eq!(case.served(), Share::NONE);
}

#[test]
fn a_plan_may_keep_holding_and_then_says_until_when() {
    let mut case = Case::submitted(Plan { hold_consequence: Consequence::KeepHolding, ..unshadowed() });
    case.answer().answer().answer().paused().pass(3 * DAY);
    let hold = case.launch.hold().unwrap();
    assert_eq!((hold.since, hold.deadline), (start(), Some(start() + 6 * DAY)));
}

#[test]
fn what_a_gate_lacks_is_told() {
    let mut case = Case::baking(0);
    case.pass(DAY);
    let evidence = slipway_domain::gate::Evidence {
        missing_rows: 120,
        missing_positives: 7,
        ..crate::case::evidence(Verdict::Inconclusive, case.now)
    };
    case.take(Event::GateAnswered { command: case.id(), evidence });
    let wanted = "so it is. At least 120 more labelled rows are needed. At least 7 more positive outcomes are needed.";
    assert_eq!(case.launch.hold().unwrap().message, wanted);
}
