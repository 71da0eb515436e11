//! A small world around one launch: a registry, a health monitor, a launcher that stores and may be killed at every
//! write, answers that come late, twice, out of order or never, people, and time. All of it follows from a seed.

mod histories;
mod plan;
mod registry;
mod rng;

use std::time::Duration;

use jiff::Timestamp;
use slipway_domain::gate::Verdict;
use slipway_domain::launch::log::{Entry, append};
use slipway_domain::launch::{Action, Command, Event, Failure, HoldReason, Launch, Rejected, step};
use slipway_domain::traffic::{Share, Traffic, Writer, split};

use crate::case::{abort, draft, evidence, freeze, promote, somebody, start, thaw, version};
pub use histories::{log_is_whole, over_histories};
use plan::chance_plan;
use registry::Registry;
pub use rng::Rng;

/// What the world does besides answering.
#[derive(Clone, Copy)]
pub struct Weather {
    /// The launcher is killed, one write in so many; 0 is never.
    pub kills: u64,
    /// Services go away and come back.
    pub outages: bool,
    /// Somebody else writes traffic.
    pub meddling: bool,
    /// People pause, resume, promote and abort; freezes come and go.
    pub people: bool,
}

pub const STORM: Weather = Weather { kills: 40, outages: true, meddling: true, people: true };
/// Bad, but nobody else touches the traffic and the launcher lives.
pub const GUSTS: Weather = Weather { kills: 0, outages: true, meddling: false, people: true };

/// Something that happened, in the order in which it did.
pub enum Fact {
    /// The launch took an event.
    Taken(Box<Moment>),
    /// The traffic was written.
    Write(Write),
    /// The health monitor evaluated a gate.
    Evaluated { command: u64, verdict: Verdict, next_share: Share },
}

/// The launch took an event.
pub struct Moment {
    pub at: Timestamp,
    pub event: Event,
    pub before: Launch,
    pub after: Launch,
    pub commands: Vec<Command>,
}

/// The traffic was written.
#[derive(Clone)]
pub struct Write {
    pub at: Timestamp,
    /// By the launch's launcher, not by somebody else.
    pub own: bool,
    pub before: Traffic,
    pub after: Traffic,
}

impl Write {
    /// The candidate's share before and after.
    pub fn shares(&self) -> (Share, Share) {
        (self.before.share_of(&version(2)), self.after.share_of(&version(2)))
    }
}

/// The world, and all that happened in it.
pub struct World {
    pub rng: Rng,
    pub now: Timestamp,
    pub launch: Launch,
    pub entries: Vec<Entry>,
    pub registry: Registry,
    pub facts: Vec<Fact>,
    /// What is being run, and what a killed launcher has left under way.
    running: Vec<Command>,
    limbo: Vec<Command>,
    /// Answers on their way.
    mail: Vec<Event>,
    monitor_up: bool,
    weather: Weather,
    fails: bool,
    /// Nothing happens to the launch any more but answers and time.
    healed: bool,
}

impl World {
    /// A submitted launch with a plan of chance.
    pub fn new(seed: u64, weather: Weather) -> Self {
        let mut rng = Rng::new(seed);
        let plan = chance_plan(&mut rng);
        assert_eq!(plan.check(), [], "seed {seed}");
        let baseline = (!rng.one_in(10)).then(|| version(1));
        let ranges = split(baseline.as_ref(), &version(2), Share::NONE);
        let table = Traffic { ranges, generation: 3, epoch: 6, ..Traffic::new("salt".to_owned()) };
        let fails = rng.one_in(2);
        let mut world = Self {
            rng,
            now: start(),
            launch: draft(plan, baseline),
            entries: Vec::new(),
            registry: Registry::new(table),
            facts: Vec::new(),
            running: Vec::new(),
            limbo: Vec::new(),
            mail: Vec::new(),
            monitor_up: true,
            weather,
            fails,
            healed: false,
        };
        // A launch is created and submitted in one write, so there is no draft that a kill could leave behind.
        world.calm();
        world.offer(Event::Submitted { by: somebody(), reason: "chance".to_owned() }).unwrap();
        world.weather = weather;
        world
    }

