//! Making a data folder from a backup.
//!
//! The backup is written into a file whose mere presence keeps the folder from being opened, and gets the name of a
//! snapshot only when all of it was read back right and is durable: a folder is restored as a whole or not at all.

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LOCK;
use super::backup::BackupSummary;
use super::blocks::{BLOCK, Broken, Decoder, Whole};
use super::format::{Format, MARKER, Marker};
use super::snapshot;
use crate::Error;
use crate::disk::{Disk, File, Folder, definite};

/// The file that holds as much of a backup as was read. Whoever finds it finds a restore that never ended.
pub(super) const RESTORING: &str = "RESTORING";

/// Makes a data folder of the backup `from` in `dir`, which must be empty or not there. A restore into it that was
/// killed is begun again.
///
/// The new store is at the backup's revision, holds exactly what it holds, and is a store of its own with its own id.
/// It says that it is of `service`, if that is known, and is opened as no other's. Watches begin after that revision. Nothing but this function reads `from`, once, from the front to the end.
///
/// # Errors
/// [`Error::NotEmpty`]; [`Error::InUse`] if somebody has the folder open; [`Error::BadBackup`] as
/// [`verify`](super::backup::verify); [`Error::Full`] and [`Error::Unavailable`] if it cannot be read or written. In all
/// cases the folder is as it was, but for an empty `LOCK`.
pub fn restore(dir: impl Into<PathBuf>, from: impl Read, service: Option<&str>) -> Result<BackupSummary, Error> {
    let dir = dir.into();
    let folders = |dir: &Path| -> io::Result<bool> {
        let mut entries = fs::read_dir(dir)?;
        entries.try_fold(false, |found, entry| Ok(found || entry?.file_type()?.is_dir()))
    };
    if dir.exists() && folders(&dir).map_err(|error| definite(&dir, &error))? {
        return Err(Error::NotEmpty { path: dir });
    }
    let disk = Folder::open(&dir).map_err(|error| definite(&dir, &error))?;
    restore_on(&disk, from, service)
}

/// The same on any disk.
///
/// # Errors
/// As [`restore`].
pub fn restore_on(disk: &dyn Disk, from: impl Read, service: Option<&str>) -> Result<BackupSummary, Error> {
    let lock = disk.lock(LOCK).map_err(|error| definite(&disk.path(LOCK), &error))?;
    let _lock = lock.ok_or_else(|| Error::InUse { path: disk.path("") })?;
    let names = disk.list().map_err(|error| definite(&disk.path(""), &error))?;
    let begun = names.iter().any(|name| name == RESTORING);
    let ours = |name: &String| name == LOCK || begun && (name == RESTORING || name.starts_with(MARKER));
    if !names.iter().all(ours) {
        return Err(Error::NotEmpty { path: disk.path("") });
    }
    let restored = copy(disk, from).and_then(|whole| {
        let format = Format::of_new(whole.header.format.rows);
        Marker { format, service: service.map(str::to_owned) }.write(disk)?;
        snapshot::name(disk, RESTORING, &whole)?;
        Ok(BackupSummary::from(whole))
    });
    if restored.is_err() {
        clear(disk);
    }
    restored
}

/// Writes `from` into a durable file, and reads it as a backup meanwhile.
fn copy(disk: &dyn Disk, from: impl Read) -> Result<Whole, Error> {
    let failed = |error: io::Error| definite(&disk.path(RESTORING), &error);
    let file = disk.create(RESTORING).map_err(failed)?;
    // From here on the folder says that it is unfinished, whatever happens.
    disk.sync().map_err(failed)?;
    let mut copying = Copying { from, file: Arc::clone(&file), offset: 0, refused: None };
    let decoder = Decoder::open(BufReader::with_capacity(BLOCK, &mut copying)).map_err(Broken::in_backup);
    let whole = decoder.and_then(|decoder| decoder.read(Broken::in_backup, |_| Ok(())));
    if let Some(refused) = copying.refused {
        return Err(failed(refused));
    }
    let whole = whole?;
    file.sync().map_err(failed)?;
    Ok(whole)
}

/// Removes what a restore that failed has left.
fn clear(disk: &dyn Disk) {
    // The marker of the unfinished goes last.
    let removed = disk.list().and_then(|names| {
        names.iter().filter(|name| name.starts_with(MARKER)).try_for_each(|name| disk.remove(name))?;
        disk.remove(RESTORING)?;
        disk.sync()
    });
    if let Err(error) = removed {
        tracing::warn!(%error, "an unfinished restore stays; restoring again begins anew");
    }
}

/// Writes all that is read into a file.
struct Copying<R> {
    from: R,
    file: Arc<dyn File>,
    offset: u64,
    /// Why the file could not be written.
    refused: Option<io::Error>,
}

impl<R: Read> Read for Copying<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        if let Err(error) = self.file.write_at(&buffer[..read], self.offset) {
            let kind = error.kind();
            self.refused = Some(error);
            return Err(kind.into());
        }
        self.offset += read as u64;
        Ok(read)
    }
}
