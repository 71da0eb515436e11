//! Everything that happened, in one order over all services: what the invariants are checked against.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use slipway_chassis::env::Env;
use slipway_domain::gate::Evidence;
use slipway_launcher::peers::{Peer, Question};
use slipway_store::Revision;

/// One of the three services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The registry.
    Registry,
    /// The health monitor.
    Health,
    /// The launcher.
    Launcher,
}

/// One life of a service, from its start to its death: the services' first lives have number 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Life {
    /// Which service.
    pub role: Role,
    /// Which of its lives.
    pub number: u32,
}

/// What became of a request that somebody made under one id, over all its repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was acknowledged.
    Acknowledged,
    /// Every try was refused for good: it was not done.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum What {
    /// A transaction was applied; no value is a deletion.
    Committed(Life, Revision, Vec<(Bytes, Option<Bytes>)>),
    /// The health monitor truly answered a gate.
    Evaluated(Box<(Question, Evidence)>),
    /// A command of a launcher went to a peer, or came back from it.
    Command(Life, Peer, Bound),
    /// A request of a person is over.
    Asked(uuid::Uuid, Role, Fate),
    /// A life began, or ended.
    Life(Life, &'static str),
    /// Something else, for whoever reads along.
    Note(String),
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// To the peer.
    Out,
    /// Back to the launcher, or nobody waits for it any more.
    Back,
}

/// Something that happened, with its instant.
#[derive(Clone, Debug)]
pub struct Fact {
    /// When, by the clock of the world.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// Writes down what happens. Clones write into the same book.
#[derive(Clone)]
pub struct Chronicle {
    env: Env,
    facts: Arc<Mutex<Vec<Fact>>>,
}

impl Chronicle {
    /// An empty book that is dated by `env`.
    pub fn new(env: Env) -> Self {
        Self { env, facts: Arc::default() }
    }

    /// Writes one more fact.
    pub fn write(&self, what: What) {
        let at = self.env.now();
        self.book().push(Fact { at, what });
    }

    /// Writes something for whoever reads along.
    pub fn note(&self, text: impl Into<String>) {
        self.write(What::Note(text.into()));
    }

    /// All of it so far, taken out.
    pub fn take(&self) -> Vec<Fact> {
        std::mem::take(&mut *self.book())
    }

    fn book(&self) -> MutexGuard<'_, Vec<Fact>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
