//! The newest entry about each resource, by the hash of its name: 16 bytes for each that there was at the start.

use std::collections::HashMap;
use std::sync::Arc;

use imbl::OrdMap;
use xxhash_rust::xxh3::xxh3_64;

/// The hash of a resource's name. Two names may share one: entries say whose they are.
pub(super) fn hash(resource: &str) -> u64 {
    xxh3_64(resource.as_bytes())
}

/// The index of the newest entry for each hash. Copies share what they have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct Heads {
    /// Those of the ledger as it was first read, in the order of the hashes.
    first: Arc<[(u64, u32)]>,
    /// Those that came later.
    later: OrdMap<u64, u32>,
}

impl Heads {
    /// The heads of a ledger that is read as a whole.
    pub fn of(heads: HashMap<u64, u32>) -> Self {
        let mut first: Vec<_> = heads.into_iter().collect();
        first.sort_unstable();
        Self { first: first.into(), later: OrdMap::new() }
    }

    /// The newest entry for `hash`.
    pub fn get(&self, hash: u64) -> Option<u32> {
        let first = || {
            let at = self.first.binary_search_by_key(&hash, |(hash, _)| *hash).ok()?;
            self.first.get(at).map(|(_, index)| *index)
        };
        self.later.get(&hash).copied().or_else(first)
    }

    /// Makes `index` the newest entry for `hash`, and says which one was before.
    pub fn put(&mut self, hash: u64, index: u32) -> Option<u32> {
        let before = self.get(hash);
        self.later.insert(hash, index);
        before
    }
}
