//! Snapshot files: copies of the store beside its journal, from which it can begin again. What is in one is told in
//! `blocks`.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::time::Duration;

use super::backup::Backup;
use super::blocks::{BLOCK, Broken, Decoder, Piece, Whole};
use super::format::Format;
use crate::disk::{Disk, File, definite};
use crate::{Error, Revision};

const PREFIX: &str = "snapshot-";

/// A snapshot that is complete and named.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub name: String,
    pub revision: Revision,
    pub bytes: u64,
    pub format: Format,
    /// When it was begun, since 1970.
    pub written_at: Duration,
}

impl Snapshot {
    /// Finds the snapshot called `name`. Only reading it shows whether it is whole.
    pub(super) fn open(disk: &dyn Disk, name: &str) -> Result<Self, Error> {
        let path = disk.path(name);
        let file = disk.open(name).map_err(|error| definite(&path, &error))?;
        let bytes = file.len().map_err(|error| definite(&path, &error))?;
        let header = Decoder::open(Reading { file, offset: 0 }).map_err(|broken| broken.in_folder(&path))?.header;
        let revision = parse_name(name).ok_or_else(|| Broken::Damaged { at: 0 }.in_folder(&path))?;
        Ok(Self { name: name.to_owned(), revision, bytes, format: header.format, written_at: header.written_at })
    }

    /// Writes the pieces of `backup` into a durable snapshot.
    ///
    /// # Errors
    /// Definite, and nothing is left: the pieces could not be had or written; [`Error::Closed`] as soon as `is_closing`.
    pub(super) fn write(disk: &dyn Disk, backup: Backup, is_closing: impl Fn() -> bool) -> Result<Self, Error> {
        let temporary = super::temporary(PREFIX);
        let written = fill(disk, &temporary, backup, is_closing).and_then(|whole| name(disk, &temporary, &whole));
        if written.is_err()
            && let Err(error) = disk.remove(&temporary)
        {
            tracing::warn!(%error, "an unfinished snapshot stays until the next start");
        }
        written
    }
}

fn fill(disk: &dyn Disk, temporary: &str, mut backup: Backup, is_closing: impl Fn() -> bool) -> Result<Whole, Error> {
    let failed = |error: io::Error| definite(&disk.path(temporary), &error);
    let file = disk.create(temporary).map_err(failed)?;
    let mut offset = 0;
    for piece in &mut backup {
        if is_closing() {
            return Err(Error::Closed);
        }
        let piece = piece?;
        file.write_at(&piece, offset).map_err(failed)?;
        offset += piece.len() as u64;
    }
    file.sync().map_err(failed)?;
    backup.whole().ok_or_else(|| Error::Unavailable { reason: "the snapshot did not come to its end".to_owned() })
}

/// Gives the complete and durable copy `from` its name as a snapshot.
pub(super) fn name(disk: &dyn Disk, from: &str, whole: &Whole) -> Result<Snapshot, Error> {
    let name = format!("{PREFIX}{:020}", whole.tip.revision);
    let named = disk.rename(from, &name).and_then(|()| disk.sync());
    named.map_err(|error| definite(&disk.path(&name), &error))?;
    let (revision, bytes, format) = (whole.tip.revision, whole.bytes, whole.header.format);
    Ok(Snapshot { name, revision, bytes, format, written_at: whole.header.written_at })
}

/// The revision of the snapshot called `name`; `None` if it is not a snapshot's name.
pub(super) fn parse_name(name: &str) -> Option<Revision> {
    super::parse_numbered(name, PREFIX)
}

/// Reads the snapshot called `name` to its end, handing out its pieces; answers what it is.
///
/// # Errors
/// Whatever `take` answers; [`Error::Corrupt`] if a byte is not what was written, which may be found
/// only after pieces have been handed out.
pub(super) fn read(disk: &dyn Disk, name: &str, take: impl FnMut(Piece) -> Result<(), Error>) -> Result<Whole, Error> {
    let path = disk.path(name);
    let tell = |broken: Broken| broken.in_folder(&path);
    let file = disk.open(name).map_err(|error| definite(&path, &error))?;
    let decoder = Decoder::open(BufReader::with_capacity(BLOCK, Reading { file, offset: 0 })).map_err(tell)?;
    let whole = decoder.read(tell, take)?;
    if parse_name(name) != Some(whole.tip.revision) {
        return Err(tell(Broken::Damaged { at: whole.bytes }));
    }
    Ok(whole)
}

/// A file that is read from its beginning on.
struct Reading {
    file: Arc<dyn File>,
    offset: u64,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}
