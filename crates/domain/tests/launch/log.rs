//! Nobody can change, insert, reorder or cut the log of a launch unnoticed.

use slipway_domain::gate::Verdict;
use slipway_domain::launch::log::{Broken, Entry, Head, append, verify};
use slipway_domain::launch::{Event, Launch, step};
use slipway_domain::principal::Principal;

use crate::case::{Case, DAY, abort, evidence, start};

/// A launch with the log of its first events.
fn logged() -> (Launch, Vec<Entry>) {
    let mut case = Case::shadowing();
    let mut entries = Vec::new();
    case.wait(DAY);
    let evidence = evidence(Verdict::NoData, case.now);
    for event in [Event::TimerFired, Event::GateAnswered { command: 2, evidence }, abort()] {
        case.take(event.clone());
        entries.push(append(&mut case.launch, &event, case.now));
    }
    (case.launch, entries)
}

#[test]
fn what_was_written_verifies() {
    let (launch, entries) = logged();
    assert_eq!(verify(&entries, launch.log), Ok(()));
    assert_eq!(verify(&[], Head::default()), Ok(()));
}

#[test]
fn an_entry_says_what_happened_and_where_that_led() {
    let (_, entries) = logged();
    let last = &entries[2];
    assert_eq!((last.sequence, last.kind.as_str(), last.state.as_str()), (3, "ABORTED", "ABORTED"));
    assert_eq!(last.description, "service:somebody aborted the launch: wrong one.");
    assert_eq!(serde_json::from_str::<Event>(&last.event).unwrap(), abort());
}

#[test]
fn every_changed_field_of_every_entry_is_found() {
    let (launch, entries) = logged();
    let changes: [fn(&mut Entry); 6] = [
        |entry| entry.at = start(),
        |entry| entry.principal = Principal::service("mallory"),
        |entry| entry.kind.push('X'),
        |entry| entry.description.push('.'),
        |entry| entry.state = "SUCCEEDED".to_owned(),
        |entry| entry.event = entry.event.replace('a', "b"),
    ];
    for change in changes {
        for index in [0, 1, 2] {
            let mut forged = entries.clone();
            change(&mut forged[index]);
            if forged != entries {
                assert_eq!(verify(&forged, launch.log), Err(Broken::Altered { sequence: index as u64 + 1 }));
            }
        }
    }
}

#[test]
fn letters_that_move_between_fields_are_found() {
    let (launch, mut entries) = logged();
    let moved = entries[0].description.remove(0);
    entries[0].kind.push(moved);
    assert_eq!(verify(&entries, launch.log), Err(Broken::Altered { sequence: 1 }));
}

#[test]
fn missing_doubled_and_reordered_entries_are_found() {
    let (launch, entries) = logged();
    let [a, b, c] = &entries[..] else { panic!() };
    assert_eq!(verify([a, c], launch.log), Err(Broken::Order { wanted: 2, found: 3 }));
    assert_eq!(verify([a, a, b, c], launch.log), Err(Broken::Order { wanted: 2, found: 1 }));
    assert_eq!(verify([a, c, b], launch.log), Err(Broken::Order { wanted: 2, found: 3 }));
}

#[test]
fn a_cut_log_is_found() {
    let (launch, entries) = logged();
    assert_eq!(verify(&entries[..2], launch.log), Err(Broken::Cut { wanted: 3, found: 2 }));
}

#[test]
fn a_log_that_was_written_anew_is_found_by_its_head() {
    let (launch, _) = logged();
    let mut other = Case::shadowing().launch;
    let entries: Vec<_> = (0..3).map(|_| append(&mut other, &Event::TimerFired, start())).collect();
    assert_eq!(verify(&entries, other.log), Ok(()));
    assert_eq!(verify(&entries, launch.log), Err(Broken::Altered { sequence: 3 }));
}

#[test]
fn an_event_reads_back_from_its_entry_as_it_was_taken() {
    let case = Case::baking(0);
    let before = case.launch.clone();
    let mut after = step(&before, &abort(), case.now).unwrap().0;
    let entry = append(&mut after, &abort(), case.now);
    let replayed = step(&before, &serde_json::from_str(&entry.event).unwrap(), entry.at).unwrap().0;
    assert_eq!(replayed.transitions, after.transitions);
}
