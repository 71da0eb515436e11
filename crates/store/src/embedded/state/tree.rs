//! Entries in sled.
//!
//! sled panics on some damaged files, in opening and also later: every call is made where a panic is
//! caught. Once a call has failed nothing that sled holds can be relied on, not even entries that it
//! took long ago: it may have kept them in a buffer that it could not write, and forgotten the page.

use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, mpsc};
use std::time::Duration;

use bytes::Bytes;

use super::{Item, Slot};
use crate::disk::folder::sync_dir;
use crate::embedded::record::{Reader, Tip};
use crate::{Error, KeyRange};

/// No entry has this key, as keys are never empty.
const MARK: &[u8] = b"";

/// The layout of the mark and of the entries beside it.
const LAYOUT: u8 = 1;

/// How often sled writes out what it holds back, in milliseconds: the most that a killed process
/// leaves to be replayed.
const FLUSH_EVERY: u64 = 500;

/// How long closing waits for sled's own threads.
const CLOSE_WITHIN: Duration = Duration::from_secs(30);

/// A sled database in a folder.
pub(super) struct Tree {
    path: PathBuf,
    /// `None` once closed.
    db: RwLock<Option<sled::Db>>,
    failed: AtomicBool,
}

impl Tree {
    /// Opens the database in the folder `path`, creating it if it is not there, and reads its mark.
    pub(super) fn open(path: &Path, cache_bytes: u64) -> Result<(Self, Option<Tip>), Error> {
        let db = guarded(|| {
            let config = sled::Config::new().path(path).cache_capacity(cache_bytes);
            config.flush_every_ms(Some(FLUSH_EVERY)).open()
        });
        let db = db.map_err(|reason| unavailable(path, &reason))?;
        let tree = Self { path: path.to_owned(), db: RwLock::new(Some(db)), failed: AtomicBool::new(false) };
        let mark = tree.call(|db| db.get(MARK))?;
        Ok((tree, mark.as_deref().and_then(decode_mark)))
    }

    /// A call has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slot>, Error> {
        self.call(|db| db.get(key))?.map(|bytes| self.decode(&bytes)).transpose()
    }

    /// The entries in `range`, in order. Closing waits for whoever still reads.
    pub(super) fn scan<'a>(&'a self, range: &KeyRange) -> Result<impl Iterator<Item = Item> + use<'a>, Error> {
        // The mark lies before all entries.
        let start = Some(range.start().clone()).filter(|start| !start.is_empty());
        let start = start.map_or(Bound::Excluded(Bytes::new()), Bound::Included);
        let end = range.end().map_or(Bound::Unbounded, |end| Bound::Excluded(end.clone()));
        let open = self.db();
        let mut entries = self.call(|db| Ok(db.range::<Bytes, _>((start, end))))?;
        let mut step = move || -> Result<Option<(Bytes, Slot)>, Error> {
            let _open = &open;
            let next = guarded(|| entries.next().transpose()).map_err(|reason| self.fail(&reason))?;
            let Some((key, value)) = next else { return Ok(None) };
            Ok(Some((Bytes::copy_from_slice(&key), self.decode(&value)?)))
        };
        let mut ended = false;
        Ok(std::iter::from_fn(move || {
            let item = if ended { None } else { step().transpose() };
            ended = !matches!(item, Some(Ok(_)));
            item
        }))
    }

    /// Writes `changes`, and then the mark.
    pub(super) fn apply<'a>(
        &self,
        changes: impl Iterator<Item = (&'a Bytes, &'a Slot)>,
        tip: Tip,
    ) -> Result<(), Error> {
        self.call(|db| {
            let mut encoded = Vec::new();
            for (key, slot) in changes {
                match &slot.value {
                    Some(value) => {
                        encoded.clear();
                        encoded.extend_from_slice(&slot.mod_revision.to_le_bytes());
                        encoded.extend_from_slice(value);
                        db.insert(key, encoded.as_slice())?;
                    }
                    None => {
                        db.remove(key)?;
                    }
                }
            }
            db.insert(MARK, encode_mark(tip).as_slice())
        })?;
        Ok(())
    }

    /// Writes everything out and gives the files back; they are durable if this succeeds.
    pub(super) fn close(&self) -> Result<(), Error> {
        self.release()?;
        sync_all(&self.path).map_err(|error| self.fail(&error.to_string()))
    }

    fn release(&self) -> Result<(), Error> {
        let db = self.db.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(db) = db else { return Ok(()) };
        let (released, wait) = mpsc::channel();
        // If sled's own threads died, dropping it may wait for them for ever.
        let dropping = std::thread::Builder::new().name("store-close".to_owned()).spawn(move || {
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(db)));
            // Nobody listens any more once the time is over.
            let _ = released.send(dropped.is_ok());
        });
        let stopped = dropping.is_ok() && wait.recv_timeout(CLOSE_WITHIN) == Ok(true);
        if stopped { Ok(()) } else { Err(self.fail("sled's threads did not stop")) }
    }

    fn call<T>(&self, call: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Error> {
        let db = self.db();
        let db = db.as_ref().ok_or(Error::Closed)?;
        guarded(|| call(db)).map_err(|reason| self.fail(&reason))
    }

    fn db(&self) -> RwLockReadGuard<'_, Option<sled::Db>> {
        // It is only ever taken out, in one step.
        self.db.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn decode(&self, bytes: &[u8]) -> Result<Slot, Error> {
        let split = bytes.split_first_chunk();
        let (revision, value) = split.ok_or_else(|| self.fail("an entry is shorter than its revision"))?;
        Ok(Slot { mod_revision: u64::from_le_bytes(*revision), value: Some(Bytes::copy_from_slice(value)) })
    }

    fn fail(&self, reason: &str) -> Error {
        self.failed.store(true, Ordering::SeqCst);
        unavailable(&self.path, reason)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if let Err(error) = self.release() {
            tracing::warn!(%error, "a state that is given up did not close");
        }
    }
}

