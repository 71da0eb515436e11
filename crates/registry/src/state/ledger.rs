//! The ledger in memory: where each entry lies, in order, and the tree over all of them. The entries themselves are read
//! from the store when somebody asks.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use imbl::Vector;
use slipway_domain::ledger::hash::Hash;
use slipway_domain::ledger::leaf::Leaf;
use slipway_domain::ledger::tree::Tree;
use slipway_store::Revision;

/// One place in the ledger.
#[derive(Debug, Clone)]
pub struct Place {
    /// The revision that made the change.
    pub revision: Revision,
    /// The resource that was changed.
    pub resource: Arc<str>,
    /// Where the change lies in the store.
    pub key: Bytes,
}

/// The ledger: by revision, and by key within one. Copies share what they have in common.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    places: Vector<Place>,
    tree: Tree,
    /// What has come since the last revision was whole. The state of a store is read by its keys, and not in this order.
    arriving: Vec<(Place, Hash)>,
}

impl Ledger {
    /// Takes in the entry at `place`, which `record` holds; it counts when its revision is whole.
    pub(super) fn arrive(&mut self, place: Place, record: &[u8]) {
        let hash = Leaf { revision: place.revision, key: &place.key, record }.hash();
        self.arriving.push((place, hash));
    }

    /// All entries of the revisions so far have come.
    pub(super) fn settle(&mut self) {
        self.arriving.sort_by(|(one, _), (other, _)| (one.revision, &one.key).cmp(&(other.revision, &other.key)));
        for (place, hash) in self.arriving.drain(..) {
            self.places.push_back(place);
            self.tree.push(hash);
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

    /// How many entries it had at `revision`.
    #[must_use]
    pub fn size_at(&self, revision: Revision) -> u64 {
        let is_later = |place: &Place| if place.revision > revision { Ordering::Greater } else { Ordering::Less };
        self.places.binary_search_by(is_later).unwrap_or_else(|size| size) as u64
    }

    /// Which entry is the change of `resource` that made `revision`.
    #[must_use]
    pub fn find(&self, revision: Revision, resource: &str) -> Option<u64> {
        let (first, end) = (self.size_at(revision.checked_sub(1)?), self.size_at(revision));
        (first..end).find(|index| self.place(*index).is_some_and(|place| &*place.resource == resource))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(revision: Revision, resource: &str) -> Place {
        let key = crate::keys::ledger(resource, uuid::Uuid::from_u128(revision.into()));
        Place { revision, resource: resource.into(), key }
    }

    #[test]
    fn entries_count_by_revision_and_key_in_whatever_order_they_come() {
        let places = [(3, "b"), (3, "c"), (5, "a"), (5, "b"), (9, "a")].map(|(at, name)| place(at, name));
        let (mut by_commit, mut by_key) = (Ledger::default(), Ledger::default());
        for place in &places {
            by_commit.arrive(place.clone(), b"x");
            by_commit.settle();
        }
        for place in places.iter().rev() {
            by_key.arrive(place.clone(), b"x");
        }
        assert_eq!(by_key.tree().size(), 0, "what has no whole revision yet is not there");
        by_key.settle();
        assert_eq!(by_key.tree().root(5), by_commit.tree().root(5));
        let order: Vec<_> = by_key.places().map(|place| (place.revision, &*place.resource)).collect();
        assert_eq!(order, [(3, "b"), (3, "c"), (5, "a"), (5, "b"), (9, "a")]);
    }

    #[test]
    fn an_entry_is_found_by_its_revision_and_its_resource() {
        let mut ledger = Ledger::default();
        for (revision, resource) in [(3, "b"), (3, "c"), (5, "a")] {
            ledger.arrive(place(revision, resource), b"x");
        }
        ledger.settle();
        assert_eq!([0, 2, 3, 4, 5, 6].map(|revision| ledger.size_at(revision)), [0, 0, 2, 2, 3, 3]);
        assert_eq!((ledger.find(3, "c"), ledger.find(5, "a")), (Some(1), Some(2)));
        assert_eq!((ledger.find(0, "b"), ledger.find(4, "b"), ledger.find(3, "a")), (None, None, None));
    }
}
