//! A revisioned key-value store: one trait with four methods, nine laws, and the engines that keep them.
//!
//! The data model is etcd's. Every transaction that writes raises one global revision; every entry
//! remembers the revision that last wrote it; a watch replays all of it in order.
//! Start reading at [`Store`], then [`Txn`], then [`memory::Memory`], which is the executable
//! specification, and only then [`embedded::Embedded`], which is the one that survives.
//!
//! What must never be here: anything that knows what a model, a launch or an observation is. This
//! crate knows bytes, keys and revisions.
//!
//! # The laws
//!
//! Every engine keeps them. `tests/laws` runs the same cases against every engine, one line an engine;
//! `tests/survival` holds what only an engine with a disk can show. Under each law stand the tests that
//! fail first when it is broken.
//!
//! 1. **A read sees every transaction that was acknowledged before the read began.**
//!    `a_read_sees_what_was_acknowledged_before_it`, `readers_never_go_back_in_time`.
//! 2. **A committed transaction raises the one global revision by exactly one; a failed compare
//!    raises nothing.** A transaction that would change nothing (no writes, or only deletes of
//!    absent keys) is committed at the current revision and raises nothing either. An engine that
//!    is shared with strangers may raise by more, never by less.
//!    `each_commit_raises_the_revision_by_one`, `a_failed_compare_raises_and_writes_nothing`,
//!    `a_transaction_that_changes_nothing_raises_nothing`.
//! 3. **A transaction is all or nothing, and everything it writes carries one revision.**
//!    `readers_see_all_of_a_transaction_or_nothing`, `all_that_a_transaction_writes_carries_one_revision`.
//! 4. **Compares are on the revision of the last modification; 0 means that the key is absent.**
//!    `a_compare_is_on_the_last_modification`, `a_compare_with_0_holds_only_for_an_absent_key`,
//!    `concurrent_increments_are_all_counted`.
//! 5. **`range` is half-open, in the order of bytes, and says at which revision it was read:**
//!    all of it is the state at that one revision.
//!    `a_range_is_half_open_and_in_the_order_of_bytes`, `a_range_is_of_one_revision_while_others_write`.
//! 6. **`watch` gives every change once, in order, and never splits a transaction.**
//!    `a_watch_gives_every_change_once_and_in_order`, `a_watch_gives_a_transaction_whole`,
//!    `a_dropped_wait_loses_nothing`, `a_slow_watch_misses_nothing_and_stops_nobody`.
//! 7. **`watch` from a past revision replays it; from a compacted one it says
//!    [`Error::Compacted`] with the oldest that is left; a listing at r followed by a watch after r
//!    misses nothing.**
//!    `a_watch_replays_every_revision_that_is_kept`, `a_watch_from_a_compacted_revision_says_the_oldest`,
//!    `a_listing_and_a_watch_after_it_miss_nothing`.
//! 8. **What was acknowledged survives a killed process, a power cut, and reopening.**
//!    (The memory engine keeps nothing beyond its own life and is excused.)
//!    `what_was_acknowledged_is_there_after_reopening`, `a_killed_process_loses_nothing_acknowledged`,
//!    `a_power_cut_at_any_moment_loses_nothing_acknowledged`,
//!    `a_journal_cut_at_any_byte_leaves_exactly_the_whole_records`.
//! 9. **An error is definite (nothing was applied, nor will be) or unknown. A write whose fate is
//!    unknown is never reported as failed**: see [`Error::is_definite`].
//!    `a_failed_sync_is_unknown_and_leaves_no_trace_once_writes_work_again`,
//!    `a_kill_on_a_full_disk_brings_back_nothing_that_was_refused`,
//!    `who_lost_against_a_write_that_failed_is_not_told_a_conflict`.

pub mod commit;
pub mod disk;
pub mod embedded;
pub mod error;
pub mod faults;
pub mod key_range;
pub mod memory;
pub mod picture;
pub mod txn;
pub mod watch;

use async_trait::async_trait;
use bytes::Bytes;

pub use commit::{Change, Commit};
pub use error::Error;
pub use key_range::KeyRange;
pub use txn::{Compare, Outcome, Txn};
pub use watch::Watch;

/// A point in the one global order of transactions. The empty store is at revision 0 and the first
/// transaction that writes makes it 1.
pub type Revision = u64;

/// One key with its current value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key: 1 to [`txn::KEY_LIMIT`] bytes.
    pub key: Bytes,
    /// The value; it may be empty.
    pub value: Bytes,
    /// The revision of the transaction that wrote this value: what a compare is made against.
    pub mod_revision: Revision,
}

/// The answer of [`Store::get`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    /// The revision at which the key was read.
    pub revision: Revision,
    /// The entry, or nothing if the key is absent at that revision.
    pub entry: Option<Entry>,
}

/// The answer of [`Store::range`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The one revision at which all entries were read.
    pub revision: Revision,
    /// The entries in the order of their keys' bytes.
    pub entries: Vec<Entry>,
    /// The range holds more entries behind the last one of `entries`.
    pub more: bool,
}

/// A revisioned key-value store. The laws at the top of this crate say what every engine promises.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Reads one key at the current revision.
    ///
    /// # Errors
    /// Always definite: the store is closed, cannot be read, or is found damaged.
    async fn get(&self, key: &[u8]) -> Result<Got, Error>;

    /// Reads up to `limit` entries of `range` (0: all of them), all at one revision.
    ///
    /// The next page starts behind the last key of this one, but at whatever revision is then
    /// current: who needs all pages from one revision reads with limit 0.
    ///
    /// # Errors
    /// Always definite: the store is closed, cannot be read, or is found damaged.
    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Listing, Error>;

    /// Checks the compares of `txn` and, if all hold, applies its writes at one new revision.
    ///
    /// When the answer is here, the writes are durable and every later read sees them. Dropping the
    /// returned future does not take the transaction back: its outcome is then unknown.
    ///
    /// # Errors
    /// [`Error::is_definite`] tells whether it is certain that nothing was applied.
    async fn txn(&self, txn: Txn) -> Result<Outcome, Error>;

    /// Follows the changes of the keys in `range` by the transactions after revision `after`.
    ///
    /// # Errors
    /// [`Error::Compacted`] when changes after `after` are no longer kept, [`Error::Ahead`] when the
    /// store has not reached `after`, and whatever makes a read fail.
    async fn watch(&self, range: KeyRange, after: Revision) -> Result<Watch, Error>;
}
