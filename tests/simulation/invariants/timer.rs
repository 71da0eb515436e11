//! Claim: every waiting state has a timer, and nothing is stuck for ever: once everything has healed, every launch ends.

use crate::history::History;

/// Checks the row of the timer after every step, and that nothing is left at the end.
pub fn check(history: &History) -> Result<(), String> {
    for (at, step) in history.steps() {
        let launch = &step.after;
        let wanted = launch.timer().map(|timer| timer.due);
        if step.timer != wanted {
            return Err(format!("{at}: {} acts at {wanted:?}, and its row says {:?}", launch.name, step.timer));
        }
        if wanted.is_none() && !launch.stage.is_end() {
            return Err(format!("{at}: {} waits in {:?} and will never act", launch.name, launch.stage));
        }
    }
    if history.last.left.is_empty() { Ok(()) } else { Err(format!("still going on: {}", history.last.left.join("\n"))) }
}

#[test]
fn a_store_that_forgets_timers_is_seen() {
    assert!(super::red::sees(check, crate::defect::Defect::TimersForgotten, "and its row says None"));
}

#[test]
fn a_launch_that_does_not_end_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    history.last.left.push("a launch".to_owned());
    assert!(check(&history).is_err());
}
