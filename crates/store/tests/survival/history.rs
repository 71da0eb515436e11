//! Known histories: what each transaction was, and what the state is after each of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use slipway_store::disk::Simulated;
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{Error, KeyRange, Outcome, Revision, Store, Txn};
use tempfile::TempDir;

/// The entries after a revision: key to value and revision.
pub type Entries = BTreeMap<Vec<u8>, (Vec<u8>, Revision)>;

/// A disk and a folder for states.
pub struct Bed {
    pub disk: Simulated,
    pub states: TempDir,
}

/// Sizes at which a few dozen transactions fill several segments and are worth a snapshot.
pub fn tiny() -> Options {
    Options {
        segment_bytes: 1500,
        compact_bytes: 4000,
        history: 10,
        tail_bytes: 1000,
        cache_bytes: 1 << 20,
        ..Options::default()
    }
}

/// Small segments, and no snapshot.
pub fn sealed() -> Options {
    Options { compact_bytes: u64::MAX, ..tiny() }
}

/// Sizes at which everything stays in one segment.
pub fn roomy() -> Options {
    Options { cache_bytes: 1 << 20, ..Options::default() }
}

impl Bed {
    pub fn new() -> Self {
        Self::on(Simulated::new())
    }

    pub fn on(disk: Simulated) -> Self {
        Self { disk, states: folder() }
    }

    pub fn open(&self, options: Options) -> Result<Embedded, Error> {
        Embedded::open_on(Arc::new(self.disk.clone()), &self.states.path().join("state"), options)
    }

    /// The names of the segments, in order.
    pub fn segments(&self) -> Vec<String> {
        names(&self.disk, "journal-")
    }
}

/// A folder in memory, if there can be one: where neither a state that is only a view nor a killed
/// process needs a real disk, it is faster.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a temporary folder")
}

/// The names on `disk` that begin with `prefix`, in order.
pub fn names(disk: &Simulated, prefix: &str) -> Vec<String> {
    use slipway_store::disk::Disk;
    disk.list().expect("readable").into_iter().filter(|name| name.starts_with(prefix)).collect()
}

/// The transaction that makes revision `revision`: puts, and from time to time a delete.
pub fn nth(revision: Revision) -> Txn {
    let key = format!("key {}", revision % 7);
    let txn = Txn::new().put(key, format!("{revision:0width$}", width = (revision % 5 * 40) as usize));
    if revision.is_multiple_of(3) {
        txn.put("third", revision.to_string()).delete(format!("key {}", (revision + 3) % 7))
    } else {
        txn
    }
}

/// The entries after the first `revision` transactions.
pub fn expected(revision: Revision) -> Entries {
    let mut entries = Entries::new();
    for number in 1..=revision {
        for (key, value) in nth(number).into_writes() {
            match value {
                Some(value) => entries.insert(key.to_vec(), (value.to_vec(), number)),
                None => entries.remove(&key[..]),
            };
        }
    }
    entries
}

/// Makes the revisions from the store's own to `last`, one after the other.
pub async fn write(store: &Embedded, last: Revision) {
    for revision in store.stats().revision + 1..=last {
        assert_eq!(store.txn(nth(revision)).await, Ok(Outcome::Committed(revision)));
    }
}

/// What the store holds.
pub async fn held(store: &dyn Store) -> (Revision, Entries) {
    let listing = store.range(&KeyRange::all(), 0).await.expect("readable");
    let entry = |entry: slipway_store::Entry| (entry.key.to_vec(), (entry.value.to_vec(), entry.mod_revision));
    (listing.revision, listing.entries.into_iter().map(entry).collect())
}

/// Asserts that the store holds exactly the first transactions, and answers how many.
pub async fn assert_prefix(store: &dyn Store) -> Revision {
    let (revision, entries) = held(store).await;
    assert_eq!(entries, expected(revision), "at revision {revision}");
    revision
}

/// Copies the files below `from` to `to`.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("writable");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("readable").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            // sled may remove a file of its own between the listing and the copy.
            let _ = std::fs::copy(entry.path(), target);
        }
    }
}
