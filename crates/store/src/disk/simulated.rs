//! A disk in memory that knows what was synced, so that a power cut, a full disk and a failing sync
//! can be had in any test.

mod contents;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use self::contents::{Change, Contents};
use super::{Disk, File, Lock};

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct Simulated {
    platter: Arc<Mutex<Platter>>,
    /// Told when a sync begins to wait, and when syncs are let through again.
    gate: Arc<Condvar>,
}

#[derive(Debug)]
struct Platter {
    contents: Vec<Contents>,
    /// The files that a name leads to now, by index in `contents`.
    names: BTreeMap<String, usize>,
    /// The files that a name surely leads to after a power cut.
    synced_names: BTreeMap<String, usize>,
    locks: BTreeSet<String>,
    boot: u64,
    /// The bytes that all files may have together.
    quota: u64,
    /// So many of the next syncs of files succeed, and so many after those fail.
    failing_syncs: (u32, u32),
    /// So many of the next writes stop half way.
    failing_writes: u32,
    /// So many of the next writes put something else there, and say nothing.
    spoiled_writes: u32,
    /// So many of the next removals succeed, and all after those fail.
    removals_left: u32,
    /// Whether the machine tells when it was started.
    knows_its_boot: bool,
    /// Syncs of files wait.
    syncs_held: bool,
    /// So many of them do.
    waiting_syncs: u32,
}

