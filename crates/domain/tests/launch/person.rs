//! What people ask of a launch.

use slipway_domain::fault::{Fault, Kind};
use slipway_domain::gate::Verdict;
use slipway_domain::launch::{Event, Phase, Rejected, Stage};

use crate::case::{Case, DAY, HOUR, abort, freeze, promote, somebody, start, thaw, unshadowed};

fn resume() -> Event {
    Event::Resumed { by: somebody(), reason: String::new() }
}

#[test]
fn a_pause_holds_the_launch_past_its_bake() {
    let mut case = Case::baking(0);
    case.pass(HOUR).gate(Verdict::Pass).paused();
    assert_eq!((case.hold(), case.launch.hold().unwrap().deadline), ("PAUSED", Some(start() + HOUR + 3 * DAY)));
    case.wait(DAY).take(Event::TimerFired).gate(Verdict::Pass);
    assert_eq!((case.launch.stage, case.commands.len()), (Stage::Ramping { step: 0, phase: Phase::Baking }, 0));
}

#[test]
fn a_pass_during_a_pause_is_asked_for_again_after_it() {
    let mut case = Case::baking(0);
    case.pass(DAY).paused().gate(Verdict::Pass);
    assert_eq!(case.commands.len(), 0);
    case.resumed();
    assert_eq!(case.actions(), ["EVALUATE"]);
    case.gate(Verdict::Pass);
    assert_eq!(case.launch.stage.ramp_step(), Some(1));
}

#[test]
fn a_bake_goes_on_while_the_launch_is_paused_and_is_not_cut_short_by_resuming() {
    let mut case = Case::baking(0);
    case.wait(HOUR).paused().wait(HOUR).resumed();
    assert_eq!((case.launch.bake.unwrap().until, case.launch.stage.ramp_step()), (start() + DAY, Some(0)));
    assert_eq!(case.launch.stage.phase(), Some(Phase::Baking));
}

#[test]
fn a_change_of_traffic_is_not_sent_again_during_a_pause() {
    let mut case = Case::submitted(unshadowed());
    case.answer().away().paused().wait(HOUR);
    assert_eq!(case.rejects(Event::TimerFired), Rejected::NotDue);
    case.resumed().take(Event::TimerFired);
    assert_eq!(case.actions(), ["SET_TRAFFIC"]);
}

#[test]
fn pausing_twice_and_resuming_twice_are_refused() {
    let mut case = Case::baking(0);
    assert_eq!(case.rejects(resume()), Rejected::NotPaused);
    case.paused();
    let refused = case.rejects(Event::Paused { by: somebody(), reason: String::new() });
    assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "LAUNCH_ALREADY_PAUSED"));
}

#[test]
fn a_promotion_skips_the_bake_and_the_gate_is_still_asked() {
    let mut case = Case::baking(0);
    case.wait(HOUR).take(promote());
    assert_eq!(case.actions(), ["EVALUATE"]);
    assert_eq!(case.launch.stage, Stage::Ramping { step: 0, phase: Phase::Evaluating });
    case.gate(Verdict::Inconclusive);
    assert_eq!(case.hold(), "GATE_INCONCLUSIVE");
}

#[test]
fn a_promotion_skips_the_rest_of_the_watch() {
    let mut case = Case::watching();
    case.take(promote());
    assert_eq!((case.launch.stage, case.actions()), (Stage::Watching { phase: Phase::Evaluating }, vec!["EVALUATE"]));
}

#[test]
fn there_is_nothing_to_promote_while_the_gate_decides() {
    let mut case = Case::baking(0);
    case.pass(DAY);
    assert_eq!(case.rejects(promote()), Rejected::NothingToSkip { state: "RAMPING" });
}

#[test]
fn a_promotion_during_a_pause_takes_effect_when_it_is_resumed() {
    let mut case = Case::baking(0);
    case.paused().take(promote());
    assert_eq!(case.commands.len(), 0);
    case.resumed();
    assert_eq!(case.actions(), ["EVALUATE"]);
}

#[test]
fn a_freeze_lets_the_gate_be_asked_but_nothing_rise() {
    let mut case = Case::baking(0);
    case.take(freeze()).pass(DAY).gate(Verdict::Pass);
    assert_eq!((case.launch.stage.ramp_step(), case.hold(), case.commands.len()), (Some(0), "FROZEN", 0));
    case.take(thaw()).gate(Verdict::Pass);
    assert_eq!(case.actions(), ["SET_TRAFFIC"]);
}

#[test]
fn a_freeze_does_not_hold_what_raises_nothing() {
    let mut case = Case::baking(2);
    case.take(freeze()).pass(DAY).answer().pass(2 * DAY).gate(Verdict::Pass).gate(Verdict::Pass);
    assert_eq!(case.launch.stage, Stage::Succeeded);
}

#[test]
fn an_abort_is_taken_during_a_pause() {
    let mut case = Case::baking(0);
    case.paused().take(abort());
    assert_eq!((case.actions(), case.hold()), (vec!["SET_TRAFFIC"], ""));
}

#[test]
fn an_ended_launch_takes_nothing() {
    let mut case = Case::shadowing();
    case.aborted();
    let refused = case.rejects(resume());
    assert_eq!(refused, Rejected::Ended { state: "ABORTED" });
    assert_eq!(refused.preconditions().len(), 1);
}

#[test]
fn only_a_draft_is_submitted() {
    let case = Case::baking(0);
    let refused = case.rejects(Event::Submitted { by: somebody(), reason: String::new() });
    assert_eq!(refused, Rejected::WrongStage { state: "RAMPING", wanted: "DRAFT" });
}