fn unavailable(path: &Path, reason: &str) -> Error {
    Error::Unavailable { reason: format!("{}: {reason}", path.display()) }
}

/// Runs a call of sled where its panics are caught.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, String> {
    // What a panic leaves half done is inside sled, which is then thrown away as a whole.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(format!("sled panicked: {text}"))
        }
    }
}

fn encode_mark(tip: Tip) -> [u8; 13] {
    let mut bytes = [LAYOUT; 13];
    bytes[1..9].copy_from_slice(&tip.revision.to_le_bytes());
    bytes[9..].copy_from_slice(&tip.checksum.to_le_bytes());
    bytes
}

/// The mark in `bytes`; `None` if it is of another layout, so that the state is made again.
fn decode_mark(bytes: &[u8]) -> Option<Tip> {
    let mut reader = Reader(bytes.strip_prefix(&[LAYOUT])?);
    let revision = u64::from_le_bytes(reader.array()?);
    let checksum = u32::from_le_bytes(reader.array()?);
    reader.0.is_empty().then_some(Tip { revision, checksum })
}

/// Makes every file below `dir` durable.
fn sync_all(dir: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            std::fs::File::open(entry.path())?.sync_all()?;
        }
    }
    sync_dir(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_sled_is_an_error_and_the_tree_has_failed() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (tree, mark) = Tree::open(dir.path(), 1 << 20).expect("an empty folder opens");
        assert_eq!((mark, tree.has_failed()), (None, false));
        let error = tree.call(|_| -> sled::Result<()> { panic!("a page is not what it was") });
        assert!(matches!(&error, Err(Error::Unavailable { reason }) if reason.contains("a page is not what it was")));
        assert!(tree.has_failed());
    }

    #[test]
    fn the_mark_is_no_entry() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let tip = Tip { revision: 7, checksum: 9 };
        let (tree, _) = Tree::open(dir.path(), 1 << 20).expect("an empty folder opens");
        let (key, slot) = (Bytes::from("key"), Slot { mod_revision: 7, value: Some("value".into()) });
        tree.apply([(&key, &slot)].into_iter(), tip).expect("writable");
        let found: Result<Vec<_>, _> = tree.scan(&KeyRange::all()).expect("readable").collect();
        assert_eq!(found, Ok(vec![(key, slot)]));
        tree.close().expect("it stops");
        let (_, mark) = Tree::open(dir.path(), 1 << 20).expect("it was closed");
        assert_eq!(mark, Some(tip));
    }
}