impl Simulated {
    /// An empty disk without a bound.
    pub fn new() -> Self {
        let platter = Platter {
            contents: Vec::new(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
            locks: BTreeSet::new(),
            boot: 0,
            quota: u64::MAX,
            failing_syncs: (0, 0),
            failing_writes: 0,
            spoiled_writes: 0,
            removals_left: u32::MAX,
            knows_its_boot: true,
            syncs_held: false,
            waiting_syncs: 0,
        };
        Self::with(platter)
    }

    /// A disk as this one would be found after the power failed now: of what was not synced a part
    /// chosen by `seed` is there, in pieces of a sector, and the rest is not. This disk goes on.
    pub fn after_power_cut(&self, seed: u64) -> Self {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let platter = self.platter();
        let contents = platter.contents.iter().map(|contents| contents.survivor(&mut chance)).collect();
        // The file system's own journal makes names durable in order: all of them or the synced ones.
        let kept = if chance.random_bool(0.5) { &platter.names } else { &platter.synced_names };
        let survivor = Platter {
            contents,
            names: kept.clone(),
            synced_names: kept.clone(),
            locks: BTreeSet::new(),
            boot: platter.boot + 1,
            quota: platter.quota,
            failing_syncs: (0, 0),
            failing_writes: 0,
            spoiled_writes: 0,
            removals_left: u32::MAX,
            knows_its_boot: platter.knows_its_boot,
            syncs_held: false,
            waiting_syncs: 0,
        };
        Self::with(survivor)
    }

    /// A disk as this one would be found after the process was killed now: all that was written is
    /// there. This disk goes on.
    pub fn after_kill(&self) -> Self {
        let platter = self.platter();
        let survivor = Platter {
            contents: platter.contents.clone(),
            names: platter.names.clone(),
            synced_names: platter.synced_names.clone(),
            locks: BTreeSet::new(),
            failing_syncs: (0, 0),
            failing_writes: 0,
            spoiled_writes: 0,
            removals_left: u32::MAX,
            syncs_held: false,
            waiting_syncs: 0,
            ..*platter
        };
        Self::with(survivor)
    }

    /// Lets all files together have at most `bytes`.
    pub fn set_quota(&self, bytes: u64) {
        self.platter().quota = bytes;
    }

    /// The bytes that all files have together.
    pub fn used(&self) -> u64 {
        self.platter().used()
    }

    /// Lets the next `before` syncs of files succeed, and makes `count` after those fail.
    pub fn fail_syncs(&self, before: u32, count: u32) {
        self.platter().failing_syncs = (before, count);
    }

    /// Makes the next `count` writes stop half way.
    pub fn fail_writes(&self, count: u32) {
        self.platter().failing_writes = count;
    }

    /// Makes the next `count` writes put something else there, without saying so.
    pub fn spoil_writes(&self, count: u32) {
        self.platter().spoiled_writes = count;
    }

    /// Lets the next `count` removals of files succeed, and makes all after those fail.
    pub fn fail_removals_after(&self, count: u32) {
        self.platter().removals_left = count;
    }

    /// Is from now on the disk of a machine that does not tell when it was started.
    pub fn hide_boot(&self) {
        self.platter().knows_its_boot = false;
    }

    /// Makes syncs of files wait, until [`Simulated::release_syncs`].
    pub fn hold_syncs(&self) {
        self.platter().syncs_held = true;
    }

    /// Blocks until a sync waits.
    pub fn wait_for_held_sync(&self) {
        let waited = self.gate.wait_while(self.platter(), |platter| platter.waiting_syncs == 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets syncs of files through again, also those that wait.
    pub fn release_syncs(&self) {
        self.platter().syncs_held = false;
        self.gate.notify_all();
    }

    /// The contents of the file `name`, if it is there.
    pub fn contents(&self, name: &str) -> Option<Vec<u8>> {
        let platter = self.platter();
        platter.names.get(name).map(|index| platter.contents[*index].now.clone())
    }

    /// Puts a durable file `name` with `bytes` there, as a hand with a disk editor would.
    pub fn set_contents(&self, name: &str, bytes: Vec<u8>) {
        let mut platter = self.platter();
        let index = platter.contents.len();
        platter.contents.push(Contents::durable(bytes));
        platter.names.insert(name.to_owned(), index);
        platter.synced_names.insert(name.to_owned(), index);
    }

    fn with(platter: Platter) -> Self {
        Self { platter: Arc::new(Mutex::new(platter)), gate: Arc::default() }
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, index: usize) -> Arc<dyn File> {
        Arc::new(Opened { disk: self.clone(), index })
    }
}

impl Default for Simulated {
    fn default() -> Self {
        Self::new()
    }
}

impl Platter {
    fn used(&self) -> u64 {
        self.names.values().map(|index| self.contents[*index].now.len() as u64).sum()
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// An offset as an index. Simulated files are small.
fn index(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

impl Disk for Simulated {
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from("simulated").join(name)
    }

    fn lock(&self, name: &str) -> io::Result<Option<Lock>> {
        let free = self.platter().locks.insert(name.to_owned());
        Ok(free.then(|| Lock::new(HeldLock { disk: self.clone(), name: name.to_owned() })))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.platter().names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut platter = self.platter();
        let index = platter.contents.len();
        platter.contents.push(Contents::default());
        platter.names.insert(name.to_owned(), index);
        Ok(self.file(index))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let index = self.platter().find(name)?;
        Ok(self.file(index))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut platter = self.platter();
        let index = platter.find(from)?;
        platter.names.remove(from);
        platter.names.insert(to.to_owned(), index);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut platter = self.platter();
        platter.find(name)?;
        platter.removals_left = platter.removals_left.checked_sub(1).ok_or(io::ErrorKind::PermissionDenied)?;
        platter.names.remove(name);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut platter = self.platter();
        platter.synced_names = platter.names.clone();
        Ok(())
    }

    fn boot_id(&self) -> Option<String> {
        let platter = self.platter();
        platter.knows_its_boot.then(|| format!("boot {}", platter.boot))
    }
}

#[derive(Debug)]
struct HeldLock {
    disk: Simulated,
    name: String,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.disk.platter().locks.remove(&self.name);
    }
}

#[derive(Debug)]
struct Opened {
    disk: Simulated,
    index: usize,
}

impl File for Opened {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let platter = self.disk.platter();
        let bytes = platter.contents[self.index].now.get(index(offset)?..).unwrap_or_default();
        let read = bytes.len().min(buffer.len());
        buffer[..read].copy_from_slice(&bytes[..read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut platter = self.disk.platter();
        let offset = index(offset)?;
        let old = platter.contents[self.index].now.len();
        if platter.failing_writes > 0 {
            platter.failing_writes -= 1;
            let change = Change::Write { offset, bytes: bytes[..bytes.len() / 2].to_vec() };
            platter.contents[self.index].apply(change);
            return Err(io::Error::other("the write failed"));
        }
        let wanted = (offset + bytes.len()).saturating_sub(old) as u64;
        let room = platter.quota.saturating_sub(platter.used());
        // As a real disk does, write what there is room for before saying that it is full.
        let fits = if wanted <= room { bytes.len() } else { (old + index(room)?).saturating_sub(offset) };
        let mut written = bytes[..fits].to_vec();
        if platter.spoiled_writes > 0 {
            platter.spoiled_writes -= 1;
            written.iter_mut().for_each(|byte| *byte ^= 1);
        }
        platter.contents[self.index].apply(Change::Write { offset, bytes: written });
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = index(len)?;
        self.disk.platter().contents[self.index].apply(Change::SetLen(len));
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.platter().contents[self.index].now.len() as u64)
    }

    fn sync(&self) -> io::Result<()> {
        let mut platter = self.disk.platter();
        platter.waiting_syncs += 1;
        self.disk.gate.notify_all();
        let released = self.disk.gate.wait_while(platter, |platter| platter.syncs_held);
        let mut platter = released.unwrap_or_else(PoisonError::into_inner);
        platter.waiting_syncs -= 1;
        match &mut platter.failing_syncs {
            (0, 0) => {}
            (0, failing) => {
                *failing -= 1;
                return Err(io::Error::other("the sync failed"));
            }
            (before, _) => *before -= 1,
        }
        platter.contents[self.index].sync();
        Ok(())
    }
}
