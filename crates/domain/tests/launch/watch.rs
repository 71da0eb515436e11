//! After full exposure: slow outcomes may still fail it, and silence is no success.

use slipway_domain::gate::{Arm, Comparison, Evidence, Verdict};
use slipway_domain::launch::{Action, Event, Phase, Stage};
use slipway_domain::traffic::Share;

use crate::case::{Case, DAY, HOUR, evidence, start, version};

#[test]
fn the_watch_judges_all_evidence_since_the_ramp_began() {
    let mut case = Case::watching();
    case.pass(HOUR);
    let next_share = Share::ALL;
    assert_eq!(*case.action(), Action::Evaluate { comparison: Comparison::Split, since: start(), next_share });
}

#[test]
fn a_fail_of_late_outcomes_rolls_back_from_full_exposure() {
    let mut case = Case::watching();
    case.pass(HOUR).gate(Verdict::Fail).answer().answer();
    assert_eq!((case.launch.stage, case.served()), (Stage::RolledBack, Share::NONE));
}

#[test]
fn a_pass_after_the_watch_succeeds() {
    let mut case = Case::watching();
    case.pass(2 * DAY);
    assert_eq!((case.launch.stage, case.actions()), (Stage::Watching { phase: Phase::Evaluating }, vec!["EVALUATE"]));
    case.gate(Verdict::Pass);
    assert_eq!((case.launch.stage, case.served(), case.commands.len()), (Stage::Succeeded, Share::ALL, 0));
}

#[test]
fn evidence_that_grew_no_clearer_completes_what_a_pass_has_granted() {
    let mut case = Case::watching();
    case.pass(2 * DAY).gate(Verdict::Inconclusive);
    assert_eq!(case.launch.stage, Stage::Succeeded);
}

#[test]
fn a_gate_without_data_or_with_an_error_holds_the_watch() {
    for (verdict, reason) in [(Verdict::NoData, "GATE_NO_DATA"), (Verdict::Error, "GATE_ERROR")] {
        let mut case = Case::watching();
        case.pass(2 * DAY).gate(verdict);
        assert_eq!((case.launch.stage, case.hold()), (Stage::Watching { phase: Phase::Evaluating }, reason));
    }
}

#[test]
fn a_plan_that_goes_to_everybody_at_once_is_not_held_for_a_baseline_that_serves_nobody() {
    let arm = |number, rows| Arm {
        version: version(number),
        rows,
        positives: 0,
        predicted: rows,
        calibration: None,
        log_loss: None,
        normalized_entropy: None,
    };
    for (rows, stage) in [(40, Stage::Succeeded), (0, Stage::Watching { phase: Phase::Evaluating })] {
        let mut case = Case::watching();
        case.pass(2 * DAY);
        let (candidate, baseline) = (Some(arm(2, rows)), Some(arm(1, 0)));
        let evidence = Evidence { candidate, baseline, ..evidence(Verdict::NoData, case.now) };
        case.take(Event::GateAnswered { command: case.id(), evidence });
        assert_eq!(case.launch.stage, stage, "with {rows} rows of the candidate");
    }
}

#[test]
fn a_monitor_that_is_away_to_the_end_of_the_watch_is_waited_for() {
    let mut case = Case::watching();
    case.pass(HOUR).away().pass(2 * DAY).away();
    assert_eq!((case.launch.stage, case.hold()), (Stage::Watching { phase: Phase::Evaluating }, "HEALTH_UNAVAILABLE"));
}
