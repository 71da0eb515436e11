//! The files below the embedded engine's journal and snapshots, behind a trait: real ones in a
//! folder, or simulated ones that can lose power, run full and fail to sync.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Error;

pub mod folder;
pub mod read_only;
pub mod simulated;

pub use folder::Folder;
pub use read_only::ReadOnly;
pub use simulated::Simulated;

/// A flat folder of named files.
///
/// As with a real one, names and contents become durable separately: a file's contents by
/// [`File::sync`], its name, and the loss of its old name, by [`Disk::sync`].
pub trait Disk: Debug + Send + Sync + 'static {
    /// Where `name` is, for messages.
    fn path(&self, name: &str) -> PathBuf;

    /// Takes the lock file `name` for as long as the answer lives; `None` if somebody else has it.
    ///
    /// # Errors
    /// The lock file cannot be created.
    fn lock(&self, name: &str) -> io::Result<Option<Lock>>;

    /// The names of all files.
    ///
    /// # Errors
    /// The folder cannot be read.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Creates the empty file `name`, in place of one that is there.
    ///
    /// # Errors
    /// The folder cannot be written.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// Opens the file `name`.
    ///
    /// # Errors
    /// It is not there or cannot be read and written.
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// Gives the file `from` the name `to`, in place of one that is there.
    ///
    /// # Errors
    /// `from` is not there, or the folder cannot be written.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes the file `name`. Who has it open can go on reading it.
    ///
    /// # Errors
    /// It is not there, or the folder cannot be written.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes all names durable.
    ///
    /// # Errors
    /// The disk failed: which names are durable is then open.
    fn sync(&self) -> io::Result<()>;

    /// What changes whenever unsynced contents may have been lost: the machine's boot. `None` if
    /// that cannot be known.
    fn boot_id(&self) -> Option<String>;
}

/// An open file of a [`Disk`].
pub trait File: Debug + Send + Sync {
    /// Reads bytes from `offset` on into `buffer`; answers how many, fewer only at the file's end.
    ///
    /// # Errors
    /// The disk failed.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at `offset`, beyond the file's end if need be.
    ///
    /// # Errors
    /// The disk failed or is full: a part may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    /// The disk failed.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// The length in bytes.
    ///
    /// # Errors
    /// The disk failed.
    fn len(&self) -> io::Result<u64>;

    /// Makes all of the file's contents durable.
    ///
    /// # Errors
    /// The disk failed: what is durable of the writes since the last sync is then open.
    fn sync(&self) -> io::Result<()>;

    /// The file has no contents.
    ///
    /// # Errors
    /// The disk failed.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// A held lock file, given back when it is dropped.
#[derive(Debug)]
pub struct Lock {
    /// Only its drop matters.
    _held: Box<dyn Held>,
}

impl Lock {
    /// A lock that is given back when `held` is dropped.
    pub fn new(held: impl Debug + Send + Sync + 'static) -> Self {
        Self { _held: Box::new(held) }
    }
}

/// Anything that can be kept until it is dropped.
trait Held: Debug + Send + Sync {}

impl<T: Debug + Send + Sync> Held for T {}

/// What a failed operation on the file at `path` means to who asked for it, when it is certain that
/// nothing came of it.
pub(crate) fn definite(path: &Path, error: &io::Error) -> Error {
    let reason = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full { reason },
        // Whatever else the operating system says, nothing can be done with the file now.
        _ => Error::Unavailable { reason },
    }
}
