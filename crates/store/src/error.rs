//! Why the store could not do what it was asked to.

use std::path::PathBuf;

use crate::Revision;

/// A fact about the store or the request. [`Error::is_definite`] is the line that matters to who
/// wrote: behind every variant but [`Error::Unknown`] nothing was applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The changes that were asked for are no longer kept: list again, then watch from there.
    #[error("the changes before revision {oldest} are compacted away")]
    Compacted {
        /// The oldest revision whose changes are still kept: a watch after `oldest - 1` works.
        oldest: Revision,
    },
    /// A watch was asked to begin after a revision that the store has not reached: the revision
    /// comes from another store, or from one that was since restored from a backup.
    #[error("the store is at revision {current} and has not reached revision {asked}")]
    Ahead {
        /// The revision that was asked for.
        asked: Revision,
        /// The revision of the store.
        current: Revision,
    },
    /// A key is empty or too long.
    #[error("a key of {size} bytes: keys have 1 to {limit} bytes")]
    BadKey {
        /// The bytes of the key.
        size: usize,
        /// The most bytes that a key may have.
        limit: usize,
    },
    /// A transaction writes too much at once.
    #[error("a transaction of {size} bytes: at most {limit} bytes are allowed")]
    TooLarge {
        /// The bytes of all keys and values that were to be written.
        size: usize,
        /// The most bytes that are allowed.
        limit: usize,
    },
    /// There is no room on the disk. Nothing was applied; reads go on; writes work again once there
    /// is room.
    #[error("no room on the disk: {reason}")]
    Full {
        /// What the operating system said.
        reason: String,
    },
    /// The store cannot be read or written at present, and nothing was applied.
    #[error("the store is unavailable: {reason}")]
    Unavailable {
        /// What stands in the way.
        reason: String,
    },
    /// A transaction may or may not have been applied, now or later: read before writing again.
    #[error("it is unknown whether the transaction was applied: {reason}")]
    Unknown {
        /// What left it open.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Another process, or another part of this one, has the data folder open.
    #[error("{} is in use: stop the process that has it open, or choose another data folder", path.display())]
    InUse {
        /// The data folder.
        path: PathBuf,
    },
    /// A file holds something other than what was written into it, and opening the store without it
    /// would lose acknowledged transactions.
    #[error("{} is damaged: {what}; restore the data folder from a backup", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and where.
        what: String,
    },
    /// A data folder was written by a newer version of this program. Nothing in it was touched.
    #[error("{} says {part} of format {found}, and this version of slipway reads up to {supported}; nothing was changed: \
             use the version that wrote it, or a newer one", path.display())]
    Newer {
        /// The file that says so.
        path: PathBuf,
        /// What is newer: `files`, or the `rows` that a service keeps in them.
        part: &'static str,
        /// Its format.
        found: u32,
        /// The newest format that is understood.
        supported: u32,
    },
    /// A data folder is another service's. Nothing in it was touched.
    #[error("{} is the data folder of the service {found}, and {service} was to open it; nothing was changed: name the \
             folder of {service}, or restore a backup of {service}", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The service that it says it is of.
        found: String,
        /// The service that was to open it.
        service: String,
    },
    /// A folder into which a backup was to be restored holds something already.
    #[error("{} is not empty: restore into a folder that is empty or not there", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A backup is cut or damaged, or is none.
    #[error("the backup cannot be used: {what}; fetch it again, or use another one")]
    BadBackup {
        /// What is wrong with it and where.
        what: String,
    },
}

impl Error {
    /// It is certain that the transaction was not applied and never will be. Reads change nothing,
    /// so their errors are always definite.
    pub fn is_definite(&self) -> bool {
        match self {
            Self::Unknown { .. } => false,
            Self::Compacted { .. }
            | Self::Ahead { .. }
            | Self::BadKey { .. }
            | Self::TooLarge { .. }
            | Self::Full { .. }
            | Self::Unavailable { .. }
            | Self::Closed
            | Self::InUse { .. }
            | Self::Corrupt { .. }
            | Self::Newer { .. }
            | Self::Foreign { .. }
            | Self::NotEmpty { .. }
            | Self::BadBackup { .. } => true,
        }
    }
}
