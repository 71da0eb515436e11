//! Rows that wait to be put into reports, by version and minute.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use slipway_domain::name::VersionName;

use super::piece::{self, Minute, Piece};
use super::rows::{Columns, Observation, PairedColumns, PairedObservation};
use crate::pb;

/// Rows that wait to be put into reports.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    versions: HashMap<VersionName, Gathering>,
    /// Columns that were handed over whole.
    whole: Vec<Piece>,
    pub rows: usize,
    pub bytes: usize,
}

/// The rows of one version, by itself and as a candidate against baselines.
#[derive(Debug, Default)]
struct Gathering {
    alone: BTreeMap<Minute, pb::Columns>,
    against: HashMap<VersionName, BTreeMap<Minute, pb::PairedColumns>>,
}

impl Gathered {
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.whole.is_empty()
    }

    pub fn observe(&mut self, version: &VersionName, minute: Minute, row: Observation) {
        self.rows += 1;
        self.alone(version, minute, |columns| piece::push(columns, row));
    }

    pub fn observe_paired(&mut self, pair: [&VersionName; 2], minute: Minute, row: PairedObservation) {
        self.rows += 1;
        self.against(pair, minute, |columns| piece::push_paired(columns, row));
    }

    pub fn predict(&mut self, version: &VersionName, minute: Minute, count: u32) {
        self.alone(version, minute, |columns| columns.predicted += i64::from(count));
    }

    pub fn predict_paired(&mut self, pair: [&VersionName; 2], minute: Minute, count: u32) {
        self.against(pair, minute, |columns| columns.predicted += i64::from(count));
    }

    pub fn take(&mut self, whole: Piece) {
        self.rows += whole.rows();
        self.bytes += whole.bytes();
        self.whole.push(whole);
    }

    /// Takes everything out.
    pub fn drain(&mut self) -> Vec<Piece> {
        let Self { versions, mut whole, .. } = std::mem::take(self);
        for Gathering { alone, against } in versions.into_values() {
            whole.extend(alone.into_values().map(Piece::Single));
            whole.extend(against.into_values().flat_map(BTreeMap::into_values).map(Piece::Paired));
        }
        whole
    }

    fn alone(&mut self, version: &VersionName, minute: Minute, add: impl FnOnce(&mut pb::Columns)) {
        let gathering = entry(&mut self.versions, version);
        let mut before = 0;
        let columns = gathering.alone.entry(minute).and_modify(|columns| before = piece::single_bytes(columns));
        let columns = columns.or_insert_with(|| piece::single(version, minute, Columns::default()));
        add(columns);
        self.bytes += piece::single_bytes(columns) - before;
    }

    fn against(&mut self, pair: [&VersionName; 2], minute: Minute, add: impl FnOnce(&mut pb::PairedColumns)) {
        let [candidate, baseline] = pair;
        let minutes = entry(&mut entry(&mut self.versions, candidate).against, baseline);
        let mut before = 0;
        let columns = minutes.entry(minute).and_modify(|columns| before = piece::paired_bytes(columns));
        let columns = columns.or_insert_with(|| piece::paired(candidate, baseline, minute, PairedColumns::default()));
        add(columns);
        self.bytes += piece::paired_bytes(columns) - before;
    }
}

/// The entry of `key`, which is cloned only if it is new.
fn entry<'a, K: Hash + Eq + Clone, V: Default>(map: &'a mut HashMap<K, V>, key: &K) -> &'a mut V {
    if !map.contains_key(key) {
        map.insert(key.clone(), V::default());
    }
    map.get_mut(key).expect("it was there or has just been put there")
}
