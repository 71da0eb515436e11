//! The launcher in memory: an immutable picture that the store's watch keeps up to date.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use jiff::Timestamp;
use slipway_domain::launch::Command;
use slipway_domain::name::{LaunchName, ModelName};
use slipway_store::picture::{Kept, Picture};
use slipway_store::{KeyRange, Revision};
use uuid::Uuid;

use crate::Error;
use crate::keys::{self, Key};
use crate::record::{self, Answer, Record, Row};

/// Everything but the event logs, as it was at one revision. Cloning is cheap: the maps are shared.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The revision.
    pub revision: Revision,
    /// The launches.
    pub launches: OrdMap<LaunchName, Kept<Record>>,
    /// The launches by the time of their creation.
    pub by_age: OrdSet<(Timestamp, LaunchName)>,
    /// The launch that each model is in: all that have not ended.
    pub active: OrdMap<ModelName, LaunchName>,
    /// The commands to run, by launch and number.
    pub outbox: OrdMap<(LaunchName, u64), Arc<Command>>,
    /// When each launch acts by itself next.
    pub timers: OrdMap<LaunchName, Timestamp>,
    /// The same by time.
    pub due: OrdSet<(Timestamp, LaunchName)>,
    /// The answers to requests that carried an id.
    pub answers: OrdMap<Uuid, Kept<Answer>>,
    /// The epoch of the launcher in charge; 0 while there never was one.
    pub epoch: u64,
}

impl Picture for State {
    type Error = Error;

    fn range() -> KeyRange {
        keys::all()
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn advance(&mut self, revision: Revision) {
        self.revision = revision;
    }

    fn put(&mut self, key: &bytes::Bytes, value: &[u8], revision: Revision) -> Result<(), Error> {
        match record::read(key, value)? {
            Row::Launch(record) => {
                let name = record.launch.name.clone();
                self.by_age.insert((record.launch.created_at, name.clone()));
                self.launches.insert(name, Kept::new(*record, revision));
            }
            Row::Event => {}
            Row::Command(launch, command) => {
                self.outbox.insert((launch, command.id), (*command).into());
            }
            Row::Timer(launch, due) => self.set_timer(launch, Some(due)),
            Row::Active(model, launch) => {
                self.active.insert(model, launch);
            }
            Row::Answer(id, answer) => {
                self.answers.insert(id, Kept::new(*answer, revision));
            }
            Row::Epoch(epoch) => self.epoch = epoch,
        }
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) {
        match Key::read(key) {
            Some(Key::Command(launch, id)) => {
                self.outbox.remove(&(launch, id));
            }
            Some(Key::Timer(launch)) => self.set_timer(launch, None),
            Some(Key::Active(model)) => {
                self.active.remove(&model);
            }
            Some(Key::Answer(id)) => {
                self.answers.remove(&id);
            }
            // Launches, their logs and the epoch are never deleted.
            Some(Key::Launch(_) | Key::Event(..) | Key::Epoch) | None => {}
        }
    }
}

impl State {
    fn set_timer(&mut self, launch: LaunchName, due: Option<Timestamp>) {
        if let Some(before) = self.timers.remove(&launch) {
            self.due.remove(&(before, launch.clone()));
        }
        if let Some(due) = due {
            self.due.insert((due, launch.clone()));
            self.timers.insert(launch, due);
        }
    }

    /// The commands of `launch` that are to be run.
    pub fn commands_of(&self, launch: &LaunchName) -> impl Iterator<Item = &Arc<Command>> {
        self.outbox.range((launch.clone(), 0)..=(launch.clone(), u64::MAX)).map(|(_, command)| command)
    }
}
