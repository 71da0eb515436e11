//! Traffic that somebody else changed is never fought over.

use slipway_domain::gate::Verdict;
use slipway_domain::launch::{Event, Phase, Rejected, Stage};
use slipway_domain::traffic::{Share, Traffic, Writer, split};

use crate::case::{Case, DAY, HOUR, plan, start, unshadowed, version};

/// Somebody without an epoch changes the traffic before any launcher has stated one.
fn meddle_unstated(case: &mut Case, share: Share) {
    let ranges = split(Some(&version(1)), &version(2), share);
    case.table = Traffic { ranges, generation: case.table.generation + 1, ..case.table.clone() };
}

#[test]
fn a_launch_that_finds_other_traffic_than_it_was_created_for_holds() {
    let mut case = Case::submitted(plan());
    case.meddle(Share::of_buckets(10)).answer();
    assert_eq!((case.launch.stage, case.hold(), case.commands.len()), (Stage::Preparing, "TRAFFIC_CHANGED", 0));
}

#[test]
fn a_change_by_somebody_else_holds_the_next_step() {
    let mut case = Case::baking(0);
    meddle_unstated(&mut case, Share::of_buckets(1_234));
    case.pass(DAY).gate(Verdict::Pass).answer();
    assert_eq!((case.hold(), case.commands.len(), case.served()), ("TRAFFIC_CHANGED", 0, Share::of_buckets(1_234)));
    assert_eq!(case.launch.share, Share::of_buckets(1_234));
}

#[test]
fn changed_traffic_is_read_again_but_no_gate_is_asked() {
    let mut case = Case::baking(0);
    case.meddle(Share::NONE);
    case.take(Event::TrafficSeen { traffic: case.table.clone() });
    assert_eq!(case.hold(), "TRAFFIC_CHANGED");
    case.pass(HOUR);
    assert_eq!(case.actions(), ["READ_TRAFFIC"]);
    case.answer();
    assert_eq!((case.hold(), case.commands.len()), ("TRAFFIC_CHANGED", 0));
}

#[test]
fn traffic_that_is_as_it_was_is_baked_anew() {
    let mut case = Case::baking(1);
    meddle_unstated(&mut case, Share::NONE);
    case.take(Event::TrafficSeen { traffic: case.table.clone() });
    meddle_unstated(&mut case, Share::of_buckets(50_000));
    case.pass(HOUR).answer();
    assert_eq!((case.launch.stage, case.hold()), (Stage::Ramping { step: 1, phase: Phase::Baking }, ""));
    assert_eq!(case.launch.bake.unwrap().until, case.now + DAY);
}

#[test]
fn a_step_that_was_not_reached_is_earned_again() {
    let mut case = Case::baking(0);
    meddle_unstated(&mut case, Share::NONE);
    case.pass(DAY).gate(Verdict::Pass).answer();
    meddle_unstated(&mut case, Share::of_buckets(5_000));
    case.pass(HOUR).answer();
    assert_eq!(case.launch.stage, Stage::Ramping { step: 0, phase: Phase::Baking });
    assert_eq!(case.launch.bake.unwrap().until, start() + DAY + HOUR + DAY);
}

#[test]
fn a_first_step_that_was_not_reached_is_applied_again() {
    let mut case = Case::submitted(unshadowed());
    case.answer();
    meddle_unstated(&mut case, Share::NONE);
    case.answer().pass(HOUR).answer();
    assert_eq!((case.launch.stage.ramp_step(), case.actions()), (Some(0), vec!["SET_TRAFFIC"]));
}

#[test]
fn a_first_step_that_was_not_reached_is_earned_again_in_the_shadow() {
    let mut case = Case::shadowing();
    case.pass(DAY).gate(Verdict::Pass);
    meddle_unstated(&mut case, Share::NONE);
    case.answer().pass(HOUR).answer();
    assert_eq!(case.launch.stage, Stage::Shadowing { phase: Phase::Baking });
    assert_eq!((case.launch.evidence_since, case.launch.bake.unwrap().since), (Some(start()), case.now));
}

#[test]
fn a_newer_epoch_keeps_the_launch_out_even_when_the_ranges_are_as_they_were() {
    let mut case = Case::baking(0);
    case.meddle(Share::NONE).meddle(Share::of_buckets(5_000));
    case.take(Event::TrafficSeen { traffic: case.table.clone() });
    assert_eq!((case.hold(), case.table.epoch), ("TRAFFIC_CHANGED", 9));
    case.take(Event::Adopted { epoch: 9 }).take(Event::TimerFired).answer();
    assert_eq!(case.hold(), "");
}

#[test]
fn an_older_epoch_can_not_take_charge() {
    let case = Case::baking(0);
    assert_eq!(case.rejects(Event::Adopted { epoch: 6 }), Rejected::OlderEpoch { stated: 6, current: 7 });
    assert_eq!(case.rejects(Event::Adopted { epoch: 7 }), Rejected::Stale);
}

#[test]
fn a_newer_epoch_asks_for_an_outstanding_change_under_a_new_number() {
    let mut case = Case::submitted(unshadowed());
    case.answer();
    let id = case.id();
    case.take(Event::Adopted { epoch: 8 });
    assert_eq!((case.id(), case.actions()), (id + 1, vec!["SET_TRAFFIC"]));
    case.answer();
    assert_eq!(case.table.epoch, 8);
}

#[test]
fn a_change_seen_by_a_watch_that_says_nothing_new_is_stale() {
    let case = Case::baking(0);
    assert_eq!(case.rejects(Event::TrafficSeen { traffic: case.table.clone() }), Rejected::Stale);
}

#[test]
fn a_fail_that_was_asked_for_before_the_traffic_changed_still_rolls_back() {
    let mut case = Case::baking(0);
    case.pass(HOUR);
    meddle_unstated(&mut case, Share::of_buckets(7_000));
    case.take(Event::TrafficSeen { traffic: case.table.clone() }).gate(Verdict::Fail).answer();
    assert_eq!(case.launch.hold(), None);
    case.answer();
    assert_eq!(case.served(), Share::NONE);
}

#[test]
fn a_registry_that_was_restored_to_its_past_is_believed_in_the_end() {
    let mut case = Case::baking(1);
    case.table.generation = 3;
    case.table.ranges = split(Some(&version(1)), &version(2), Share::ALL);
    case.aborted().answer();
    for _ in 0..20 {
        if case.served() == Share::NONE {
            return;
        }
        match &case.launch.outstanding {
            Some(_) if !case.commands.is_empty() => case.answer(),
            _ => {
                case.now = case.launch.timer().unwrap().due;
                case.take(Event::TimerFired)
            }
        };
    }
    panic!("the candidate still serves: {:?}", case.launch);
}

#[test]
fn a_person_who_takes_over_is_not_overwritten_by_the_ramp() {
    let mut case = Case::baking(0);
    case.meddle(Share::of_buckets(1)).pass(DAY).gate(Verdict::Pass).answer();
    assert_eq!((case.hold(), case.served()), ("TRAFFIC_CHANGED", Share::of_buckets(1)));
    assert!(case.table.set(Writer::Launcher { epoch: 7 }, case.table.generation, Vec::new(), case.now).is_err());
}
