//! A launch says in plain sentences what it does, what holds it, and what would move it.

use slipway_domain::gate::Verdict;
use slipway_domain::launch::{Event, describe, explain};

use crate::case::{Case, DAY, HOUR, start};

#[test]
fn a_baking_step_says_until_when_it_bakes() {
    let mut case = Case::baking(1);
    case.wait(HOUR);
    let told = explain(&case.launch, case.now);
    assert_eq!(told.summary, "Step 2 of 3: the candidate serves 50 %, and its outcomes are gathered.");
    assert_eq!(told.since, start() + DAY);
    assert_eq!(
        told.next,
        [
            "The bake is over at 2026-05-03 00:00:00 UTC (in 23 h 0 min); the gate is asked then. \
             Promoting the launch skips the rest.",
            "The gate is asked again at 2026-05-02 01:00:00 UTC (in 0 s); if it fails, the launch is rolled back.",
        ]
    );
}

#[test]
fn a_hold_says_why_since_when_and_what_comes_of_it() {
    let mut case = Case::baking(0);
    case.pass(DAY).gate(Verdict::NoData).wait(HOUR / 2);
    let told = explain(&case.launch, case.now);
    let summary = "Holds (GATE_NO_DATA): so it is. Step 1 of 3: the candidate serves 5 %, and the gate is asked \
                   whether it may take 50 %.";
    assert_eq!((told.summary.as_str(), told.since), (summary, start() + DAY));
    assert_eq!(
        told.next,
        [
            "Observations of both versions let the gate decide.",
            "The gate last answered NO_DATA: so it is",
            "The gate is asked again at 2026-05-02 01:00:00 UTC (in 30 min 0 s); if it fails, the launch is rolled back.",
            "If it still holds at 2026-05-05 00:00:00 UTC (in 2 d 23 h), it is rolled back.",
        ]
    );
}

#[test]
fn a_pause_before_exposure_says_that_it_expires() {
    let mut case = Case::shadowing();
    case.paused();
    let told = explain(&case.launch, case.now);
    assert!(told.summary.starts_with("Holds (PAUSED): paused by service:somebody: lunch."), "{}", told.summary);
    assert!(told.next.last().unwrap().ends_with("it expires."), "{:?}", told.next);
}

#[test]
fn an_ended_launch_says_how_it_ended_and_that_nothing_comes() {
    let mut case = Case::baking(0);
    case.aborted().answer().answer();
    let told = explain(&case.launch, case.now);
    let wanted = "Aborted by service:somebody: wrong one. namespaces/default/models/flight-delay/versions/1 serves \
                  again; up to 5 % of the units were exposed.";
    assert_eq!((told.summary.as_str(), told.next.len()), (wanted, 0));
}

#[test]
fn what_an_event_was_is_a_sentence() {
    let case = Case::baking(1);
    let seen = Event::TrafficSeen { traffic: case.table };
    assert_eq!(describe(&seen), "The traffic was seen to change: generation 5: versions/1 50 %, versions/2 50 %.");
}
