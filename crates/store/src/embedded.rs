//! The engine that survives: a journal that is the truth, and sled that holds the state it leads to.
//!
//! ```text
//! txn ─> queue ─> writer ──1 append, sync──> journal ───────────> watchers
//!                   └──2 publish──> view <── readers                 ^
//!                                     │                              └─ tail (the last commits)
//!                   applier <─3 gather┘──> state (sled)
//!                   compactor: state + journal ──> snapshot, drops old segments
//! ```
//! The way of a transaction is told in `writer`; what a reader sees in `view`; what is on the disk in
//! `format`, `record`, `segment` and `blocks`; how it is opened again in `recovery`; how it is copied while it runs,
//! made again from a copy, and looked at from outside in [`backup`], [`restore`] and [`inspect`].
//!
//! **Invariant:** nothing is shown or answered that is not durable in the journal.
//! **Invariant:** everything in the state can be made again from the last snapshot and the journal.

mod appender;
mod applier;
pub mod backup;
mod blocks;
mod compactor;
mod cursor;
mod format;
mod generations;
mod group;
pub mod inspect;
mod journal;
mod queue;
mod rebuild;
mod record;
mod recovery;
pub mod restore;
mod segment;
mod shared;
mod signal;
mod snapshot;
mod state;
mod stats;
mod tail;
mod view;
mod whole_file;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use self::applier::Applier;
use self::backup::Backup;
use self::compactor::Compactor;
use self::cursor::JournalCursor;
pub use self::format::{Format, StoreId};
use self::queue::Queue;
use self::recovery::Recovered;
use self::shared::Shared;
use self::signal::{Room, Signal};
pub use self::stats::Stats;
use self::view::View;
use self::writer::Writer;
use crate::disk::{Disk, Folder, Lock, definite};
use crate::{Error, Got, KeyRange, Listing, Outcome, Revision, Store, Txn, Watch};

/// The folder beside the journal in which states are kept.
const STATES: &str = "state";

/// The file that a process holds locked while it has the data folder open.
const LOCK: &str = "LOCK";

/// How often a read is tried again with a newer view before it holds the applier back.
const ATTEMPTS: usize = 3;

/// How long a read waits for a state that failed to be made again.
const REPLACED_WITHIN: Duration = Duration::from_secs(30);

/// What is kept, and sizes, whose defaults suit a service; tests make them small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The newest layout of rows that the caller writes and reads, from 1. The folder remembers it: a caller whose
    /// newest layout is older is refused, before anything is touched.
    pub rows: u32,
    /// The service whose rows they are, as `registry`: a folder that says another one is refused, before anything is
    /// touched. `None`: any folder is opened.
    pub service: Option<String>,
    /// A segment of the journal that has reached this many bytes is followed by a new one.
    pub segment_bytes: u64,
    /// A snapshot is written when the journal has grown by this many bytes since the last one, and by
    /// twice the size of that one.
    pub compact_bytes: u64,
    /// So many of the last revisions can be replayed by watches at any time.
    pub history: Revision,
    /// The memory that sled may use for its cache, in bytes.
    pub cache_bytes: u64,
    /// The last commits that are kept in memory for watchers, in bytes.
    pub tail_bytes: usize,
    /// Durable changes that may wait in memory to be written into the state, in bytes: beyond it,
    /// transactions wait.
    pub unapplied_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rows: 1,
            service: None,
            segment_bytes: 64 << 20,
            compact_bytes: 256 << 20,
            history: 100_000,
            cache_bytes: 64 << 20,
            tail_bytes: 8 << 20,
            unapplied_bytes: 64 << 20,
        }
    }
}

/// An open data folder.
pub struct Embedded {
    engine: Arc<Engine>,
}

struct Engine {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    compactor: Arc<Compactor>,
    applying: Arc<Signal>,
    running: Mutex<Option<Running>>,
}

/// What closing stops, in order.
struct Running {
    writer: JoinHandle<()>,
    applier: JoinHandle<()>,
    compactor: JoinHandle<()>,
    _lock: Lock,
}

impl Embedded {
    /// Opens the store in the folder `dir`, creating both if there is nothing.
    ///
    /// Blocks while it reads what is there: milliseconds as a rule, longer if the state must be made
    /// again from the journal.
    ///
    /// # Errors
    /// [`Error::InUse`] if somebody has it open; [`Error::Corrupt`] if a file is damaged and opening
    /// would lose acknowledged transactions; [`Error::Newer`]; [`Error::Foreign`]; and what makes files unreadable.
    pub fn open(dir: impl Into<PathBuf>, options: Options) -> Result<Self, Error> {
        let dir = dir.into();
        let disk = Folder::open(&dir).map_err(|error| definite(&dir, &error))?;
        Self::open_on(Arc::new(disk), &dir.join(STATES), options)
    }

