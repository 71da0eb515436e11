//! A backup that is being written: under another name until it is whole, durable and verified.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Archive, Error, Label, verify};

/// A backup that is being written. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub struct Writing {
    path: PathBuf,
    label: Label,
    file: NamedTempFile,
    bytes: u64,
    checksum: u32,
}

impl Writing {
    /// Begins a backup that will be called `path`, which must not be there.
    ///
    /// # Errors
    /// [`Error::Unusable`] if nothing can be written there.
    pub fn begin(path: &Path, label: &Label) -> Result<Self, Error> {
        let folder = folder_of(path);
        let begun = tempfile::Builder::new().prefix(".slipway-backup-").tempfile_in(folder);
        let mut file = begun.map_err(|cause| Error::Unusable { path: folder.to_owned(), cause })?;
        label.write(&mut file).map_err(|cause| Error::Unusable { path: path.to_owned(), cause })?;
        Ok(Self { path: path.to_owned(), label: label.clone(), file, bytes: 0, checksum: 0 })
    }

    /// Writes the next bytes.
    ///
    /// # Errors
    /// [`Error::Unusable`] if they can't be written.
    pub fn piece(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.bytes += piece.len() as u64;
        self.checksum = crc32c::crc32c_append(self.checksum, piece);
        self.file.write_all(piece).map_err(|cause| self.unusable(cause))
    }

    /// How many bytes were written.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The same under another name beside it: it may tell what is known at the end alone.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.path = folder_of(&self.path).join(name);
        self
    }

    /// Makes what was written durable, reads it again to its end, and gives it its name: `bytes` and `checksum` are what
    /// the service says that it has sent.
    ///
    /// # Errors
    /// [`Error`]; then there is no such file.
    pub fn finish(self, bytes: u64, checksum: u32) -> Result<Archive, Error> {
        let garbled = |what| Error::Garbled { service: self.label.service.clone(), what };
        if self.bytes != bytes {
            return Err(garbled("their number differs"));
        }
        if self.checksum != checksum {
            return Err(garbled("their checksum differs"));
        }
        self.file.as_file().sync_all().map_err(|cause| self.unusable(cause))?;
        let archive = verify(self.file.path())?;
        let Self { path, file, .. } = self;
        file.persist_noclobber(&path).map_err(|refused| match refused.error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::Exists { path: path.clone() },
            _ => Error::Unusable { path: path.clone(), cause: refused.error },
        })?;
        let synced = File::open(folder_of(&path)).and_then(|folder| folder.sync_all());
        synced.map_err(|cause| Error::Unusable { path, cause })?;
        Ok(archive)
    }

    fn unusable(&self, cause: std::io::Error) -> Error {
        Error::Unusable { path: self.path.clone(), cause }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
