//! What the store's rows hold, and reading them back.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use slipway_chassis::record;
use slipway_domain::launch::{Command, Launch};
use slipway_domain::model::MILDEST_TIER;
use slipway_domain::name::{LaunchName, ModelName};
use uuid::Uuid;

use crate::Error;
use crate::keys::Key;

/// The layout of this service's rows, which its data folder says. It is raised with the first row that a program which
/// knows the layout before would read wrongly: such a program then refuses the folder.
pub const ROWS: u32 = 1;

/// A launch as it is kept: the reducer's state, and what else was pinned when it was created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Where it stands.
    pub launch: Launch,
    /// How old a cohort must be before a gate counts it: the model's label window at the creation.
    pub label_window: Duration,
    /// Whose the model was at the creation; empty if nobody's.
    #[serde(default)]
    pub team: String,
    /// How much the model mattered at the creation: its effective tier.
    #[serde(default = "mildest")]
    pub tier: u8,
}

/// The tier of launches that were created before it was kept.
fn mildest() -> u8 {
    MILDEST_TIER
}

/// The answer to a request that carried an id, kept so that a repetition has no second effect.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// A hash of what was asked; another question under the same id is refused.
    pub fingerprint: u64,
    /// When it was answered.
    pub at: Timestamp,
    /// The launch as it was answered.
    pub record: Record,
}

/// One row of the store.
#[derive(Debug)]
pub enum Row {
    /// The state of a launch.
    Launch(Box<Record>),
    /// An entry of a log, which is read only when it is asked for.
    Event,
    /// A command to run.
    Command(LaunchName, Box<Command>),
    /// When a launch acts by itself next.
    Timer(LaunchName, Timestamp),
    /// The launch that a model is in.
    Active(ModelName, LaunchName),
    /// The answer to a request.
    Answer(Uuid, Box<Answer>),
    /// The epoch of the launcher in charge.
    Epoch(u64),
}

/// Reads the row at `key`.
///
/// # Errors
/// [`Error::Damaged`] if the key or the value is none of this service's.
pub fn read(key: &Bytes, value: &[u8]) -> Result<Row, Error> {
    let damaged = |what: &dyn std::fmt::Display| Error::damaged(key, what);
    let unreadable = |error: record::Error| damaged(&error);
    match Key::read(key).ok_or_else(|| damaged(&"a key of an unknown kind"))? {
        Key::Launch(_) => record::decode(value).map(Row::Launch).map_err(unreadable),
        Key::Event(..) => Ok(Row::Event),
        Key::Command(launch, _) => {
            record::decode(value).map(|command| Row::Command(launch, command)).map_err(unreadable)
        }
        Key::Timer(launch) => record::decode(value).map(|due| Row::Timer(launch, due)).map_err(unreadable),
        Key::Active(model) => record::decode(value).map(|launch| Row::Active(model, launch)).map_err(unreadable),
        Key::Answer(id) => record::decode(value).map(|answer| Row::Answer(id, answer)).map_err(unreadable),
        Key::Epoch => record::decode(value).map(Row::Epoch).map_err(unreadable),
    }
}