    /// Lets so many things happen, or fewer if the launch ends.
    pub fn run(&mut self, things: usize) {
        for _ in 0..things {
            if self.launch.stage.is_end() {
                return;
            }
            self.happen();
        }
    }

    fn happen(&mut self) {
        // Somebody who sees that the traffic is another's gives the launch up.
        if self.healed && self.launch.hold().is_some_and(|hold| hold.reason == HoldReason::TrafficChanged) {
            let _ = self.offer(abort());
        }
        match self.rng.below(20) {
            0..=6 => self.run_something(),
            7..=13 => self.deliver_something(),
            14..=16 => self.let_time_pass(),
            17 if self.weather.people => self.somebody_acts(),
            18 if self.weather.outages => self.turn_weather(),
            19 if self.weather.meddling && self.rng.one_in(12) => self.meddle(),
            _ => self.run_limbo(),
        }
    }

    /// Offers an event. A kill may strike before the commit, so that nothing of it remains, or after.
    pub fn offer(&mut self, event: Event) -> Result<(), Rejected> {
        let (mut after, commands) = step(&self.launch, &event, self.now)?;
        if self.killed() {
            self.restart();
            return Ok(());
        }
        self.entries.push(append(&mut after, &event, self.now));
        let before = std::mem::replace(&mut self.launch, after.clone());
        let moment = Moment { at: self.now, event, before, after, commands: commands.clone() };
        self.facts.push(Fact::Taken(Box::new(moment)));
        self.running.extend(commands);
        if self.killed() {
            self.restart();
        }
        Ok(())
    }

    fn killed(&mut self) -> bool {
        self.weather.kills > 0 && self.rng.one_in(self.weather.kills)
    }

    /// The launcher starts anew: what it had not stored is gone, what was under way may still land.
    pub fn restart(&mut self) {
        self.limbo.append(&mut self.running);
        self.mail.clear();
        let epoch = self.launch.epoch + 1;
        // Until the new launcher has taken charge there is nothing that a second kill could undo.
        let calm = Weather { kills: 0, ..self.weather };
        let weather = std::mem::replace(&mut self.weather, calm);
        let adopted = self.offer(Event::Adopted { epoch });
        self.weather = weather;
        if adopted.is_ok() && self.running.is_empty() {
            self.running.extend(self.launch.pending().cloned());
        }
    }

    fn run_something(&mut self) {
        if self.running.is_empty() {
            return;
        }
        let at = self.rng.index(self.running.len());
        // At least once: sometimes it will be run again.
        let command = if self.rng.one_in(6) { self.running[at].clone() } else { self.running.swap_remove(at) };
        let answer = self.execute(&command);
        self.mail.push(answer);
    }

    /// A call that a killed launcher had under way lands after all; nobody hears the answer.
    fn run_limbo(&mut self) {
        if !self.limbo.is_empty() {
            let at = self.rng.index(self.limbo.len());
            let command = self.limbo.swap_remove(at);
            self.execute(&command);
        }
    }

    fn execute(&mut self, command: &Command) -> Event {
        let id = command.id;
        match &command.action {
            Action::Evaluate { next_share, .. } if self.monitor_up => {
                let verdict = self.verdict();
                self.facts.push(Fact::Evaluated { command: id, verdict, next_share: *next_share });
                Event::GateAnswered { command: id, evidence: evidence(verdict, self.now) }
            }
            Action::Evaluate { .. } => unavailable(id),
            Action::Estimate => Event::Estimated { command: id, summary: "three replicas".to_owned() },
            Action::ReadTraffic | Action::SetTraffic { .. } | Action::Quarantine { .. } => {
                let (answer, write) = self.registry.execute(command, self.now, &mut self.rng);
                self.facts.extend(write.map(Fact::Write));
                answer
            }
        }
    }

    fn verdict(&mut self) -> Verdict {
        match self.rng.below(if self.fails { 14 } else { 10 }) {
            0..=5 => Verdict::Pass,
            6..=7 => Verdict::Inconclusive,
            8 => Verdict::NoData,
            9 => Verdict::Error,
            10 => Verdict::Fail,
            _ => Verdict::Inconclusive,
        }
    }

