//! What the outside knows: how good each version is, what the fleet has reported, and what it heard of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use slipway_domain::name::{ModelName, VersionName};

/// How good a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// It knows the probability of every unit.
    Good,
    /// It predicts far too much.
    Miscalibrated,
    /// It knows the mean and nothing of the unit.
    Worse,
    /// Good in shadow, worse when it is served.
    WorseServed,
}

/// Whose rows are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A version, as it was served.
    Served(VersionName),
    /// A candidate beside a baseline, on the same rows.
    Paired(VersionName, u64),
}

/// How much was reported of a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Rows whose outcome is known.
    pub rows: u64,
    /// Of these, rows whose outcome was positive.
    pub positives: u64,
    /// Predictions.
    pub predicted: u64,
}

impl Count {
    /// Adds all of `other`.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.positives += other.positives;
        self.predicted += other.predicted;
    }
}

/// A report that was sent at least once.
#[derive(Clone, Debug)]
pub struct Sent {
    /// By whom.
    pub producer: String,
    /// In which epoch of the producer.
    pub epoch: u64,
    /// Under which number.
    pub sequence: u64,
    /// What it says.
    pub counts: BTreeMap<Subject, Count>,
    /// Whether its durability was acknowledged. If not, it may be counted all the same.
    pub acknowledged: bool,
}

/// The outside's knowledge, shared by all of it.
#[derive(Default)]
pub struct Books(Mutex<Pages>);

/// What stands in the books.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// The models.
    pub models: Vec<ModelName>,
    /// The versions that somebody has made, with their quality.
    pub versions: BTreeMap<VersionName, Quality>,
    /// All reports.
    pub sent: Vec<Sent>,
}

impl Books {
    /// Opens them.
    pub fn open(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
