//! A history, read: what the services wrote, as values of the domain, in the one order in which it was written.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use slipway_chassis::record as stored;
use slipway_domain::gate::Evidence;
use slipway_domain::launch::{Command, Event, Launch, log};
use slipway_domain::ledger::hash::Hash;
use slipway_domain::ledger::{Change, Resource};
use slipway_domain::name::{LaunchName, ModelName};
use slipway_domain::traffic::{Share, Traffic};
use slipway_launcher::keys::Key;
use slipway_launcher::peers::Question;
use slipway_launcher::record::{self, Row};

use crate::books::{Count, Pages, Subject};
use crate::chronicle::{Fact, Life, Role, What};

/// All that is known of one run of the world.
#[derive(Clone)]
pub struct History {
    /// Everything that happened, as it was written down.
    pub facts: Vec<Fact>,
    /// What the services wrote and judged, read.
    pub moments: Vec<Moment>,
    /// What the outside knows.
    pub pages: Pages,
    /// How it ended.
    pub last: Last,
}

/// How a run of the world ended.
#[derive(Clone, Debug, Default)]
pub struct Last {
    /// What the health monitor shows of every subject that was reported.
    pub shown: BTreeMap<Subject, Count>,
    /// How many entries the ledger lists.
    pub listed: usize,
    /// The root of the ledger's tree, as the registry signs it.
    pub root: Option<Hash>,
    /// The launches that had not ended when nobody waited any longer.
    pub left: Vec<String>,
    /// What broke off by itself.
    pub broken: Vec<String>,
}

/// Something that a service wrote or judged.
#[derive(Clone, Debug)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Seen,
}

/// What it was.
#[derive(Clone, Debug)]
pub enum Seen {
    /// A launch took a step.
    Step(Box<Step>),
    /// A launcher took charge.
    Charge(Life, u64),
    /// A traffic was written.
    Write(Box<Write>),
    /// A gate was evaluated.
    Evaluated(Box<(Question, Evidence)>),
}

/// One step of a launch, as it was stored.
#[derive(Clone, Debug)]
pub struct Step {
    /// By which life of the launcher.
    pub life: Life,
    /// The launch before; none for its first step.
    pub before: Option<Launch>,
    /// The launch after.
    pub after: Launch,
    /// The event that it took.
    pub event: Event,
    /// The entry of its log.
    pub entry: log::Entry,
    /// The commands that it put into the outbox.
    pub commands: Vec<Command>,
    /// When it acts next, by the row of its timer.
    pub timer: Option<Timestamp>,
    /// The launch that its model is in after the step, by the row of the model.
    pub active: Option<LaunchName>,
    /// The numbers of its commands in the outbox after the step.
    pub outbox: Vec<u64>,
}

/// One change of a traffic.
#[derive(Clone, Debug)]
pub struct Write {
    /// Whose.
    pub model: ModelName,
    /// As it was; none for a new model.
    pub before: Option<Traffic>,
    /// As it is.
    pub after: Traffic,
    /// The launch that asked for it; none if a person did.
    pub launch: Option<LaunchName>,
}

impl Write {
    /// The share of `launch`'s candidate before and after.
    pub fn shares(&self, launch: &Launch) -> (Share, Share) {
        let before = self.before.as_ref().map_or(Share::NONE, |before| before.share_of(&launch.candidate));
        (before, self.after.share_of(&launch.candidate))
    }
}

/// Reads `facts`.
pub fn read(facts: &[Fact]) -> Vec<Moment> {
    let mut launcher = Rows::default();
    let mut moments = Vec::new();
    for Fact { at, what } in facts {
        let seen = match what {
            What::Committed(life, _, writes) if life.role == Role::Launcher => launcher.commit(*life, writes),
            What::Committed(life, _, writes) if life.role == Role::Registry => traffic(writes),
            What::Evaluated(evaluated) => Some(Seen::Evaluated(evaluated.clone())),
            _ => None,
        };
        moments.extend(seen.map(|what| Moment { at: *at, what }));
    }
    moments
}

/// The launcher's rows.
#[derive(Default)]
struct Rows {
    launches: BTreeMap<LaunchName, Launch>,
    timers: BTreeMap<LaunchName, Timestamp>,
    active: BTreeMap<ModelName, LaunchName>,
    outbox: BTreeMap<(LaunchName, u64), Command>,
}

