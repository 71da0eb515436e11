//! Claim: the event log of every launch is whole: no entry is missing, doubled, out of order or altered, and the launch
//! knows its last one.

use std::collections::BTreeMap;

use slipway_domain::launch::log;
use slipway_domain::name::LaunchName;

use crate::history::History;

/// Checks the hash chain of every launch after every step.
pub fn check(history: &History) -> Result<(), String> {
    let mut entries: BTreeMap<LaunchName, Vec<log::Entry>> = BTreeMap::new();
    let mut heads = BTreeMap::new();
    for (_, step) in history.steps() {
        entries.entry(step.after.name.clone()).or_default().push(step.entry.clone());
        heads.insert(step.after.name.clone(), step.after.log);
    }
    for (name, head) in heads {
        log::verify(&entries[&name], head).map_err(|broken| format!("{name}: {broken}"))?;
    }
    Ok(())
}

#[test]
fn an_altered_entry_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    super::red::steps(&mut history).nth(2).unwrap().entry.description.push('!');
    assert!(check(&history).is_err());
}

#[test]
fn a_missing_entry_is_seen() {
    let mut history = super::red::calm();
    let second = history.moments.iter().position(|moment| matches!(moment.what, crate::history::Seen::Step(_)));
    history.moments.remove(second.unwrap() + 1);
    assert!(check(&history).is_err());
}
