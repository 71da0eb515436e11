//! A folder that is looked at and never changed.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::folder::{Folder, Opened};
use super::{Disk, File, Lock};

/// The files of a folder of the file system. Whatever would change anything is refused.
#[derive(Debug)]
pub struct ReadOnly {
    folder: Folder,
}

impl ReadOnly {
    /// Looks at the folder `dir`.
    ///
    /// # Errors
    /// It is not there, or is no folder.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        if !fs::metadata(&dir)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { folder: Folder::open(dir)? })
    }
}

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::PermissionDenied.into())
}

impl Disk for ReadOnly {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    /// Tells whether somebody has the lock, and holds it together with others who only look.
    fn lock(&self, name: &str) -> io::Result<Option<Lock>> {
        let file = match fs::File::open(self.path(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Lock::new(()))),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Lock::new(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.folder.list()
    }

    fn create(&self, _: &str) -> io::Result<Arc<dyn File>> {
        refused()
    }

    /// Opens the file for reading alone, so that the system refuses to write it.
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(Opened { file: fs::File::open(self.path(name))? }))
    }

    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        refused()
    }

    fn sync(&self) -> io::Result<()> {
        refused()
    }

    fn boot_id(&self) -> Option<String> {
        self.folder.boot_id()
    }
}
