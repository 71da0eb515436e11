//! Claim: from any state an abort brings exposure to zero in at most two commands, and nothing that was still on its way
//! exposes anybody afterwards. One more command is allowed for whoever else writes the traffic, and for each launcher
//! that takes charge meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use slipway_domain::launch::{Action, Event, Launch, Return, Stage};
use slipway_domain::name::{LaunchName, ModelName};
use slipway_domain::traffic::{Share, Traffic};

use crate::history::{History, Seen, Step, Write};

/// A launch that is being taken back.
#[derive(Default)]
struct Way {
    commands: BTreeSet<u64>,
    /// How many more commands others have made necessary.
    extra: usize,
    /// Nobody is exposed, as the launch believes.
    restored: bool,
}

#[derive(Default)]
struct Watched {
    ways: BTreeMap<LaunchName, Way>,
    /// Launches that have begun to go back: they never raise exposure again.
    back: BTreeSet<LaunchName>,
    traffic: BTreeMap<ModelName, Write>,
}

/// Checks every way back.
pub fn check(history: &History) -> Result<(), String> {
    let launches = history.launches();
    let mut watched = Watched::default();
    for moment in &history.moments {
        let checked = match &moment.what {
            Seen::Step(step) => watched.step(step),
            Seen::Write(write) => watched.write(write, &launches),
            Seen::Charge(..) | Seen::Evaluated(_) => Ok(()),
        };
        checked.map_err(|what| format!("{}: {what}", moment.at))?;
    }
    Ok(())
}

impl Watched {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        let launch = &step.after;
        let begins = step.before.as_ref().is_some_and(|before| !matches!(before.stage, Stage::RollingBack { .. }));
        if let Stage::RollingBack { .. } = launch.stage
            && begins
        {
            self.ways.insert(launch.name.clone(), Way::default());
        }
        let Some(way) = self.ways.get_mut(&launch.name) else { return Ok(()) };
        let changes = step.commands.iter().filter(|command| matches!(command.action, Action::SetTraffic { .. }));
        way.commands.extend(changes.map(|command| command.id));
        way.extra += usize::from(matches!(step.event, Event::Adopted { .. }));
        let (asked, allowed) = (way.commands.len(), 2 + way.extra);
        if asked > allowed {
            return Err(format!(
                "{} took {asked} changes of traffic to go back, and {allowed} are enough",
                launch.name
            ));
        }
        let restored = matches!(launch.stage, Stage::RollingBack { phase: Return::Quarantining });
        if restored && !way.restored {
            way.restored = true;
            self.is_restored(launch)?;
        }
        Ok(())
    }

    /// Nobody is exposed, or whoever is was exposed by somebody else.
    fn is_restored(&self, launch: &Launch) -> Result<(), String> {
        let Some(last) = self.traffic.get(&launch.candidate.model) else { return Ok(()) };
        let share = exposed(&last.after, launch);
        if share == Share::NONE || last.launch.as_ref() != Some(&launch.name) {
            return Ok(());
        }
        Err(format!("{} believes that nobody is exposed, and {share} are", launch.name))
    }

    fn write(&mut self, write: &Write, launches: &BTreeMap<LaunchName, &Launch>) -> Result<(), String> {
        for (name, way) in &mut self.ways {
            let own = launches.get(name).is_some_and(|launch| launch.candidate.model == write.model);
            way.extra += usize::from(own && write.launch.as_ref() != Some(name));
        }
        if let Some(name) = &write.launch
            && let Some(launch) = launches.get(name)
        {
            let (from, to) = write.shares(launch);
            if to > from && self.back.contains(name) {
                return Err(format!("{name} had gone back, and raises {from} → {to}"));
            }
            if to == Share::NONE && self.ways.contains_key(name) {
                self.back.insert(name.clone());
            }
        }
        self.traffic.insert(write.model.clone(), write.clone());
        Ok(())
    }
}

fn exposed(traffic: &Traffic, launch: &Launch) -> Share {
    traffic.share_of(&launch.candidate)
}

#[test]
fn a_way_back_that_leaves_units_exposed_is_seen() {
    assert!(super::red::sees(check, crate::defect::Defect::RestoreLost, "believes that nobody is exposed"));
}