    /// As [`Embedded::open`], from a task, whose thread it does not block.
    ///
    /// # Errors
    /// As [`Embedded::open`]; [`Error::Unavailable`] if opening broke off.
    pub async fn open_in_background(dir: impl Into<PathBuf>, options: Options) -> Result<Self, Error> {
        let dir = dir.into();
        let opened = tokio::task::spawn_blocking(move || Self::open(dir, options)).await;
        opened.map_err(|broken| Error::Unavailable { reason: broken.to_string() })?
    }

    /// Opens the store whose journal and snapshots are on `disk`, and whose state is in the folder
    /// `state_dir`.
    ///
    /// # Errors
    /// As [`Embedded::open`].
    pub fn open_on(disk: Arc<dyn Disk>, state_dir: &Path, options: Options) -> Result<Self, Error> {
        // Before anything is made: a folder that is too new, or another's, is left as it is.
        recovery::check_format(&*disk, &options)?;
        let lock = disk.lock(LOCK).map_err(|error| definite(&disk.path(LOCK), &error))?;
        let lock = lock.ok_or_else(|| Error::InUse { path: disk.path("") })?;
        let recovered = recovery::recover(&disk, state_dir, &options)?;
        let engine = Engine::start(disk, recovered, lock, &options)?;
        Ok(Self { engine: Arc::new(engine) })
    }

    /// Stops accepting transactions, finishes those that were accepted, and gives the folder back.
    /// Reads and watches end with [`Error::Closed`]. Dropping the store does the same.
    pub async fn close(&self) {
        let engine = Arc::clone(&self.engine);
        // It fails only if the runtime is stopping; then dropping the store closes it.
        let _ = tokio::task::spawn_blocking(move || engine.close()).await;
    }

    /// Writes a snapshot now, and drops the part of the journal that neither it nor the promised
    /// history needs. Blocks until it is done; transactions and reads go on.
    ///
    /// # Errors
    /// Definite: the snapshot could not be written, and all is as before.
    pub fn compact(&self) -> Result<(), Error> {
        self.engine.compactor.compact()
    }

    /// Begins to copy the store as it is, while it goes on.
    ///
    /// # Errors
    /// Definite: the store is closed, or its journal cannot be read.
    pub fn backup(&self) -> Result<Backup, Error> {
        Backup::begin(&self.engine.shared)
    }

    /// What the folder says of itself: which store it is, and the layout of its rows.
    pub fn format(&self) -> Format {
        self.engine.shared.format
    }

    /// What the store counts about itself.
    pub fn stats(&self) -> Stats {
        let Engine { shared, queue, compactor, .. } = &*self.engine;
        let view = shared.view();
        // Whoever writes a snapshot now holds the last one: then its figures are left out.
        let snapshot = compactor.snapshot.try_lock().ok().and_then(|snapshot| snapshot.clone());
        Stats {
            revision: view.tip.revision,
            oldest_revision: shared.journal.oldest(),
            waiting: queue.len() as u64,
            journal_bytes: shared.journal.bytes(),
            unapplied_bytes: view.unapplied_bytes() as u64,
            state_in_memory: view.state.is_in_memory(),
            snapshot_revision: snapshot.as_ref().map_or(0, |snapshot| snapshot.revision),
            snapshot_bytes: snapshot.as_ref().map_or(0, |snapshot| snapshot.bytes),
            snapshot_written_at: snapshot.map(|snapshot| snapshot.written_at).unwrap_or_default(),
            ..shared.counters.read()
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.engine.close();
    }
}

impl Engine {
    fn start(disk: Arc<dyn Disk>, recovered: Recovered, lock: Lock, options: &Options) -> Result<Self, Error> {
        let Recovered { format, journal, appender, snapshot, generations, generation, state } = recovered;
        let shared = Arc::new(Shared::new(format, journal, (state, appender.tip()), options.tail_bytes));
        let queue = Arc::new(Queue::default());
        let (applying, compacting) = (Arc::new(Signal::default()), Arc::new(Signal::default()));
        let room = Arc::new(Room::new(options.unapplied_bytes));
        let compactor = Arc::new(Compactor {
            disk,
            shared: Arc::clone(&shared),
            signal: Arc::clone(&compacting),
            history: options.history,
            compact_bytes: options.compact_bytes,
            snapshot: Mutex::new(snapshot),
        });
        let writer = Writer {
            shared: Arc::clone(&shared),
            queue: Arc::clone(&queue),
            appender,
            room: Arc::clone(&room),
            applying: Arc::clone(&applying),
            compacting,
        };
        let applier = Applier {
            shared: Arc::clone(&shared),
            signal: Arc::clone(&applying),
            room,
            compactor: Arc::clone(&compactor),
            generations,
            generation,
            cache_bytes: options.cache_bytes,
        };
        let compacts = Arc::clone(&compactor);
        let running = Running {
            writer: spawn("store-writer", || writer.run())?,
            applier: spawn("store-applier", || applier.run())?,
            compactor: spawn("store-compactor", move || compacts.run())?,
            _lock: lock,
        };
        Ok(Self { shared, queue, compactor, applying, running: Mutex::new(Some(running)) })
    }

