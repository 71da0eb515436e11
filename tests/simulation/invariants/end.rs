//! Claim: an end absorbs. Nothing changes a launch that has ended, nothing is left to be run for it, and it never acts
//! again.

use std::collections::BTreeMap;

use crate::history::History;

/// Checks every step of every launch.
pub fn check(history: &History) -> Result<(), String> {
    let mut ended = BTreeMap::new();
    for (at, step) in history.steps() {
        let name = &step.after.name;
        if let Some(since) = ended.get(name) {
            return Err(format!("{at}: {name} ended at {since} and took {:?}", step.event));
        }
        if step.after.stage.is_end() {
            if !step.outbox.is_empty() || step.timer.is_some() || step.active.as_ref() == Some(name) {
                return Err(format!("{at}: {name} has ended and leaves {:?}, {:?}", step.outbox, step.timer));
            }
            ended.insert(name.clone(), at);
        }
    }
    Ok(())
}

#[test]
fn a_step_after_the_end_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    let last = history.moments.iter().rposition(|moment| matches!(moment.what, crate::history::Seen::Step(_)));
    history.moments.push(history.moments[last.unwrap()].clone());
    assert!(check(&history).is_err());
}
