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
    // The folders above it may be others', too: on a fresh machine the services share one.
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(error)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(error)?;
    let mode = std::fs::metadata(path).map_err(error)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), mode = %format_args!("{mode:03o}"), "others may look into the data folder; chmod 700 it");
    }
    Ok(())
}

/// How many bytes the disk that holds `path` has left for this process; none if nobody knows.
#[must_use]
pub fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_for_this_user_alone_and_those_above_it_are_as_folders_are() {
        let place = tempfile::tempdir().unwrap();
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        std::fs::create_dir(place.path().join("usual")).unwrap();
        prepare(&place.path().join("slipway/registry")).unwrap();
        assert_eq!(mode(place.path().join("slipway/registry")), 0o700);
        assert_eq!(mode(place.path().join("slipway")), mode(place.path().join("usual")));
        assert!(free_bytes(place.path()).is_some() && free_bytes(Path::new("/nowhere")).is_none());
    }
}