    /// Answers come in any order, and sometimes more than once.
    fn deliver_something(&mut self) {
        if self.mail.is_empty() {
            return;
        }
        let at = self.rng.index(self.mail.len());
        let event = if self.rng.one_in(6) { self.mail[at].clone() } else { self.mail.swap_remove(at) };
        let _ = self.offer(event);
    }

    fn let_time_pass(&mut self) {
        let due = self.launch.timer().map_or(self.now, |timer| timer.due.max(self.now));
        if self.rng.one_in(3) {
            let left = u64::try_from(due.duration_since(self.now).as_secs()).unwrap_or(0);
            self.now += Duration::from_secs(self.rng.below(left + 1));
        } else {
            self.now = due;
        }
        let _ = self.offer(Event::TimerFired);
    }

    fn somebody_acts(&mut self) {
        let by = somebody();
        let reason = "chance".to_owned();
        let event = match self.rng.below(40) {
            0..=9 => Event::Paused { by, reason },
            10..=24 => Event::Resumed { by, reason },
            25..=28 => promote(),
            29 => abort(),
            30..=33 => freeze(),
            _ => thaw(),
        };
        let _ = self.offer(event);
    }

    fn turn_weather(&mut self) {
        match self.rng.below(6) {
            0 => self.registry.up = false,
            1 => self.monitor_up = false,
            2 => self.registry.forget(),
            3 => self.monitor_up = true,
            _ => self.registry.up = true,
        }
    }

    fn meddle(&mut self) {
        let share = match self.rng.below(4) {
            0 => Share::NONE,
            1 => Share::of_buckets(u32::try_from(self.rng.below(100_001)).unwrap()),
            _ => self.launch.share,
        };
        let ranges = split(self.launch.baseline.as_ref(), &version(2), share);
        let write = self.registry.write(Writer::Override, ranges, self.now);
        if self.rng.one_in(2) {
            let _ = self.offer(Event::TrafficSeen { traffic: write.after.clone() });
        }
        self.facts.push(Fact::Write(write));
    }

    /// Everything heals: all services answer, nobody interferes any more, every gate passes.
    pub fn heal(&mut self) {
        self.weather = Weather { kills: 0, outages: false, meddling: false, people: false };
        (self.registry.up, self.monitor_up, self.fails, self.healed) = (true, true, false, true);
        let _ = self.offer(Event::Resumed { by: somebody(), reason: "healed".to_owned() });
        let _ = self.offer(thaw());
        while !self.launch.stage.is_end() && self.launch.epoch < self.registry.table.epoch {
            self.restart();
        }
    }

    /// From now on nobody interferes, but who is away stays away.
    pub fn calm(&mut self) {
        self.weather = Weather { kills: 0, outages: false, meddling: false, people: false };
    }

    /// Takes the health monitor away.
    pub fn lose_monitor(&mut self) {
        self.monitor_up = false;
    }

    /// Brings the registry back.
    pub fn find_registry(&mut self) {
        self.registry.up = true;
        self.restart();
        while !self.launch.stage.is_end() && self.launch.epoch < self.registry.table.epoch {
            self.restart();
        }
    }

    /// Runs whatever a killed launcher has left under way.
    pub fn drain_limbo(&mut self) {
        while let Some(command) = self.limbo.pop().or_else(|| self.running.pop()) {
            self.execute(&command);
        }
    }

    /// Everything the launch took, in order.
    pub fn moments(&self) -> impl Iterator<Item = &Moment> {
        self.facts.iter().filter_map(|fact| match fact {
            Fact::Taken(moment) => Some(&**moment),
            Fact::Write(_) | Fact::Evaluated { .. } => None,
        })
    }

    /// Every write of the traffic, in order.
    pub fn writes(&self) -> impl Iterator<Item = &Write> {
        self.facts.iter().filter_map(|fact| match fact {
            Fact::Write(write) => Some(write),
            Fact::Taken(_) | Fact::Evaluated { .. } => None,
        })
    }
}

pub fn unavailable(command: u64) -> Event {
    Event::CommandFailed { command, failure: Failure::Unavailable { message: "nobody answers".to_owned() } }
}
