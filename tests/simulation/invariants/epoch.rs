//! Claim: an older epoch is never obeyed. A launcher that was followed by another stores nothing any more, the epoch of a
//! traffic never falls, and no launch writes it under another epoch than the one it states.

use std::collections::BTreeMap;

use slipway_domain::launch::Action;

use crate::history::{History, Seen};

/// Checks every step of a launch and every change of traffic.
pub fn check(history: &History) -> Result<(), String> {
    let mut charge = (0, 0);
    let mut stated: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for moment in &history.moments {
        let at = moment.at;
        match &moment.what {
            Seen::Charge(life, epoch) => {
                if *epoch <= charge.1 {
                    return Err(format!("{at}: {life:?} took epoch {epoch} after {}", charge.1));
                }
                charge = (life.number, *epoch);
            }
            Seen::Step(step) => {
                if step.life.number != charge.0 {
                    return Err(format!("{at}: {:?} stores while life {} is in charge", step.life, charge.0));
                }
                for command in &step.commands {
                    if let Action::SetTraffic { epoch, .. } = command.action {
                        stated.entry(step.after.name.clone()).or_default().push(epoch);
                    }
                }
            }
            Seen::Write(write) => {
                let (before, after) = (write.before.as_ref().map_or(0, |before| before.epoch), write.after.epoch);
                if after < before {
                    return Err(format!("{at}: the epoch of {} falls from {before} to {after}", write.model));
                }
                if let Some(launch) = &write.launch
                    && !stated.get(launch).is_some_and(|stated| stated.contains(&after))
                {
                    return Err(format!("{at}: {launch} never stated epoch {after} of {}", write.model));
                }
            }
            Seen::Evaluated(_) => {}
        }
    }
    Ok(())
}

#[test]
fn a_registry_that_obeys_every_epoch_is_seen() {
    assert!(super::red::sees(check, crate::defect::Defect::EpochIgnored, "never stated epoch"));
}

#[test]
fn a_step_of_a_launcher_that_was_followed_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    super::red::steps(&mut history).last().unwrap().life.number = 0;
    assert!(check(&history).is_err());
}
