//! The ledger in memory: where each entry lies, in order, when it was made, which one before it is of the same resource,
//! and the tree over all of them. The entries themselves are read from the store when somebody asks.

mod heads;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use imbl::Vector;
use jiff::Timestamp;
use slipway_chassis::record;
use slipway_domain::ledger::hash::Hash;
use slipway_domain::ledger::leaf::Leaf;
use slipway_domain::ledger::tree::Tree;
use slipway_store::Revision;

use crate::keys;
use heads::{Heads, hash};

/// One place in the ledger.
#[derive(Debug, Clone)]
pub struct Place {
    /// The revision that made the change.
    pub revision: Revision,
    /// Where the change lies in the store.
    pub key: Arc<[u8]>,
    /// When the change was made, in nanoseconds of Unix time; no earlier than the one before, whatever the clock said.
    at: i64,
    /// The entry before this one whose resource has the same hash.
    previous: Option<u32>,
}

impl Place {
    /// The resource that was changed: its name stands in the key.
    #[must_use]
    pub fn resource(&self) -> &str {
        keys::ledger_resource(&self.key).unwrap_or_default()
    }

    /// When the change was made, if time is taken to stand still while a clock is set back.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        Timestamp::from_nanosecond(self.at.into()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// The ledger: by revision, and by key within one. Copies share what they have in common.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    places: Vector<Place>,
    heads: Heads,
    tree: Tree,
    /// What has come since the last revision was whole. The state of a store is read by its keys, and not in this order.
    arriving: Vec<Arriving>,
}

/// An entry whose revision is not whole yet.
#[derive(Debug, Clone)]
struct Arriving {
    revision: Revision,
    key: Arc<[u8]>,
    /// What its record says, if it can be read.
    at: Option<i64>,
    leaf: Hash,
}

impl Ledger {
    /// Takes in the entry of `revision` at `key`, which `record` holds; it counts when its revision is whole.
    pub(super) fn arrive(&mut self, revision: Revision, key: &[u8], record: &[u8]) {
        let leaf = Leaf { revision, key, record }.hash();
        let at = record::peek(record, "at").map(nanoseconds);
        self.arriving.push(Arriving { revision, key: key.into(), at, leaf });
    }

    /// All entries of the revisions so far have come.
    pub(super) fn settle(&mut self) {
        let mut arriving = std::mem::take(&mut self.arriving);
        arriving.sort_by(|one, other| (one.revision, &one.key).cmp(&(other.revision, &other.key)));
        // A whole ledger that is read when the registry starts fills a plain map, which is faster.
        let mut whole = self.places.is_empty().then(|| HashMap::with_capacity(arriving.len()));
        let mut latest = self.places.last().map_or(i64::MIN, |place| place.at);
        for Arriving { revision, key, at, leaf } in arriving {
            latest = at.unwrap_or(latest).max(latest);
            let mut place = Place { revision, key, at: latest, previous: None };
            let (hash, index) = (hash(place.resource()), u32::try_from(self.places.len()).unwrap_or(u32::MAX));
            place.previous = match &mut whole {
                Some(whole) => whole.insert(hash, index),
                None => self.heads.put(hash, index),
            };
            self.places.push_back(place);
            self.tree.push(leaf);
        }
        if let Some(whole) = whole {
            self.heads = Heads::of(whole);
        }
    }

    /// The tree over its entries.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// All places, the oldest first.
    pub fn places(&self) -> impl DoubleEndedIterator<Item = &Place> {
        self.places.iter()
    }

    /// The place of the entry at `index`.
    #[must_use]
    pub fn place(&self, index: u64) -> Option<&Place> {
        self.places.get(usize::try_from(index).ok()?)
    }

    /// The first entry.
    #[must_use]
    pub fn oldest(&self) -> Option<&Place> {
        self.places.front()
    }

    /// How many entries it had at `revision`.
    #[must_use]
    pub fn size_at(&self, revision: Revision) -> u64 {
        self.size_while(|place| place.revision <= revision)
    }

    /// The last revision that was made at or before `at`; none if the first came later.
    #[must_use]
    pub fn revision_at(&self, at: Timestamp) -> Option<Revision> {
        let at = nanoseconds(at);
        let last = self.size_while(|place| place.at <= at).checked_sub(1)?;
        self.place(last).map(|place| place.revision)
    }

    /// How many entries `is_early`, which holds for a first part of them.
    fn size_while(&self, is_early: impl Fn(&Place) -> bool) -> u64 {
        let by = |place: &Place| if is_early(place) { Ordering::Less } else { Ordering::Greater };
        self.places.binary_search_by(by).unwrap_or_else(|size| size) as u64
    }

    /// Which entry is the change of `resource` that made `revision`.
    #[must_use]
    pub fn find(&self, revision: Revision, resource: &str) -> Option<u64> {
        self.last(resource, revision).filter(|index| self.place(*index).is_some_and(|place| place.revision == revision))
    }

    /// The last entry about `resource` up to `revision`, which says what it was at that revision.
    #[must_use]
    pub fn last(&self, resource: &str, revision: Revision) -> Option<u64> {
        self.follow(self.heads.get(hash(resource)), |place| place.revision <= revision && place.resource() == resource)
    }

    /// The entry before the one at `index` about the same resource.
    #[must_use]
    pub fn previous(&self, index: u64) -> Option<u64> {
        let place = self.place(index)?;
        self.follow(place.previous, |other| other.resource() == place.resource())
    }

    /// The first entry that `fits`, from `next` on towards the oldest of its hash.
    fn follow(&self, mut next: Option<u32>, fits: impl Fn(&Place) -> bool) -> Option<u64> {
        while let Some(index) = next {
            let place = self.place(index.into())?;
            if fits(place) {
                return Some(index.into());
            }
            next = place.previous;
        }
        None
    }

