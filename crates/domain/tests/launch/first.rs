//! The first launch of a model: there is no baseline, so there is no gate, and it goes to everything at once.

use jiff::Timestamp;
use slipway_domain::launch::{Event, Launch, Phase, Stage};
use slipway_domain::traffic::{Share, Traffic};

use crate::case::{Case, DAY, HOUR, draft, plan, somebody, start};

fn first() -> Case {
    let table = Traffic::new("salt".to_owned());
    let launch: Launch = draft(plan(), None);
    let now: Timestamp = start();
    let mut case = Case { launch, table, now, commands: Vec::new() };
    case.take(Event::Submitted { by: somebody(), reason: String::new() }).answer();
    case
}

#[test]
fn it_skips_the_shadow_and_all_steps_but_the_last() {
    let mut case = first();
    assert_eq!(case.launch.stage, Stage::Ramping { step: 2, phase: Phase::Applying });
    case.answer();
    assert_eq!(case.served(), Share::ALL);
}

#[test]
fn it_bakes_and_watches_without_asking_any_gate() {
    let mut case = first();
    case.answer().answer();
    assert_eq!(case.launch.timer().unwrap().due, start() + DAY);
    case.pass(DAY).answer().pass(2 * DAY);
    assert_eq!((case.launch.stage, case.launch.evidence.is_none()), (Stage::Succeeded, true));
}

#[test]
fn its_way_back_is_to_serve_nothing() {
    let mut case = first();
    case.answer().answer().wait(HOUR).aborted().answer().answer();
    assert_eq!((case.launch.stage, case.table.ranges.len()), (Stage::RolledBack, 0));
}
