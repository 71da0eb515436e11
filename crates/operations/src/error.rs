//! What can be wrong with what is asked of whoever runs a service.

use std::time::Duration;

use slipway_chassis::access::Refused;
use slipway_domain::access;
use slipway_domain::fault::{Fault, Kind, Violation, Violations};

/// How long it is worth to wait for another backup to end.
const ANOTHER_BACKUP: Duration = Duration::from_secs(10);

/// How long it is worth to wait for a store that could not be read.
const STORE: Duration = Duration::from_secs(1);

/// Why a service did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the request are wrong.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The caller may not do it.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The caller's proof does not hold.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Another backup of this service is under way.
    #[error("another backup of this service is under way, and two at once would slow each other down: wait for it")]
    BackupRunning,
    /// The service keeps nothing on a disk, so there is nothing to copy.
    #[error("this service keeps its state in memory alone: there is nothing to back up")]
    NothingKept,
    /// The store could not be read, and what was sent before is no backup.
    #[error("the store cannot be read, and what came before is no backup: {0}; begin another one")]
    BackupBroken(slipway_store::Error),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid(_) => Kind::InvalidArgument,
            Self::Access(refused) => refused.kind(),
            Self::Refused(refused) => refused.kind(),
            Self::BackupRunning => Kind::ResourceExhausted,
            Self::NothingKept => Kind::FailedPrecondition,
            Self::BackupBroken(_) => Kind::Unavailable,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID_FIELDS",
            Self::Access(refused) => refused.reason(),
            Self::Refused(refused) => refused.reason(),
            Self::BackupRunning => "BACKUP_RUNNING",
            Self::NothingKept => "NOTHING_KEPT",
            Self::BackupBroken(_) => "BACKUP_BROKEN",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Access(refused) => refused.facts(),
            Self::Refused(refused) => refused.facts(),
            Self::Invalid(_) | Self::BackupRunning | Self::NothingKept | Self::BackupBroken(_) => Vec::new(),
        }
    }

    fn violations(&self) -> &[Violation] {
        if let Self::Invalid(violations) = self { violations.as_slice() } else { &[] }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Access(refused) => refused.retry_after(),
            Self::Refused(refused) => refused.retry_after(),
            Self::BackupRunning => Some(ANOTHER_BACKUP),
            Self::BackupBroken(_) => Some(STORE),
            Self::Invalid(_) | Self::NothingKept => None,
        }
    }
}
