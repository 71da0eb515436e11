//! From the draft to the first stage that judges.

use slipway_domain::launch::{Action, Event, Phase, Plan, Rejected, Stage};
use slipway_domain::principal::Principal;

use crate::case::{Case, DAY, HOUR, freeze, plan, somebody, thaw, unshadowed};

fn approval(by: &str) -> Event {
    Event::Approved { by: Principal::service(by), reason: String::new() }
}

#[test]
fn what_a_plan_does_not_ask_for_is_passed_over_in_one_step() {
    let case = Case::submitted(plan());
    assert_eq!(case.launch.stage, Stage::Preparing);
    assert_eq!(*case.action(), Action::ReadTraffic);
}

#[test]
fn a_prepared_launch_with_a_shadow_stage_begins_to_shadow() {
    let mut case = Case::submitted(plan());
    case.answer();
    assert_eq!(case.launch.stage, Stage::Shadowing { phase: Phase::Baking });
    assert_eq!((case.launch.generation, case.commands.len()), (Some(3), 0));
}

#[test]
fn a_prepared_launch_without_a_shadow_stage_begins_its_ramp() {
    let mut case = Case::submitted(unshadowed());
    case.answer();
    assert_eq!(case.launch.stage, Stage::Ramping { step: 0, phase: Phase::Applying });
    assert_eq!(case.actions(), ["SET_TRAFFIC"]);
}

#[test]
fn an_estimate_that_is_asked_for_is_waited_for() {
    let mut case = Case::submitted(Plan { estimate: true, ..plan() });
    assert_eq!((case.launch.stage, case.actions()), (Stage::Estimating, vec!["ESTIMATE"]));
    case.answer();
    assert_eq!(case.launch.stage, Stage::Preparing);
}

#[test]
fn an_estimate_that_fails_is_tried_again() {
    let mut case = Case::submitted(Plan { estimate: true, ..plan() });
    case.refuse();
    assert_eq!(case.hold(), "ESTIMATE_FAILED");
    case.pass(HOUR);
    assert_eq!(case.actions(), ["ESTIMATE"]);
}

#[test]
fn approvals_count_once_each_and_never_the_creators() {
    let mut case = Case::submitted(Plan { approvals: 2, ..plan() });
    let own = Event::Approved { by: Principal::anonymous(), reason: String::new() };
    assert_eq!(case.rejects(own), Rejected::OwnApproval);
    case.take(approval("ann"));
    assert_eq!(case.rejects(approval("ann")), Rejected::AlreadyApproved);
    assert_eq!(case.launch.stage, Stage::AwaitingApproval);
    case.take(approval("bob"));
    assert_eq!(case.launch.stage, Stage::Preparing);
}

#[test]
fn an_approver_can_end_it() {
    let mut case = Case::submitted(Plan { approvals: 1, ..plan() });
    case.take(Event::Declined { by: somebody(), reason: "no".to_owned() });
    assert_eq!(case.launch.stage, Stage::Rejected);
    assert!(case.launch.ended_at.is_some() && case.commands.is_empty());
}

#[test]
fn whoever_waits_too_long_for_approvals_expires() {
    let mut case = Case::submitted(Plan { approvals: 1, wait_deadline: DAY, ..plan() });
    assert_eq!(case.rejects(Event::TimerFired), Rejected::NotDue);
    case.pass(DAY);
    assert_eq!(case.launch.stage, Stage::Expired);
}

#[test]
fn a_freeze_keeps_it_in_the_queue_and_the_thaw_lets_it_go() {
    let mut case = Case::draft(plan());
    case.take(freeze()).take(Event::Submitted { by: somebody(), reason: String::new() });
    assert_eq!((case.launch.stage, case.hold(), case.commands.len()), (Stage::Queued, "FROZEN", 0));
    case.take(thaw());
    assert_eq!((case.launch.stage, case.actions()), (Stage::Preparing, vec!["READ_TRAFFIC"]));
}

#[test]
fn a_pause_while_preparing_keeps_everybody_unexposed_until_it_ends() {
    let mut case = Case::submitted(unshadowed());
    case.paused().answer();
    assert_eq!((case.launch.stage, case.commands.len()), (Stage::Preparing, 0));
    case.resumed();
    assert_eq!(case.actions(), ["READ_TRAFFIC"]);
}

#[test]
fn a_newer_launch_takes_its_place_before_anybody_is_exposed() {
    let mut case = Case::shadowing();
    let launch = case.launch.name.clone();
    case.take(Event::Superseded { by: somebody(), launch });
    assert_eq!((case.launch.stage, case.commands.len()), (Stage::Superseded, 0));
}

#[test]
fn no_newer_launch_takes_its_place_once_somebody_is_exposed() {
    let case = Case::baking(0);
    let launch = case.launch.name.clone();
    assert_eq!(case.rejects(Event::Superseded { by: somebody(), launch }), Rejected::Exposed);
}

#[test]
fn a_launch_begins_from_traffic_that_a_person_took_over_before() {
    let mut case = Case::submitted(unshadowed());
    case.meddle(slipway_domain::traffic::Share::NONE).meddle(slipway_domain::traffic::Share::NONE).answer();
    assert_eq!((case.table.epoch, case.launch.epoch), (8, 8));
    case.answer();
    assert_eq!(case.served(), case.launch.share);
}
