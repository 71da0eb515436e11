//! The registry as the contract has it: fenced writes, and a memory of the requests it has answered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use slipway_domain::launch::{Action, Command, Event};
use slipway_domain::traffic::{Range, Traffic, Writer};

use super::{Rng, Write, unavailable};

pub struct Registry {
    pub table: Traffic,
    pub up: bool,
    /// How often the digest was marked.
    pub quarantined: u64,
    answered: BTreeMap<u64, Event>,
}

impl Registry {
    pub fn new(table: Traffic) -> Self {
        Self { table, up: true, quarantined: 0, answered: BTreeMap::new() }
    }

    /// The memory of old requests runs out.
    pub fn forget(&mut self) {
        self.answered.clear();
    }

    /// Does `command` and answers, or is away; then it may have done it all the same.
    pub fn execute(&mut self, command: &Command, now: Timestamp, rng: &mut Rng) -> (Event, Option<Write>) {
        if self.up {
            return self.serve(command, now);
        }
        let write = if rng.one_in(4) { self.serve(command, now).1 } else { None };
        (unavailable(command.id), write)
    }

    fn serve(&mut self, command: &Command, now: Timestamp) -> (Event, Option<Write>) {
        let id = command.id;
        if let Some(answer) = self.answered.get(&id) {
            return (answer.clone(), None);
        }
        match &command.action {
            Action::ReadTraffic => (Event::TrafficRead { command: id, traffic: self.table.clone() }, None),
            Action::SetTraffic { generation, epoch, ranges, .. } => {
                match self.table.set(Writer::of_epoch(*epoch), *generation, ranges.clone(), now) {
                    Ok(after) => {
                        let before = std::mem::replace(&mut self.table, after.clone());
                        let answer = Event::TrafficSet { command: id, traffic: after.clone() };
                        self.answered.insert(id, answer.clone());
                        (answer, Some(Write { at: now, own: true, before, after }))
                    }
                    Err(refused) => {
                        let cause = (&refused).into();
                        (Event::TrafficRefused { command: id, cause, traffic: self.table.clone() }, None)
                    }
                }
            }
            Action::Quarantine { .. } => {
                self.quarantined += 1;
                let answer = Event::Quarantined { command: id };
                self.answered.insert(id, answer.clone());
                (answer, None)
            }
            Action::Estimate | Action::Evaluate { .. } => panic!("not the registry's: {command:?}"),
        }
    }

    /// Somebody else writes.
    pub fn write(&mut self, writer: Writer, ranges: Vec<Range>, now: Timestamp) -> Write {
        let after = self.table.set(writer, self.table.generation, ranges, now).unwrap();
        let before = std::mem::replace(&mut self.table, after.clone());
        Write { at: now, own: false, before, after }
    }
}
