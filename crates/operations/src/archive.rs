//! A backup as a file: whose it is in words that anybody can read, and the copy of the store behind them.
//!
//! ```text
//! slipway backup 1
//! service registry
//! program 0.1.0
//! checksum 1c291ca3
//!
//! …the copy, which proves itself…
//! ```
//! `checksum` is the CRC-32C of the lines above it. The first line keeps its place and its form for ever.

mod label;
mod writing;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use slipway_chassis::data_dir;
use slipway_store::embedded::backup::{self, BackupSummary};
use slipway_store::embedded::restore;

pub use label::Label;
pub use writing::Writing;

/// What a file of a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Whose it is.
    pub label: Label,
    /// What was copied.
    pub copy: BackupSummary,
}

/// Why a backup can't be written, read or restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read or written.
    #[error("{}: {cause}", path.display())]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// There is a file of its name, which is not overwritten.
    #[error("{} exists and is not overwritten; move it away, or name another file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It does not begin as a backup does.
    #[error("{} is no backup of Slipway: {what}", path.display())]
    NoBackup {
        /// The file.
        path: PathBuf,
        /// What is wrong with its beginning.
        what: String,
    },
    /// It was written by a newer program.
    #[error("{} is a backup of the form {form}, which this program does not know; use a newer one", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The form.
        form: String,
    },
    /// What was received is not what the service has sent.
    #[error("what has come is not what {service} has sent ({what}); nothing is kept: begin another backup")]
    Garbled {
        /// The service.
        service: String,
        /// What differs.
        what: &'static str,
    },
    /// The copy in it does not hold, or the folder can't take it.
    #[error("{}: {cause}", path.display())]
    Store {
        /// The backup.
        path: PathBuf,
        /// What the store says.
        cause: slipway_store::Error,
    },
    /// There is no folder to restore into.
    #[error(transparent)]
    DataDir(#[from] data_dir::Error),
}

/// Reads a backup to its end and makes sure that it is whole.
///
/// # Errors
/// [`Error`] if it is not.
pub fn verify(path: &Path) -> Result<Archive, Error> {
    let (label, copy) = open(path)?;
    let copy = backup::verify(copy).map_err(|cause| Error::Store { path: path.to_owned(), cause })?;
    Ok(Archive { label, copy })
}

/// Makes a data folder of a backup in `dir`, which must be empty or not there. The backup is verified before anything is
/// made, and again while it is copied. The folder is then of the backup's service, and of no other.
///
/// # Errors
/// [`Error`]; the folder is as it was then.
pub fn restore(path: &Path, dir: &Path) -> Result<Archive, Error> {
    verify(path)?;
    data_dir::prepare(dir)?;
    let (label, copy) = open(path)?;
    let copy = restore::restore(dir, copy, Some(&label.service))
        .map_err(|cause| Error::Store { path: path.to_owned(), cause })?;
    Ok(Archive { label, copy })
}

/// The label of a backup, and the copy behind it.
fn open(path: &Path) -> Result<(Label, impl Read), Error> {
    let file = File::open(path).map_err(|cause| Error::Unusable { path: path.to_owned(), cause })?;
    let mut reader = BufReader::new(file);
    let label = Label::read(&mut reader, path)?;
    Ok((label, reader))
}

#[cfg(test)]
mod tests {
    use slipway_store::embedded::{Embedded, Options};
    use slipway_store::{Store, Txn};

    use super::*;

    fn label() -> Label {
        Label { service: "registry".to_owned(), program: "0.1.0".to_owned() }
    }

    /// A store with one row, as a backup in `file`.
    async fn written(folder: &Path, file: &Path) -> Result<Archive, Error> {
        let store = Embedded::open(folder.join("data"), Options::default()).unwrap();
        store.txn(Txn::new().put("a", "1")).await.unwrap();
        let mut copy = store.backup().unwrap();
        let mut writing = Writing::begin(file, &label()).unwrap();
        let mut sent = Vec::new();
        for piece in copy.by_ref() {
            sent.extend_from_slice(&piece.unwrap());
        }
        writing.piece(&sent).unwrap();
        store.close().await;
        writing.finish(copy.summary().unwrap().bytes, crc32c::crc32c(&sent))
    }

    #[tokio::test]
    async fn what_was_written_says_whose_it_is_and_is_restored() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it.backup");
        let archive = written(folder.path(), &file).await.unwrap();
        assert_eq!(archive.label, label());
        assert_eq!(verify(&file).unwrap(), archive);
        let dir = folder.path().join("again");
        assert_eq!(restore(&file, &dir).unwrap(), archive);
        let store = Embedded::open(&dir, Options::default()).unwrap();
        assert_eq!(store.get(b"a").await.unwrap().entry.unwrap().value, "1");
        store.close().await;
        let again = restore(&file, &dir).unwrap_err();
        assert!(matches!(again, Error::Store { cause: slipway_store::Error::NotEmpty { .. }, .. }), "{again}");
    }

    #[tokio::test]
    async fn a_backup_that_is_cut_or_changed_anywhere_makes_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it.backup");
        written(folder.path(), &file).await.unwrap();
        let whole = std::fs::read(&file).unwrap();
        let (bad, dir) = (folder.path().join("bad"), folder.path().join("never"));
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            for bytes in [&whole[..at], &changed] {
                std::fs::write(&bad, bytes).unwrap();
                assert!(restore(&bad, &dir).is_err(), "byte {at}");
                assert!(!dir.exists(), "byte {at}");
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_overwritten_and_nothing_half_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it.backup");
        std::fs::write(&file, "mine").unwrap();
        assert!(matches!(written(folder.path(), &file).await, Err(Error::Exists { .. })));
        assert_eq!(std::fs::read(&file).unwrap(), b"mine");
        let half = folder.path().join("half.backup");
        let mut writing = Writing::begin(&half, &label()).unwrap();
        writing.piece(b"only a part").unwrap();
        assert!(matches!(writing.finish(12, 0), Err(Error::Garbled { .. })));
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }
}
