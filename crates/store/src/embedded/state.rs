//! The current entries, in sled: a view that can always be made again from the journal.
//!
//! Nothing here is trusted to survive. Changes are written in the order of their revisions and the
//! mark that says how far they reach is written after them; sled recovers a prefix of what was
//! written to it, so after a killed process the mark is never ahead of the entries, and replaying the
//! journal from the mark, whose writes do not depend on what they replace, leads to the right state
//! whatever lay beyond it.
//!
//! sled panics on some damaged files, in opening and also later: every call is made where a panic is
//! caught.

use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, mpsc};
use std::time::Duration;

use bytes::Bytes;

use super::record::Tip;
use super::view::Slot;
use crate::disk::folder::sync_dir;
use crate::{Error, KeyRange, Revision};

/// No entry has this key, as keys are never empty.
const MARK: &[u8] = b"";

/// How often sled writes out what it holds back, in milliseconds: the most that a killed process
/// leaves to be replayed.
const FLUSH_EVERY: u64 = 500;

/// How long closing waits for sled's own threads.
const CLOSE_WITHIN: Duration = Duration::from_secs(30);

/// The entries as of some revision, on their way to a later one.
pub(super) struct State {
    path: PathBuf,
    /// `None` once closed.
    db: RwLock<Option<sled::Db>>,
    /// Every change up to this revision is written.
    applied: AtomicU64,
    /// No change after this revision has been begun to be written.
    touched: AtomicU64,
}

/// sled failed or panicked: what it holds must be made again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub(super) struct Broken {
    path: PathBuf,
    reason: String,
}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        Self::Unavailable { reason: broken.to_string() }
    }
}

impl State {
    /// Opens the state in the folder `path`, creating it if it is not there, and says how far it
    /// reaches: `None` if nobody knows.
    pub(super) fn open(path: &Path, cache_bytes: u64) -> Result<(Self, Option<Tip>), Broken> {
        let path = path.to_owned();
        let db = guarded(&path, || {
            let config = sled::Config::new().path(&path).cache_capacity(cache_bytes);
            config.flush_every_ms(Some(FLUSH_EVERY)).open()
        })?;
        let mark = guarded(&path, || db.get(MARK))?;
        let applied = mark.as_deref().and_then(decode_mark);
        let revision = applied.map_or(0, |tip| tip.revision);
        let state = Self {
            path,
            db: RwLock::new(Some(db)),
            applied: AtomicU64::new(revision),
            touched: AtomicU64::new(revision),
        };
        Ok((state, applied))
    }

    /// Every change up to this revision is written.
    pub(super) fn applied(&self) -> Revision {
        self.applied.load(Ordering::SeqCst)
    }

    /// No change after this revision has been begun to be written: what was read before asking this
    /// is a state at most as new.
    pub(super) fn touched(&self) -> Revision {
        self.touched.load(Ordering::SeqCst)
    }

