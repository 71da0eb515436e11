//! After full exposure: slow outcomes may still fail it, and silence is no success.

use slipway_domain::gate::{Comparison, Verdict};
use slipway_domain::launch::{Action, Phase, Stage};
use slipway_domain::traffic::Share;

use crate::case::{Case, DAY, HOUR, start};

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
    case.gate(Verdict::Pass).gate(Verdict::Inconclusive);
    assert_eq!((case.launch.stage, case.served(), case.commands.len()), (Stage::Succeeded, Share::ALL, 0));
}

#[test]
fn evidence_that_grew_no_clearer_completes_what_a_pass_has_granted() {
    let mut case = Case::watching();
    case.pass(2 * DAY).gate(Verdict::Inconclusive).gate(Verdict::Inconclusive);
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
fn the_end_of_the_watch_asks_what_was_seen_since_full_exposure() {
    let mut case = Case::watching();
    let full = case.launch.bake.unwrap().since;
    case.pass(2 * DAY).gate(Verdict::Pass);
    let next_share = Share::ALL;
    assert_eq!(*case.action(), Action::Evaluate { comparison: Comparison::Split, since: full, next_share });
    assert_eq!(case.launch.stage, Stage::Watching { phase: Phase::Evaluating });
}

#[test]
fn a_candidate_that_went_silent_after_full_exposure_holds_whatever_the_ramp_had_shown() {
    for ramp in [Verdict::Pass, Verdict::Inconclusive] {
        let mut case = Case::watching();
        case.pass(2 * DAY).gate(ramp).gate(Verdict::NoData);
        assert_eq!((case.launch.stage.name(), case.hold()), ("WATCHING", "GATE_NO_DATA"));
        let deadline = case.launch.hold().unwrap().deadline;
        // Asking again is still the same silence, and does not put its consequence off.
        case.pass(HOUR).gate(ramp).gate(Verdict::NoData);
        assert_eq!(case.launch.hold().unwrap().deadline, deadline);
        case.wait(365 * DAY).take(slipway_domain::launch::Event::TimerFired);
        assert_eq!(case.launch.stage.name(), "ROLLING_BACK");
    }
}

#[test]
fn a_fail_of_what_was_seen_since_full_exposure_rolls_back() {
    let mut case = Case::watching();
    case.pass(2 * DAY).gate(Verdict::Pass).gate(Verdict::Fail);
    assert_eq!(case.launch.stage.name(), "ROLLING_BACK");
}

#[test]
fn a_watch_that_ends_on_open_evidence_says_what_is_open() {
    let mut case = Case::watching();
    case.pass(2 * DAY).gate(Verdict::Inconclusive).gate(Verdict::Inconclusive);
    let reason = &case.launch.reason;
    assert!(reason.contains("leaves open: so it is.") && !reason.contains("passed"), "{reason}");
}

#[test]
fn a_monitor_that_is_away_to_the_end_of_the_watch_is_waited_for() {
    let mut case = Case::watching();
    case.pass(HOUR).away().pass(2 * DAY).away();
    assert_eq!((case.launch.stage, case.hold()), (Stage::Watching { phase: Phase::Evaluating }, "HEALTH_UNAVAILABLE"));
}