    /// What leads from the state after the first `from` entries to that after the first `to`, before or behind them: the
    /// resources that may differ, each with the entry that says what it was then; none before its first.
    #[must_use]
    pub fn steps(&self, from: u64, to: u64) -> Vec<(String, Option<u64>)> {
        let indices = from.min(to)..from.max(to);
        if from <= to {
            let named = indices.filter_map(|index| Some((self.place(index)?.resource(), index)));
            // The last entry about a resource replaces the others.
            let last: HashMap<&str, u64> = named.collect();
            return last.into_iter().map(|(name, index)| (name.to_owned(), Some(index))).collect();
        }
        let first = indices.filter_map(|index| {
            let before = self.previous(index);
            let is_first = before.is_none_or(|before| before < to);
            is_first.then(|| Some((self.place(index)?.resource().to_owned(), before)))?
        });
        first.collect()
    }
}

fn nanoseconds(at: Timestamp) -> i64 {
    let nanoseconds = at.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use slipway_domain::ledger::Change;
    use slipway_domain::principal::Principal;

    use super::*;

    fn entry(second: i64) -> Vec<u8> {
        record::encode(&Change {
            principal: Principal::anonymous(),
            at: Timestamp::from_second(second).unwrap(),
            reason: String::new(),
            request_id: String::new(),
            changed_fields: vec![],
            before: None,
            after: None,
        })
    }

    fn key(revision: Revision, resource: &str) -> bytes::Bytes {
        keys::ledger(resource, uuid::Uuid::from_u128(revision.into()))
    }

    /// A ledger of these entries, each of a revision, a resource and a second, taken in one after the other.
    fn ledger(entries: &[(Revision, &str, i64)]) -> Ledger {
        let mut ledger = Ledger::default();
        for (revision, resource, second) in entries {
            ledger.arrive(*revision, &key(*revision, resource), &entry(*second));
            ledger.settle();
        }
        ledger
    }

    /// The same read at once, in the order of the keys.
    fn reopened(entries: &[(Revision, &str, i64)]) -> Ledger {
        let (mut ledger, mut by_key) = (Ledger::default(), entries.to_vec());
        by_key.sort_by_key(|(revision, resource, _)| key(*revision, resource));
        for (revision, resource, second) in by_key {
            ledger.arrive(revision, &key(revision, resource), &entry(second));
        }
        assert_eq!(ledger.tree().size(), 0, "what has no whole revision yet is not there");
        ledger.settle();
        ledger
    }

    const ENTRIES: [(Revision, &str, i64); 5] = [(3, "b", 1), (3, "c", 1), (5, "a", 2), (5, "b", 2), (9, "a", 3)];

    #[test]
    fn entries_count_by_revision_and_key_in_whatever_order_they_come() {
        let (by_commit, by_key) = (ledger(&ENTRIES), reopened(&ENTRIES));
        assert_eq!(by_key.tree().root(5), by_commit.tree().root(5));
        let order: Vec<_> = by_key.places().map(|place| (place.revision, place.resource())).collect();
        assert_eq!(order, [(3, "b"), (3, "c"), (5, "a"), (5, "b"), (9, "a")]);
    }

    #[test]
    fn an_entry_is_found_by_its_revision_and_its_resource() {
        for ledger in [ledger(&ENTRIES), reopened(&ENTRIES)] {
            assert_eq!([0, 2, 3, 4, 5, 8].map(|revision| ledger.size_at(revision)), [0, 0, 2, 2, 4, 4]);
            assert_eq!((ledger.find(3, "c"), ledger.find(5, "a")), (Some(1), Some(2)));
            assert_eq!((ledger.find(0, "b"), ledger.find(4, "b"), ledger.find(3, "a")), (None, None, None));
            assert_eq!([2, 3, 4, 5, 9].map(|at| ledger.last("b", at)), [None, Some(0), Some(0), Some(3), Some(3)]);
            assert_eq!((ledger.previous(4), ledger.previous(3), ledger.previous(2)), (Some(2), Some(0), None));
        }
    }

    #[test]
    fn the_way_between_two_moments_names_each_resource_once_with_what_it_was_there() {
        for ledger in [ledger(&ENTRIES), reopened(&ENTRIES)] {
            let steps = |from, to| {
                let mut steps = ledger.steps(from, to);
                steps.sort();
                steps.into_iter().map(|(name, entry)| format!("{name}{entry:?}")).collect::<Vec<_>>().join(" ")
            };
            assert_eq!(steps(5, 2), "aNone bSome(0)");
            assert_eq!(steps(5, 0), "aNone bNone cNone");
            assert_eq!(steps(2, 5), "aSome(4) bSome(3)");
            assert_eq!((steps(5, 4), steps(4, 4)), ("aSome(2)".to_owned(), String::new()));
        }
    }

    #[test]
    fn a_moment_has_the_last_revision_before_it_though_a_clock_was_set_back() {
        let entries = [(2, "a", 100), (3, "a", 200), (4, "a", 150), (7, "b", 300)];
        for ledger in [ledger(&entries), reopened(&entries)] {
            let at = |second| ledger.revision_at(Timestamp::from_second(second).unwrap());
            assert_eq!([99, 100, 160, 199].map(at), [None, Some(2), Some(2), Some(2)]);
            assert_eq!([200, 299, 300, 9999].map(at), [Some(4), Some(4), Some(7), Some(7)]);
            assert_eq!(ledger.place(2).unwrap().at().as_second(), 200);
        }
    }
}