/// What a transaction of the launcher brought that belongs to one launch.
#[derive(Default)]
struct Brought {
    before: Option<Launch>,
    after: Option<Launch>,
    entry: Option<log::Entry>,
    commands: Vec<Command>,
    epoch: Option<u64>,
}

impl Rows {
    fn commit(&mut self, life: Life, writes: &[(Bytes, Option<Bytes>)]) -> Option<Seen> {
        let mut brought = Brought::default();
        for (key, value) in writes {
            match value {
                Some(value) => self.put(key, value, &mut brought),
                None => self.delete(key),
            }
        }
        if let Some(epoch) = brought.epoch {
            return Some(Seen::Charge(life, epoch));
        }
        // What changes no launch forgets old answers.
        let after = brought.after?;
        let entry = brought.entry.expect("a step of a launch has an entry in its log");
        let event = serde_json::from_str(&entry.event).expect("the log keeps events");
        let name = after.name.clone();
        let (timer, active) = (self.timers.get(&name).copied(), self.active.get(&after.candidate.model).cloned());
        let own = self.outbox.range((name.clone(), 0)..=(name, u64::MAX));
        let outbox = own.map(|((_, id), _)| *id).collect();
        let Brought { before, commands, .. } = brought;
        Some(Seen::Step(Box::new(Step { life, before, after, event, entry, commands, timer, active, outbox })))
    }

    fn put(&mut self, key: &Bytes, value: &Bytes, brought: &mut Brought) {
        match record::read(key, value).expect("the launcher reads what it writes") {
            Row::Launch(record) => {
                brought.before = self.launches.insert(record.launch.name.clone(), record.launch.clone());
                brought.after = Some(record.launch);
            }
            Row::Event => brought.entry = Some(stored::decode(value).expect("an entry of a log")),
            Row::Command(launch, command) => {
                brought.commands.push((*command).clone());
                self.outbox.insert((launch, command.id), *command);
            }
            Row::Timer(launch, due) => {
                self.timers.insert(launch, due);
            }
            Row::Active(model, launch) => {
                self.active.insert(model, launch);
            }
            Row::Answer(..) => {}
            Row::Epoch(epoch) => brought.epoch = Some(epoch),
        }
    }

    fn delete(&mut self, key: &Bytes) {
        match Key::read(key) {
            Some(Key::Command(launch, id)) => drop(self.outbox.remove(&(launch, id))),
            Some(Key::Timer(launch)) => drop(self.timers.remove(&launch)),
            Some(Key::Active(model)) => drop(self.active.remove(&model)),
            Some(Key::Launch(_) | Key::Event(..) | Key::Answer(_) | Key::Epoch) | None => {}
        }
    }
}

/// The change of a traffic that a transaction of the registry wrote into the ledger.
fn traffic(writes: &[(Bytes, Option<Bytes>)]) -> Option<Seen> {
    let entries = writes.iter().filter(|(key, _)| slipway_registry::keys::ledger_resource(key).is_some());
    let mut changes = entries.filter_map(|(_, value)| stored::decode::<Change>(value.as_ref()?).ok());
    changes.find_map(|change| {
        let Some(Resource::Traffic(model, after)) = change.after else { return None };
        let before = match change.before {
            Some(Resource::Traffic(_, before)) => Some(before),
            _ => None,
        };
        // A launch says its name first of all.
        let launch = change.reason.split(": ").next().and_then(|name| LaunchName::parse(name).ok());
        Some(Seen::Write(Box::new(Write { model, before, after, launch })))
    })
}

impl History {
    /// The steps of all launches, in order.
    pub fn steps(&self) -> impl Iterator<Item = (Timestamp, &Step)> {
        self.moments.iter().filter_map(|moment| match &moment.what {
            Seen::Step(step) => Some((moment.at, &**step)),
            Seen::Charge(..) | Seen::Write(_) | Seen::Evaluated(_) => None,
        })
    }

    /// The changes of all traffic, in order.
    pub fn writes(&self) -> impl Iterator<Item = (Timestamp, &Write)> {
        self.moments.iter().filter_map(|moment| match &moment.what {
            Seen::Write(write) => Some((moment.at, &**write)),
            Seen::Step(_) | Seen::Charge(..) | Seen::Evaluated(_) => None,
        })
    }

    /// Every launch as it was last.
    pub fn launches(&self) -> BTreeMap<LaunchName, &Launch> {
        self.steps().map(|(_, step)| (step.after.name.clone(), &step.after)).collect()
    }
}