    fn close(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Running { writer, applier, compactor, _lock }) = running.take() else { return };
        // In this order: what the writer published is applied, and nobody reads the state when it closes.
        self.queue.close();
        join(writer);
        self.compactor.signal.close();
        join(compactor);
        self.shared.close();
        self.applying.close();
        join(applier);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map_err(|error| Error::Unavailable { reason: format!("no thread for the store: {error}") })
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the store panicked");
    }
}

/// The name that a file has until it is complete.
fn temporary(name: &str) -> String {
    format!("{name}.tmp")
}

fn is_temporary(name: &str) -> bool {
    name.ends_with(".tmp")
}

/// The number behind `prefix` in the name of a file.
fn parse_numbered(name: &str, prefix: &str) -> Option<u64> {
    let digits = name.strip_prefix(prefix)?;
    let named = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    named.then(|| digits.parse().ok()).flatten()
}

/// Reads from the newest view, again with a newer one whenever the state went past it meanwhile.
fn read<T>(shared: &Shared, read: impl Fn(&View) -> Result<Option<T>, Error>) -> Result<T, Error> {
    for _ in 0..ATTEMPTS {
        if let Some(answer) = read(&shared.view())? {
            return Ok(answer);
        }
    }
    shared.read_unpassed(read)
}

impl Engine {
    /// Waits until a state that failed is replaced; answers `error`, which it caused, if it is not, or
    /// if it was not the cause.
    async fn wait_for_replacement(&self, mut replacements: watch::Receiver<u64>, error: Error) -> Result<(), Error> {
        let failed = self.shared.view().state.has_failed();
        if failed {
            self.applying.wake();
        } else if !replacements.has_changed().unwrap_or(false) {
            return Err(error);
        }
        let replaced = tokio::time::timeout(REPLACED_WITHIN, replacements.changed()).await;
        replaced.map_or(Err(error), |_| Ok(()))
    }
}

#[async_trait]
impl Store for Embedded {
    async fn get(&self, key: &[u8]) -> Result<Got, Error> {
        let replacements = self.engine.shared.replacements();
        let get = || read(&self.engine.shared, |view| view.get(key));
        match get() {
            Err(error) => self.engine.wait_for_replacement(replacements, error).await.and_then(|()| get()),
            got => got,
        }
    }

    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Listing, Error> {
        let replacements = self.engine.shared.replacements();
        let list = || async {
            let (shared, range) = (Arc::clone(&self.engine.shared), range.clone());
            let listing = tokio::task::spawn_blocking(move || read(&shared, |view| view.range(&range, limit)));
            // It ends in an error only if the runtime is stopping or the read panicked.
            listing.await.map_err(|_| Error::Closed)?
        };
        match list().await {
            Err(error) => {
                self.engine.wait_for_replacement(replacements, error).await?;
                list().await
            }
            listing => listing,
        }
    }

    async fn txn(&self, txn: Txn) -> Result<Outcome, Error> {
        txn.check()?;
        let outcome = self.engine.queue.push(txn)?;
        // The writer answers everything, unless it panicked.
        outcome.await.unwrap_or_else(|_| Err(Error::Unknown { reason: "the writer stopped".to_owned() }))
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<Watch, Error> {
        let cursor = JournalCursor::new(&self.engine.shared, after)?;
        Ok(Watch::new(range, after, Box::new(cursor)))
    }
}
