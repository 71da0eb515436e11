//! The ramp: each share is applied, confirmed, baked and judged before the next.

use slipway_domain::gate::{Comparison, Verdict};
use slipway_domain::launch::{Action, Event, Phase, Rejected, Stage};
use slipway_domain::traffic::{Share, split};

use crate::case::{Case, DAY, HOUR, start, unshadowed, version};

fn ramping(step: usize, phase: Phase) -> Stage {
    Stage::Ramping { step, phase }
}

#[test]
fn a_step_asks_for_its_share_fenced_by_generation_and_epoch() {
    let mut case = Case::submitted(unshadowed());
    case.answer();
    let ranges = split(Some(&version(1)), &version(2), Share::of_buckets(5_000));
    let reason = "namespaces/default/launches/l1: 5 % of the units to \
                  namespaces/default/models/flight-delay/versions/2"
        .to_owned();
    assert_eq!(*case.action(), Action::SetTraffic { generation: 3, epoch: 7, ranges, reason });
}

#[test]
fn a_share_that_was_set_is_read_back() {
    let mut case = Case::submitted(unshadowed());
    case.answer().answer();
    assert_eq!((case.launch.stage, case.actions()), (ramping(0, Phase::Confirming), vec!["READ_TRAFFIC"]));
    assert_eq!(case.launch.share, Share::of_buckets(5_000));
}

#[test]
fn a_share_that_was_read_back_is_baked() {
    let case = Case::baking(0);
    assert_eq!((case.launch.stage, case.commands.len()), (ramping(0, Phase::Baking), 0));
    assert_eq!(case.launch.bake.unwrap().until, start() + DAY);
}

#[test]
fn a_reader_that_lags_behind_is_asked_again() {
    let mut case = Case::submitted(unshadowed());
    case.answer();
    let before = case.table.clone();
    case.answer().take(Event::TrafficRead { command: 3, traffic: before });
    assert_eq!((case.launch.stage, case.commands.len()), (ramping(0, Phase::Confirming), 0));
    case.pass(std::time::Duration::from_secs(1)).answer();
    assert_eq!((case.launch.stage, case.hold()), (ramping(0, Phase::Baking), ""));
}

#[test]
fn the_gate_of_a_step_is_split_over_the_whole_ramp_and_for_the_next_share() {
    let mut case = Case::baking(1);
    case.pass(DAY);
    let next_share = Share::ALL;
    assert_eq!(*case.action(), Action::Evaluate { comparison: Comparison::Split, since: start(), next_share });
    assert_eq!(case.launch.stage, ramping(1, Phase::Evaluating));
}

#[test]
fn a_pass_after_the_bake_raises_the_share() {
    let mut case = Case::baking(0);
    case.pass(DAY).gate(Verdict::Pass);
    assert_eq!((case.launch.stage, case.actions()), (ramping(1, Phase::Applying), vec!["SET_TRAFFIC"]));
    case.answer();
    assert_eq!(case.served(), Share::of_buckets(50_000));
}

#[test]
fn a_pass_during_the_bake_does_not_raise_the_share() {
    let mut case = Case::baking(0);
    case.pass(HOUR).gate(Verdict::Pass);
    assert_eq!((case.launch.stage, case.commands.len()), (ramping(0, Phase::Baking), 0));
}

#[test]
fn a_fail_during_the_bake_rolls_back_at_once() {
    let mut case = Case::baking(1);
    case.pass(HOUR).gate(Verdict::Fail);
    assert_eq!(case.actions(), ["SET_TRAFFIC"]);
    case.answer();
    assert_eq!(case.served(), Share::NONE);
}

#[test]
fn after_the_last_bake_full_exposure_is_confirmed_without_another_gate() {
    let mut case = Case::baking(2);
    case.pass(DAY);
    assert_eq!((case.launch.stage, case.actions()), (Stage::Finalizing, vec!["READ_TRAFFIC"]));
    case.answer();
    assert_eq!(case.launch.stage, Stage::Watching { phase: Phase::Baking });
}

#[test]
fn a_fail_during_the_last_bake_still_rolls_back() {
    let mut case = Case::baking(2);
    case.pass(HOUR).gate(Verdict::Fail).answer();
    assert_eq!((case.served(), case.launch.peak_share), (Share::NONE, Share::ALL));
}

#[test]
fn the_same_answer_twice_changes_nothing() {
    let mut case = Case::submitted(unshadowed());
    case.answer().answer();
    let again = Event::TrafficSet { command: 2, traffic: case.table.clone() };
    assert_eq!(case.rejects(again), Rejected::Stale);
}

#[test]
fn an_answer_of_another_kind_than_its_command_changes_nothing() {
    let case = Case::submitted(unshadowed());
    assert_eq!(case.rejects(Event::Quarantined { command: case.id() }), Rejected::Stale);
}

#[test]
fn each_entry_into_a_step_is_kept_with_its_time_and_share() {
    let case = Case::baking(1);
    let kept: Vec<_> = case.launch.transitions.iter().map(|t| (t.stage.name(), t.at, t.share.buckets())).collect();
    assert_eq!(
        kept,
        [("DRAFT", start(), 0), ("PREPARING", start(), 0), ("RAMPING", start(), 0), ("RAMPING", start() + DAY, 5_000),]
    );
}
