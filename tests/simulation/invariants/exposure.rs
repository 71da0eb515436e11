//! Claim: exposure rises only on a PASS that was evaluated after the last rise, and only to the share that was asked
//! for. The first rise of a plan without a shadow stage, and of a model without a baseline, needs none.

use std::collections::BTreeMap;

use slipway_domain::gate::Verdict;
use slipway_domain::launch::{Event, Launch};
use slipway_domain::name::LaunchName;
use slipway_domain::traffic::Share;

use crate::history::{History, Seen};

/// What a launch may rise to.
#[derive(Default)]
struct Granted {
    /// What the health monitor has truly passed since the last rise.
    passed: Share,
    /// What the launch has heard of it.
    heard: Share,
}

/// Checks every change of traffic that a launch asked for.
pub fn check(history: &History) -> Result<(), String> {
    let launches = history.launches();
    let mut granted: BTreeMap<LaunchName, Granted> = BTreeMap::new();
    let mut current: Option<&Launch> = None;
    for moment in &history.moments {
        match &moment.what {
            Seen::Evaluated(evaluated) => {
                let (question, evidence) = &**evaluated;
                let asking = launches
                    .values()
                    .filter(|launch| launch.candidate == question.candidate && launch.created_at <= moment.at);
                for launch in asking.filter(|_| evidence.verdict == Verdict::Pass) {
                    let granted = granted.entry(launch.name.clone()).or_default();
                    granted.passed = granted.passed.max(question.next_share);
                }
            }
            Seen::Step(step) => {
                current = Some(&step.after);
                if let Event::GateAnswered { evidence, .. } = &step.event
                    && evidence.verdict == Verdict::Pass
                {
                    let granted = granted.entry(step.after.name.clone()).or_default();
                    granted.heard = granted.passed;
                }
            }
            Seen::Write(write) => {
                let Some(launch) = write.launch.as_ref().and_then(|name| launches.get(name)) else { continue };
                let (from, to) = write.shares(launch);
                let free = from == Share::NONE && (launch.baseline.is_none() || launch.plan.shadow.is_none());
                let heard = granted.get(&launch.name).map_or(Share::NONE, |granted| granted.heard);
                if to > from && !free && to > heard {
                    let at = moment.at;
                    return Err(format!(
                        "{at}: {} rises {from} → {to}, and a PASS granted {heard}; {current:?}",
                        launch.name
                    ));
                }
                if to > from {
                    granted.remove(&launch.name);
                }
            }
            Seen::Charge(..) => {}
        }
    }
    Ok(())
}

#[test]
fn a_rise_that_no_gate_has_passed_is_seen() {
    assert!(super::red::sees(check, crate::defect::Defect::GatesGrantAll, "and a PASS granted"));
}
