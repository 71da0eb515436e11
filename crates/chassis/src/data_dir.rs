//! The folder in which a service keeps its data: nobody else's business.

use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why there is no folder for data.
#[derive(Debug, thiserror::Error)]
#[error("no data folder at {}: {cause}", path.display())]
pub struct Error {
    /// Where it should be.
    pub path: PathBuf,
    /// What the system says.
    pub cause: io::Error,
}

/// Makes the folder, for this user alone, when it is not there. Warns when others may look into one that is.
///
/// # Errors
/// When it can neither be made nor be looked at, or is no folder.
pub fn prepare(path: &Path) -> Result<(), Error> {
    let error = |cause| Error { path: path.to_owned(), cause };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(error)?;
    let mode = std::fs::metadata(path).map_err(error)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), mode = %format_args!("{mode:03o}"), "others may look into the data folder; chmod 700 it");
    }
    Ok(())
}
