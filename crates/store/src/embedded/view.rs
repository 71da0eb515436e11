//! What a reader sees: the state on its way from one revision to the next, and over it, in memory,
//! the changes that it does not have yet. A view never changes; a newer one takes its place.

use std::iter::Peekable;
use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;

use super::record::Tip;
use super::state::State;
use crate::{Change, Commit, Entry, Error, Got, KeyRange, Listing, Revision};

/// What a change in memory costs beside its key and value, in bytes, about.
const SLOT: usize = 128;

/// What a key was changed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub mod_revision: Revision,
    /// `None` if the key was removed.
    pub value: Option<Bytes>,
}

/// The changes of some revisions: the last one of each key.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlay {
    slots: OrdMap<Bytes, Slot>,
    bytes: usize,
}

/// The durable entries as of one revision.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The last durable record, which is what the readers see.
    pub tip: Tip,
    /// Changes that wait to be written into the state.
    pub active: Overlay,
    /// Changes that are being written into the state, older than those of `active`.
    pub frozen: Overlay,
    /// The last record whose changes are in `frozen`, or in `state` if that is empty.
    pub frozen_tip: Tip,
    /// Has all changes that are in neither overlay, and may have some that are in `frozen`.
    pub state: Arc<State>,
}

impl Overlay {
    fn extend(&mut self, commit: &Commit) {
        for change in &commit.changes {
            let slot = Slot::of(change, commit.revision);
            self.bytes += change.key().len() + change.value().map_or(0, Bytes::len) + SLOT;
            let replaced = self.slots.insert(change.key().clone(), slot);
            if let Some(old) = replaced {
                self.bytes -= change.key().len() + old.value.map_or(0, |value| value.len()) + SLOT;
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = (&Bytes, &Slot)> {
        self.slots.iter()
    }

    fn scan(&self, range: &KeyRange) -> impl Iterator<Item = Result<(Bytes, Slot), Error>> {
        self.slots.range::<_, [u8]>(range.bounds()).map(|(key, slot)| Ok((key.clone(), slot.clone())))
    }
}

impl View {
    /// The view after `commits`, whose last record is `tip`.
    pub(super) fn after<'a>(&self, commits: impl Iterator<Item = &'a Arc<Commit>>, tip: Tip) -> Self {
        let mut next = self.clone();
        commits.for_each(|commit| next.active.extend(commit));
        next.tip = tip;
        next
    }

    /// About how much memory the changes take that are not in the state yet.
    pub(super) fn unapplied_bytes(&self) -> usize {
        self.active.bytes + self.frozen.bytes
    }

    /// The revision that last wrote `key`; 0 if it is absent. Right if this is the newest view.
    pub(super) fn mod_revision(&self, key: &[u8]) -> Result<Revision, Error> {
        match self.overlaid(key) {
            Some(Slot { value: None, .. }) => Ok(0),
            Some(Slot { mod_revision, .. }) => Ok(*mod_revision),
            None => self.state.mod_revision(key),
        }
    }

    /// Reads `key`; `None` if the state went past this view meanwhile: then a newer one must be read.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Got>, Error> {
        let slot = match self.overlaid(key) {
            Some(slot) => Some(slot.clone()),
            None => {
                let slot = self.state.get(key)?;
                if self.is_passed() {
                    return Ok(None);
                }
                slot
            }
        };
        let entry = slot.and_then(|slot| slot.into_entry(|| Bytes::copy_from_slice(key)));
        Ok(Some(Got { revision: self.tip.revision, entry }))
    }

    /// Reads `range`; `None` if the state went past this view meanwhile: then a newer one must be read.
    pub(super) fn range(&self, range: &KeyRange, limit: usize) -> Result<Option<Listing>, Error> {
        let mut listing = Listing { revision: self.tip.revision, entries: Vec::new(), more: false };
        if range.is_empty() {
            return Ok(Some(listing));
        }
        let overlays = merge(self.active.scan(range), self.frozen.scan(range));
        for item in merge(overlays, self.state.scan(range)?) {
            let (key, slot) = item?;
            let Some(entry) = slot.into_entry(|| key) else { continue };
            if limit != 0 && listing.entries.len() == limit {
                listing.more = true;
                break;
            }
            listing.entries.push(entry);
        }
        Ok((!self.is_passed()).then_some(listing))
    }

    /// Changes after this view may be in the state.
    ///
    /// As long as they are not, what was read from the state is what this view is of: the changes
    /// between the state's own revision and the view's are in the overlays, so a key that is in
    /// neither is the same at both.
    fn is_passed(&self) -> bool {
        self.state.touched() > self.tip.revision
    }

    fn overlaid(&self, key: &[u8]) -> Option<&Slot> {
        self.active.slots.get(key).or_else(|| self.frozen.slots.get(key))
    }
}

impl Slot {
    /// What `change` at `revision` makes of its key.
    pub(super) fn of(change: &Change, revision: Revision) -> Self {
        Self { mod_revision: revision, value: change.value().cloned() }
    }

