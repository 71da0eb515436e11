//! The marker of a data folder: a small file that says in plain words what lies beside it, so that a program that is too
//! old for the folder can say so before it touches or understands anything else in it.
//!
//! ```text
//! slipway store
//! format 1
//! rows 1
//! id 6c1de2f4b0a94d1e8c3a5b7f90e1d2c3
//! service registry
//! ```
//! The first two lines keep their place and their form for ever. `format` is of the files: journal, snapshots, notes.
//! `rows` is of what the service keeps in them, and is raised before the first row of a newer layout is written. `id`
//! tells this store from every other one: a store that is made from a backup has another id than the one that was
//! copied, because the two go on differently. `service` is whose rows they are; folders from before it was written, and of
//! stores that are nobody's, do without it.

use std::fmt;
use std::path::Path;

use super::{Options, whole_file};
use crate::Error;
use crate::disk::{Disk, definite};

/// The file that holds the marker.
pub(super) const MARKER: &str = "FORMAT";

/// The format of the files that this program writes.
pub(super) const FILES: u32 = 1;

const FIRST_LINE: &str = "slipway store";

/// Tells one store from every other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId(pub(super) u128);

impl fmt::Display for StoreId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What a data folder says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The layout of the rows that the service keeps in the store.
    pub rows: u32,
    /// Which store it is.
    pub store: StoreId,
}

impl Format {
    /// Of a new store with rows of the layout `rows`.
    pub(super) fn of_new(rows: u32) -> Self {
        Self { rows, store: StoreId(rand::random()) }
    }

    /// Checks that this program, which knows rows up to the layout `rows`, can read those of the file at `path`.
    ///
    /// # Errors
    /// [`Error::Newer`].
    pub(super) fn check_rows(&self, path: &Path, rows: u32) -> Result<(), Error> {
        if self.rows > rows {
            return Err(Error::Newer { path: path.to_owned(), part: "rows", found: self.rows, supported: rows });
        }
        Ok(())
    }
}

/// All that the marker of a folder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub format: Format,
    /// The service whose rows they are; `None` if nobody said so.
    pub service: Option<String>,
}

impl Marker {
    /// Reads the marker of a folder; `None` if it has none.
    ///
    /// # Errors
    /// [`Error::Newer`] if the files are of a format that this program does not know; [`Error::Corrupt`].
    pub(super) fn read(disk: &dyn Disk) -> Result<Option<Self>, Error> {
        let path = disk.path(MARKER);
        let text = whole_file::read(disk, MARKER).map_err(|error| definite(&path, &error))?;
        text.map(|text| parse(&text, &path)).transpose()
    }

    /// Checks that a program with these options can read the rows of the folder on `disk`, and that they are its own.
    ///
    /// # Errors
    /// [`Error::Newer`], [`Error::Foreign`].
    pub(super) fn check(&self, disk: &dyn Disk, options: &Options) -> Result<(), Error> {
        if let (Some(found), Some(service)) = (&self.service, &options.service)
            && found != service
        {
            return Err(Error::Foreign { path: disk.path(""), found: found.clone(), service: service.clone() });
        }
        self.format.check_rows(&disk.path(MARKER), options.rows)
    }

    /// Makes this the durable marker of a folder.
    pub(super) fn write(&self, disk: &dyn Disk) -> Result<(), Error> {
        let Self { format: Format { rows, store }, service } = self;
        let service = service.as_ref().map(|service| format!("service {service}\n")).unwrap_or_default();
        let text = format!("{FIRST_LINE}\nformat {FILES}\nrows {rows}\nid {store}\n{service}");
        whole_file::replace(disk, MARKER, &text).map_err(|error| definite(&disk.path(MARKER), &error))
    }

    /// Sees to it that the folder whose marker is `found` has one that is right for a program with these options. Rows
    /// that are there already are not taken for those of the program's service.
    pub(super) fn claim(found: Option<Self>, disk: &dyn Disk, options: &Options, rows: Rows) -> Result<Format, Error> {
        let service = || options.service.clone().filter(|_| rows == Rows::None);
        let marker = match found.clone() {
            Some(found) => Self { format: Format { rows: options.rows, ..found.format }, ..found },
            None => Self { format: Format::of_new(options.rows), service: service() },
        };
        if found.as_ref() != Some(&marker) {
            marker.write(disk)?;
        }
        Ok(marker.format)
    }
}

/// Whether there may be rows in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    Some,
    None,
}

fn parse(text: &str, path: &Path) -> Result<Marker, Error> {
    let damaged = || Error::Corrupt { path: path.to_owned(), what: "it is not the marker of a store".to_owned() };
    let mut lines = text.split('\n');
    if lines.next() != Some(FIRST_LINE) {
        return Err(damaged());
    }
    let mut value = |name: &str| lines.next().and_then(|line| line.strip_prefix(name)).ok_or_else(damaged);
    let files = number(value("format ")?).ok_or_else(damaged)?;
    if files > FILES {
        return Err(Error::Newer { path: path.to_owned(), part: "files", found: files, supported: FILES });
    }
    let rows = number(value("rows ")?).ok_or_else(damaged)?;
    let id = value("id ")?;
    let id = u128::from_str_radix(id, 16).ok().filter(|_| id.len() == 32).ok_or_else(damaged)?;
    let service = lines.next().and_then(|line| line.strip_prefix("service ")).map(str::to_owned);
    Ok(Marker { format: Format { rows, store: StoreId(id) }, service })
}

/// The number of a format, which begins at 1.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number > 0)
}
