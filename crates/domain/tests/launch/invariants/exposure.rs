//! Claim: exposure rises only on a PASS that was evaluated after the last rise, and only to the share that was asked
//! for. The first rise of a plan without a shadow stage, and of a model without a baseline, needs none.

use slipway_domain::gate::Verdict;
use slipway_domain::launch::{Event, Launch, Phase, Stage};
use slipway_domain::traffic::Share;

use super::HISTORIES;
use crate::world::{Fact, STORM, World, over_histories};

#[test]
fn exposure_rises_only_on_newer_evidence() {
    over_histories(HISTORIES, STORM, check);
}

fn check(world: &mut World) {
    // The evaluations since the last rise, and the largest share that one of them has granted and the launch has heard.
    let mut passes: Vec<(u64, Share)> = Vec::new();
    let mut granted = Share::NONE;
    for fact in &world.facts {
        match fact {
            Fact::Evaluated { command, verdict: Verdict::Pass, next_share } => passes.push((*command, *next_share)),
            Fact::Evaluated { .. } => {}
            Fact::Taken(moment) => {
                if let Event::GateAnswered { command, evidence } = &moment.event
                    && evidence.verdict == Verdict::Pass
                {
                    let heard = passes.iter().filter(|(id, _)| id == command).map(|(_, share)| *share);
                    granted = granted.max(heard.max().unwrap_or(Share::NONE));
                }
            }
            Fact::Write(write) => {
                let (from, to) = write.shares();
                if write.own && to > from {
                    let free = from == Share::NONE && needs_no_grant(&world.launch);
                    assert!(free || to <= granted, "{from} → {to}, but a PASS granted {granted}");
                    passes.clear();
                    granted = Share::NONE;
                }
            }
        }
    }
}

fn needs_no_grant(launch: &Launch) -> bool {
    launch.baseline.is_none() || launch.plan.shadow.is_none()
}

#[test]
fn histories_do_raise_exposure() {
    let rises = std::cell::Cell::new(0);
    over_histories(200, STORM, |world| {
        let own = world.writes().filter(|write| write.own && write.shares().1 > write.shares().0).count();
        rises.set(rises.get() + own);
    });
    assert!(rises.get() > 100, "{rises:?}");
}

#[test]
fn a_share_is_only_raised_while_it_is_being_applied() {
    over_histories(200, STORM, |world| {
        for moment in world.moments() {
            let raised = moment.after.share > moment.before.share;
            let applying = matches!(moment.before.stage, Stage::Ramping { phase: Phase::Applying, .. });
            let seen = moment.before.is_told(&moment.event);
            assert!(!raised || applying || seen, "{:?}", moment.event);
        }
    });
}

/// Whether an event only tells what somebody else did.
trait Told {
    fn is_told(&self, event: &Event) -> bool;
}

impl Told for Launch {
    fn is_told(&self, event: &Event) -> bool {
        matches!(event, Event::TrafficRead { .. } | Event::TrafficSeen { .. } | Event::TrafficRefused { .. })
    }
}