    fn into_entry(self, key: impl FnOnce() -> Bytes) -> Option<Entry> {
        let Self { mod_revision, value } = self;
        value.map(|value| Entry { key: key(), value, mod_revision })
    }
}

/// Merges two sequences that are in the order of their keys; of two items with one key the newer counts.
fn merge<N, O>(newer: N, older: O) -> impl Iterator<Item = Result<(Bytes, Slot), Error>>
where
    N: Iterator<Item = Result<(Bytes, Slot), Error>>,
    O: Iterator<Item = Result<(Bytes, Slot), Error>>,
{
    let (mut newer, mut older) = (newer.peekable(), older.peekable());
    std::iter::from_fn(move || match (key(&mut newer), key(&mut older)) {
        (Some(first), Some(second)) if first == second => {
            older.next();
            newer.next()
        }
        (Some(first), Some(second)) if first > second => older.next(),
        (Some(_), _) => newer.next(),
        (None, _) => older.next(),
    })
}

/// The key of the next item. An error comes before every key.
fn key<I: Iterator<Item = Result<(Bytes, Slot), Error>>>(items: &mut Peekable<I>) -> Option<Option<Bytes>> {
    items.peek().map(|item| item.as_ref().ok().map(|(key, _)| key.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(revision: Revision, value: &'static str) -> Commit {
        Commit { revision, changes: vec![Change::Put { key: "key".into(), value: value.into() }] }
    }

    fn overlay(commits: &[Commit]) -> Overlay {
        let mut overlay = Overlay::default();
        commits.iter().for_each(|commit| overlay.extend(commit));
        overlay
    }

    /// A view of revision 5 over a state that has `commits`.
    fn view(commits: &[Commit]) -> View {
        let state = State::in_memory();
        for commit in commits {
            let tip = Tip { revision: commit.revision, checksum: 0 };
            state.apply(overlay(std::slice::from_ref(commit)).slots(), tip).expect("it is in memory");
        }
        let (active, frozen) = (Overlay::default(), Overlay::default());
        let tip = Tip { revision: 5, checksum: 0 };
        View { tip, active, frozen, frozen_tip: tip, state: Arc::new(state) }
    }

    #[test]
    fn what_the_state_took_in_after_a_view_is_not_read_through_it() {
        let passed = view(&[put(4, "old"), put(6, "new")]);
        assert_eq!(passed.get(b"key"), Ok(None));
        assert_eq!(passed.get(b"absent"), Ok(None));
        assert_eq!(passed.range(&KeyRange::all(), 0), Ok(None));
        let same = view(&[put(5, "now")]);
        assert!(same.get(b"key").is_ok_and(|got| got.is_some_and(|got| got.entry.is_some())));
        assert!(same.range(&KeyRange::all(), 0).is_ok_and(|listing| listing.is_some()));
    }

    #[test]
    fn of_several_changes_of_a_key_the_newest_is_read() {
        let frozen = overlay(&[put(4, "frozen")]);
        let covered = View { active: overlay(&[put(5, "active")]), frozen, ..view(&[put(3, "state")]) };
        let listing = covered.range(&KeyRange::all(), 0).expect("readable").expect("not passed");
        let newest = Entry { key: "key".into(), value: "active".into(), mod_revision: 5 };
        assert_eq!(listing.entries, std::slice::from_ref(&newest));
        assert_eq!(covered.get(b"key").expect("readable").expect("not passed").entry, Some(newest));
        assert_eq!(covered.mod_revision(b"key"), Ok(5));
    }

    #[test]
    fn a_key_that_changes_often_takes_the_room_of_its_last_change() {
        let often: Vec<_> = (1..100).map(|revision| put(revision, "a long value")).chain([put(100, "last")]).collect();
        assert_eq!(overlay(&often).bytes, overlay(&[put(1, "last")]).bytes);
    }
}
