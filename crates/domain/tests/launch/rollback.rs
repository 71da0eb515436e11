//! The way back: past every hold, to the pinned baseline, and without ever giving up.

use slipway_domain::gate::Verdict;
use slipway_domain::launch::{Action, Event, Fence, Phase, Rejected, Return, Stage};
use slipway_domain::traffic::{Share, split};

use crate::case::{Case, DAY, HOUR, abort, freeze, unshadowed, version};

const RESTORING: Stage = Stage::RollingBack { phase: Return::Restoring };
const QUARANTINING: Stage = Stage::RollingBack { phase: Return::Quarantining };

#[test]
fn an_abort_before_exposure_ends_at_once() {
    let mut case = Case::shadowing();
    case.aborted();
    assert_eq!((case.launch.stage, case.commands.len()), (Stage::Aborted, 0));
}

#[test]
fn an_abort_after_exposure_restores_the_pinned_baseline() {
    let mut case = Case::baking(1);
    case.aborted();
    assert_eq!(case.launch.stage, RESTORING);
    let Action::SetTraffic { generation, ranges, .. } = case.action() else { panic!() };
    assert_eq!((*generation, ranges), (5, &split(Some(&version(1)), &version(2), Share::NONE)));
}

#[test]
fn a_restored_launch_quarantines_the_digest_and_ends() {
    let mut case = Case::baking(1);
    case.aborted().answer();
    assert_eq!((case.launch.stage, case.actions()), (QUARANTINING, vec!["QUARANTINE"]));
    case.answer();
    assert_eq!((case.launch.stage, case.launch.share), (Stage::RolledBack, Share::NONE));
    assert!(case.launch.reason.ends_with("up to 50 % of the units were exposed."), "{}", case.launch.reason);
}

#[test]
fn an_abort_overtakes_a_rise_that_is_still_on_its_way() {
    let mut case = Case::baking(0);
    case.pass(DAY).gate(Verdict::Pass);
    let Action::SetTraffic { generation: late, epoch, ranges, .. } = case.action().clone() else { panic!() };
    case.aborted().answer();
    let writer = slipway_domain::traffic::Writer::of_epoch(epoch);
    assert!(case.table.set(writer, late, ranges, case.now).is_err());
    assert_eq!(case.served(), Share::NONE);
}

#[test]
fn an_abort_that_is_overtaken_by_a_rise_needs_one_command_more() {
    let mut case = Case::baking(0);
    case.pass(DAY).gate(Verdict::Pass);
    case.table = case.clone().answer().table.clone();
    case.aborted().answer();
    assert_eq!((case.launch.stage, case.actions()), (RESTORING, vec!["SET_TRAFFIC"]));
    case.answer();
    assert_eq!((case.launch.stage, case.served()), (QUARANTINING, Share::NONE));
    assert_eq!(case.launch.peak_share, Share::of_buckets(50_000));
}

#[test]
fn a_rollback_that_can_not_reach_the_registry_tries_for_ever_under_the_same_number() {
    let mut case = Case::baking(0);
    case.aborted();
    let id = case.id();
    for _ in 0..200 {
        case.away();
        let due = case.launch.timer().unwrap().due;
        case.now = due;
        case.take(Event::TimerFired);
        assert_eq!((case.launch.stage, case.id(), case.actions()), (RESTORING, id, vec!["SET_TRAFFIC"]));
    }
    assert_eq!(case.launch.hold().unwrap().deadline, None);
    case.answer();
    assert_eq!(case.launch.stage, QUARANTINING);
}

#[test]
fn traffic_that_exposes_nobody_is_left_to_whoever_took_it_over() {
    let mut case = Case::baking(0);
    case.meddle(Share::NONE);
    let generation = case.table.generation;
    case.aborted().answer();
    assert_eq!((case.launch.stage, case.table.generation), (QUARANTINING, generation));
}

#[test]
fn a_newer_epoch_is_not_fought_but_watched() {
    let mut case = Case::baking(0);
    case.meddle(Share::of_buckets(9_000)).aborted().answer();
    assert_eq!((case.launch.stage, case.hold(), case.commands.len()), (RESTORING, "TRAFFIC_CHANGED", 0));
    case.pass(HOUR);
    assert_eq!(case.actions(), ["READ_TRAFFIC"]);
    case.meddle(Share::NONE).answer();
    assert_eq!(case.launch.stage, QUARANTINING);
}

#[test]
fn a_launcher_with_a_newer_epoch_takes_the_rollback_up_again() {
    let mut case = Case::baking(0);
    case.meddle(Share::of_buckets(9_000)).aborted().answer();
    case.take(Event::Adopted { epoch: 9 }).take(Event::TimerFired).answer();
    assert_eq!(case.actions(), ["SET_TRAFFIC"]);
    case.answer();
    assert_eq!(case.served(), Share::NONE);
}

#[test]
fn a_reader_that_lags_behind_the_refusal_is_asked_again() {
    let mut case = Case::baking(0);
    let before = case.table.clone();
    case.aborted();
    case.take(Event::TrafficRefused { command: case.id(), cause: Fence::Generation, traffic: before });
    assert_eq!((case.launch.stage, case.commands.len()), (RESTORING, 0));
    case.pass(HOUR);
    assert_eq!(case.actions(), ["READ_TRAFFIC"]);
}

#[test]
fn a_refusal_that_is_no_fence_is_tried_again_under_a_new_number() {
    let mut case = Case::baking(0);
    case.aborted();
    let id = case.id();
    case.refuse();
    assert_eq!(case.hold(), "REGISTRY_REFUSED");
    case.pass(HOUR);
    assert_eq!((case.id(), case.actions()), (id + 1, vec!["SET_TRAFFIC"]));
}

#[test]
fn a_digest_that_can_not_be_quarantined_does_not_keep_the_launch_from_ending() {
    let mut case = Case::baking(0);
    case.aborted().answer().refuse();
    assert_eq!(case.launch.stage, Stage::RolledBack);
    assert!(case.launch.reason.contains("could not be quarantined: never (NO)"), "{}", case.launch.reason);
}

#[test]
fn neither_a_pause_nor_a_freeze_holds_a_failing_launch() {
    let mut case = Case::baking(1);
    case.paused().take(freeze()).pass(HOUR).gate(Verdict::Fail);
    assert_eq!((case.launch.stage, case.hold(), case.actions()), (RESTORING, "", vec!["SET_TRAFFIC"]));
}

#[test]
fn an_abort_while_the_first_share_is_being_applied_restores_the_baseline() {
    let mut case = Case::submitted(unshadowed());
    case.answer();
    assert_eq!(case.launch.stage, Stage::Ramping { step: 0, phase: Phase::Applying });
    let late = case.launch.outstanding.clone().unwrap();
    case.aborted().answer();
    assert_eq!((case.launch.stage, case.launch.peak_share), (QUARANTINING, Share::NONE));
    // The restored ranges are the ones that were there, and still the late rise is refused.
    case.respond(&late);
    assert_eq!(case.served(), Share::NONE);
}

#[test]
fn nothing_comes_before_a_rollback() {
    let mut case = Case::baking(0);
    case.aborted();
    assert_eq!(case.rejects(abort()), Rejected::RollingBack);
    assert_eq!(case.rejects(freeze()), Rejected::RollingBack);
}
