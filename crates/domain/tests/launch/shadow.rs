//! The shadow stage: nobody is exposed, and a PASS after the bake begins the ramp.

use slipway_domain::gate::{Comparison, Verdict};
use slipway_domain::launch::{Action, Event, Phase, Rejected, Stage};
use slipway_domain::traffic::Share;

use crate::case::{Case, DAY, HOUR, start};

#[test]
fn the_gate_of_the_shadow_is_paired_and_for_the_first_steps_share() {
    let mut case = Case::shadowing();
    case.pass(DAY);
    let next_share = Share::of_fraction(0.05).unwrap();
    assert_eq!(*case.action(), Action::Evaluate { comparison: Comparison::Paired, since: start(), next_share });
    assert_eq!(case.launch.stage, Stage::Shadowing { phase: Phase::Evaluating });
}

#[test]
fn a_pass_after_the_bake_begins_the_ramp() {
    let mut case = Case::shadowing();
    case.pass(DAY).gate(Verdict::Pass);
    assert_eq!(case.launch.stage, Stage::Ramping { step: 0, phase: Phase::Applying });
    assert_eq!(case.actions(), ["SET_TRAFFIC"]);
}

#[test]
fn a_fail_in_shadow_quarantines_and_ends_without_touching_traffic() {
    let mut case = Case::shadowing();
    case.pass(DAY).gate(Verdict::Fail);
    assert_eq!(case.actions(), ["QUARANTINE"]);
    case.answer();
    assert_eq!((case.launch.stage, case.launch.peak_share, case.table.generation), (Stage::RolledBack, Share::NONE, 3));
    assert_eq!(case.launch.reason, "The gate failed on calibration: so it is. Nobody was exposed.");
}

#[test]
fn a_fail_during_the_bake_acts_at_once() {
    let mut case = Case::shadowing();
    case.pass(HOUR).gate(Verdict::Fail);
    assert_eq!(case.actions(), ["QUARANTINE"]);
}

#[test]
fn a_pass_during_the_bake_does_not_advance() {
    let mut case = Case::shadowing();
    case.pass(HOUR).gate(Verdict::Pass);
    assert_eq!((case.launch.stage, case.commands.len()), (Stage::Shadowing { phase: Phase::Baking }, 0));
}

#[test]
fn a_pass_that_was_asked_for_during_the_bake_and_comes_after_it_is_asked_for_again() {
    let mut case = Case::shadowing();
    case.pass(23 * HOUR).wait(2 * HOUR).gate(Verdict::Pass);
    assert_eq!((case.launch.stage, case.actions()), (Stage::Shadowing { phase: Phase::Evaluating }, vec!["EVALUATE"]));
}

#[test]
fn every_other_answer_holds_and_is_asked_for_again() {
    let wanted = [
        (Verdict::Inconclusive, "GATE_INCONCLUSIVE"),
        (Verdict::NoData, "GATE_NO_DATA"),
        (Verdict::Error, "GATE_ERROR"),
    ];
    for (verdict, reason) in wanted {
        let mut case = Case::shadowing();
        case.pass(DAY).gate(verdict);
        assert_eq!((case.hold(), case.commands.len()), (reason, 0));
        assert_eq!(case.rejects(Event::TimerFired), Rejected::NotDue);
        case.pass(HOUR);
        assert_eq!(case.actions(), ["EVALUATE"]);
        case.gate(Verdict::Pass);
        assert_eq!(case.hold(), "");
    }
}

#[test]
fn a_hold_before_exposure_that_outlasts_its_deadline_expires() {
    let mut case = Case::shadowing();
    case.pass(DAY).gate(Verdict::NoData).pass(3 * DAY);
    assert_eq!((case.launch.stage, case.commands.len()), (Stage::Expired, 0));
}
