//! What fleets see running, as the store keeps it.

use bytes::Bytes;
use imbl::OrdMap;
use slipway_domain::name::Identifier;
use slipway_domain::principal::Principal;
use slipway_domain::sighting::{Seen, Sighting};
use slipway_store::picture::Kept;

/// The sightings, by their keys in the store. Copies share what they have in common.
#[derive(Debug, Clone, Default)]
pub struct Sightings {
    all: OrdMap<Seen, Kept<Sighting>>,
    keys: OrdMap<Bytes, Seen>,
    /// How many each reporter has.
    counts: OrdMap<Principal, usize>,
}

impl Sightings {
    /// Takes in the sighting that lies at `key`.
    pub(super) fn put(&mut self, key: Bytes, kept: Kept<Sighting>) {
        let seen = kept.value.seen.clone();
        self.keys.insert(key, seen.clone());
        if self.all.insert(seen.clone(), kept).is_none() {
            *self.counts.entry(seen.reporter).or_default() += 1;
        }
    }

    /// Takes the sighting at `key` out.
    pub(super) fn remove(&mut self, key: &[u8]) {
        let Some(seen) = self.keys.remove(key) else { return };
        self.all.remove(&seen);
        match self.counts.get_mut(&seen.reporter) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.counts.remove(&seen.reporter)),
        }
    }

    /// What is kept of `seen`.
    #[must_use]
    pub fn get(&self, seen: &Seen) -> Option<&Kept<Sighting>> {
        self.all.get(seen)
    }

    /// All of them, by namespace and model.
    pub fn iter(&self) -> impl Iterator<Item = &Kept<Sighting>> {
        self.all.values()
    }

    /// Those of one model, by whatever name a fleet has for it.
    pub fn of<'a>(&'a self, namespace: &'a Identifier, model: &'a str) -> impl Iterator<Item = &'a Kept<Sighting>> {
        let first = Seen {
            namespace: namespace.clone(),
            model: model.to_owned(),
            version: 0,
            digest: String::new(),
            endpoint: String::new(),
            // Its text comes before those of all others.
            reporter: Principal::anonymous(),
        };
        let rest = self.all.range(first..).map(|(_, kept)| kept);
        rest.take_while(move |kept| kept.value.seen.namespace == *namespace && kept.value.seen.model == model)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// How many `reporter` has.
    #[must_use]
    pub fn count_of(&self, reporter: &Principal) -> usize {
        self.counts.get(reporter).copied().unwrap_or_default()
    }
}
