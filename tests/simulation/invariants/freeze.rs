//! Claim: a hold never blocks a decrease of exposure. Nobody can ask for a freeze yet; what there is, is a person's pause
//! and whatever is the matter: a launch that begins to go back has none of them left, and asks at once.

use slipway_domain::launch::{Action, Launch, Return, Stage};
use slipway_domain::traffic::{Range, Share};

use crate::history::{History, Step};

/// Checks the first step of every way back.
pub fn check(history: &History) -> Result<(), String> {
    for (at, step) in history.steps() {
        let before = step.before.as_ref().map(|before| before.stage);
        let begins = !matches!(before, Some(Stage::RollingBack { .. }));
        let restoring = step.after.stage == Stage::RollingBack { phase: Return::Restoring };
        if restoring && begins {
            unblocked(step).map_err(|what| format!("{at}: {}: {what}", step.after.name))?;
        }
    }
    Ok(())
}

fn unblocked(step: &Step) -> Result<(), String> {
    if let Some(hold) = step.after.hold() {
        return Err(format!("it goes back, held by {hold:?}"));
    }
    let restores = |action: &Action| match action {
        Action::SetTraffic { ranges, .. } => share(ranges, &step.after) == Share::NONE,
        _ => false,
    };
    let asks = step.commands.iter().any(|command| restores(&command.action));
    if asks { Ok(()) } else { Err("it goes back and does not ask for it".to_owned()) }
}

fn share(ranges: &[Range], launch: &Launch) -> Share {
    let own = ranges.iter().filter(|range| range.version == launch.candidate);
    Share::of_buckets(own.map(|range| range.end - range.start).sum())
}

#[test]
fn a_way_back_that_waits_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    let step = super::red::steps(&mut history).last().unwrap();
    step.after.stage = Stage::RollingBack { phase: Return::Restoring };
    assert!(check(&history).is_err());
}