    /// The entry of `key`.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slot>, Error> {
        let db = self.db();
        let db = db.as_ref().ok_or(Error::Closed)?;
        match guarded(&self.path, || db.get(key))? {
            Some(bytes) => Ok(Some(self.decode(&bytes)?)),
            None => Ok(None),
        }
    }

    /// The revision that last wrote `key`; 0 if it is absent.
    pub(super) fn mod_revision(&self, key: &[u8]) -> Result<Revision, Error> {
        Ok(self.get(key)?.map_or(0, |slot| slot.mod_revision))
    }

    /// The entries in `range`, in order. They are of one revision only if nothing is written meanwhile.
    pub(super) fn scan(&self, range: &KeyRange) -> Result<impl Iterator<Item = Result<(Bytes, Slot), Error>>, Error> {
        // The mark lies before all entries.
        let start = if range.start().is_empty() {
            Bound::Excluded(Bytes::new())
        } else {
            Bound::Included(range.start().clone())
        };
        let end = range.end().map_or(Bound::Unbounded, |end| Bound::Excluded(end.clone()));
        let db = self.db();
        let mut entries = match &*db {
            Some(db) => guarded(&self.path, || Ok(db.range::<Bytes, _>((start, end))))?,
            None => return Err(Error::Closed),
        };
        let step = move || -> Result<Option<(Bytes, Slot)>, Error> {
            // Closing waits for whoever still reads.
            let _open = &db;
            let Some((key, value)) = guarded(&self.path, || entries.next().transpose())? else { return Ok(None) };
            Ok(Some((Bytes::copy_from_slice(&key), self.decode(&value)?)))
        };
        Ok(iterate(step))
    }

    /// Writes `changes`, and then that everything up to `tip` is written.
    pub(super) fn apply<'a>(
        &self,
        changes: impl Iterator<Item = (&'a Bytes, &'a Slot)>,
        tip: Tip,
    ) -> Result<(), Error> {
        let db = self.db();
        let db = db.as_ref().ok_or(Error::Closed)?;
        self.touched.fetch_max(tip.revision, Ordering::SeqCst);
        guarded(&self.path, || {
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
        self.applied.fetch_max(tip.revision, Ordering::SeqCst);
        Ok(())
    }

    /// Writes everything out and gives the files back; they are durable if this succeeds.
    pub(super) fn close(&self) -> Result<(), Broken> {
        let db = self.db.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(db) = db else { return Ok(()) };
        let (closed, wait) = mpsc::channel();
        // If sled's own threads died, dropping it may wait for them for ever.
        let dropping = std::thread::Builder::new().name("store-close".to_owned()).spawn(move || {
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(db)));
            // Nobody listens any more once the time is over.
            let _ = closed.send(dropped.is_ok());
        });
        let stopped = dropping.is_ok() && wait.recv_timeout(CLOSE_WITHIN) == Ok(true);
        if !stopped {
            return Err(Broken { path: self.path.clone(), reason: "sled's threads did not stop".to_owned() });
        }
        sync_all(&self.path).map_err(|error| Broken { path: self.path.clone(), reason: error.to_string() })
    }

    fn db(&self) -> RwLockReadGuard<'_, Option<sled::Db>> {
        // It is only ever taken out, in one step.
        self.db.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn decode(&self, bytes: &[u8]) -> Result<Slot, Error> {
        let Some((revision, value)) = bytes.split_first_chunk() else {
            let reason = "an entry is shorter than its revision".to_owned();
            return Err(Broken { path: self.path.clone(), reason }.into());
        };
        Ok(Slot { mod_revision: u64::from_le_bytes(*revision), value: Some(Bytes::copy_from_slice(value)) })
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("State")
            .field("path", &self.path)
            .field("touched", &self.touched)
            .finish_non_exhaustive()
    }
}

/// Runs a call of sled where its panics are caught.
fn guarded<T>(path: &Path, call: impl FnOnce() -> sled::Result<T>) -> Result<T, Broken> {
    let broken = |reason: String| Broken { path: path.to_owned(), reason };
    // What a panic leaves half done is inside sled, which is then thrown away as a whole.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| broken(error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(broken(format!("sled panicked: {text}")))
        }
    }
}

/// An iterator that ends after its first error.
fn iterate<T>(mut step: impl FnMut() -> Result<Option<T>, Error>) -> impl Iterator<Item = Result<T, Error>> {
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let item = step().transpose();
        ended = !matches!(item, Some(Ok(_)));
        item
    })
}

fn encode_mark(tip: Tip) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&tip.revision.to_le_bytes());
    bytes[8..].copy_from_slice(&tip.checksum.to_le_bytes());
    bytes
}

fn decode_mark(bytes: &[u8]) -> Option<Tip> {
    let (revision, checksum) = bytes.split_first_chunk()?;
    let checksum = u32::from_le_bytes(checksum.try_into().ok()?);
    Some(Tip { revision: u64::from_le_bytes(*revision), checksum })
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
