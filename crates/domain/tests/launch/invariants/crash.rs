//! Claim: a kill at any boundary leads to the same end and the same effects: no bake cut short, no traffic moved twice.

use std::time::Duration;

use slipway_domain::gate::Verdict;
use slipway_domain::launch::{Action, Command, Event, Phase, Plan, Stage, step};
use slipway_domain::traffic::Range;

use crate::case::{Case, DAY, abort, evidence, plan, somebody, unshadowed};

/// What happens in a launch, by what was asked and by the time since the ramp began.
type Monitor = fn(&Action, Duration) -> Verdict;

/// What is left of a launch in the world: its end, each table it wrote, and how long each was served.
#[derive(Debug, PartialEq)]
struct Effects {
    end: Stage,
    tables: Vec<Vec<Range>>,
    least: Vec<Duration>,
    quarantines: usize,
}

struct Runner {
    case: Case,
    monitor: Monitor,
    /// How many boundaries were passed, and at which one the kill strikes.
    passed: usize,
    strike: Option<usize>,
    written: Vec<(jiff::Timestamp, Vec<Range>)>,
    quarantines: std::collections::BTreeSet<u64>,
    abort_after: Option<Stage>,
}

impl Runner {
    fn run(plan: Plan, monitor: Monitor, abort_after: Option<Stage>, strike: Option<usize>) -> (Effects, usize) {
        let case = Case::draft(plan);
        let written = vec![(case.now, case.table.ranges.clone())];
        let quarantines = std::collections::BTreeSet::new();
        let mut runner = Self { case, monitor, passed: 0, strike, written, quarantines, abort_after };
        runner.offer(Event::Submitted { by: somebody(), reason: String::new() });
        for _ in 0..2_000 {
            let case = &runner.case;
            if case.launch.stage.is_end() {
                return (runner.effects(), runner.passed);
            }
            if runner.abort_after == Some(case.launch.stage) {
                runner.abort_after = None;
                runner.offer(abort());
            } else if case.commands.is_empty() {
                runner.case.now = case.launch.timer().unwrap().due.max(case.now);
                runner.offer(Event::TimerFired);
            } else {
                runner.run_command();
            }
        }
        panic!("it does not end: {:?}", runner.case.launch);
    }

    /// Passes one more boundary; true if the kill strikes here.
    fn strikes(&mut self) -> bool {
        self.passed += 1;
        self.strike == Some(self.passed)
    }

    fn offer(&mut self, event: Event) {
        let Ok((launch, commands)) = step(&self.case.launch, &event, self.case.now) else { return };
        // Before the commit: the step is computed, and nothing of it is stored.
        if self.strikes() {
            // A person whose wish was not stored hears so, and says it again.
            if !matches!(event, Event::TimerFired) && event.command().is_none() {
                self.restart();
                return self.offer(event);
            }
            return self.restart();
        }
        (self.case.launch, self.case.commands) = (launch, commands);
        // After the commit: none of its commands has run.
        if self.strikes() {
            self.restart();
        }
    }

    fn restart(&mut self) {
        self.case.commands.clear();
        let epoch = self.case.launch.epoch + 1;
        if let Ok((launch, commands)) = step(&self.case.launch, &Event::Adopted { epoch }, self.case.now) {
            (self.case.launch, self.case.commands) = (launch, commands);
        }
        if self.case.commands.is_empty() {
            self.case.commands.extend(self.case.launch.pending().cloned());
        }
    }

    fn run_command(&mut self) {
        let command = self.case.commands.remove(0);
        let event = self.execute(&command);
        // The command has run, and its answer is lost.
        if self.strikes() {
            self.restart();
        } else {
            self.offer(event);
        }
    }

    fn execute(&mut self, command: &Command) -> Event {
        let id = command.id;
        if let Action::Evaluate { since, .. } = &command.action {
            let age = self.case.now.duration_since(*since).unsigned_abs();
            let evidence = evidence((self.monitor)(&command.action, age), self.case.now);
            return Event::GateAnswered { command: id, evidence };
        }
        if let Action::Quarantine { .. } = &command.action {
            self.quarantines.insert(id);
        }
        let answer = self.case.respond(command);
        if self.written.last().map(|(_, ranges)| ranges) != Some(&self.case.table.ranges) {
            self.written.push((self.case.now, self.case.table.ranges.clone()));
        }
        answer
    }

    fn effects(&self) -> Effects {
        let least = self.written.windows(2).map(|pair| pair[1].0.duration_since(pair[0].0).unsigned_abs()).collect();
        let tables = self.written.iter().map(|(_, ranges)| ranges.clone()).collect();
        Effects { end: self.case.launch.stage, tables, least, quarantines: self.quarantines.len() }
    }
}

/// The gate is asked twice a day, so that there are not too many boundaries to strike at.
fn seldom(plan: Plan) -> Plan {
    Plan { evaluate_interval: DAY / 2, ..plan }
}

/// Runs a story once without a kill, and then once with a kill at each of its boundaries.
fn survives(plan: &Plan, monitor: Monitor, abort_after: Option<Stage>, end: Stage) {
    let (wanted, boundaries) = Runner::run(plan.clone(), monitor, abort_after, None);
    assert_eq!(wanted.end, end);
    assert!(boundaries > 8, "{boundaries}");
    for strike in 1..=boundaries {
        let (found, _) = Runner::run(plan.clone(), monitor, abort_after, Some(strike));
        assert_eq!((&found.end, &found.tables), (&wanted.end, &wanted.tables), "kill at {strike}");
        assert_eq!(found.quarantines, wanted.quarantines, "kill at {strike}");
        for (held, least) in found.least.iter().zip(&wanted.least) {
            assert!(held >= least, "kill at {strike}: held for {held:?} of {least:?}");
        }
    }
}

#[test]
fn a_good_launch_succeeds_whatever_is_killed() {
    survives(&seldom(plan()), |_, _| Verdict::Pass, None, Stage::Succeeded);
}

#[test]
fn a_launch_that_waits_for_evidence_succeeds_whatever_is_killed() {
    let slow: Monitor = |_, age| if age > 3 * DAY { Verdict::Pass } else { Verdict::Inconclusive };
    survives(&Plan { hold_deadline: 10 * DAY, ..seldom(plan()) }, slow, None, Stage::Succeeded);
}

#[test]
fn a_launch_that_is_bad_in_shadow_ends_the_same_whatever_is_killed() {
    survives(&seldom(plan()), |_, _| Verdict::Fail, None, Stage::RolledBack);
}

#[test]
fn a_launch_that_turns_bad_on_the_ramp_ends_the_same_whatever_is_killed() {
    let late: Monitor = |_, age| if age > DAY + DAY / 2 { Verdict::Fail } else { Verdict::Pass };
    survives(&seldom(unshadowed()), late, None, Stage::RolledBack);
}

#[test]
fn an_aborted_launch_ends_the_same_whatever_is_killed() {
    for phase in [Phase::Applying, Phase::Confirming, Phase::Baking, Phase::Evaluating] {
        let at = Stage::Ramping { step: 1, phase };
        let (wanted, boundaries) = Runner::run(seldom(unshadowed()), |_, _| Verdict::Pass, Some(at), None);
        for strike in 1..=boundaries {
            let (found, _) = Runner::run(seldom(unshadowed()), |_, _| Verdict::Pass, Some(at), Some(strike));
            assert_eq!(found.end, Stage::RolledBack, "kill at {strike}");
            assert_eq!(found.tables.last(), wanted.tables.last(), "kill at {strike}");
        }
    }
}
