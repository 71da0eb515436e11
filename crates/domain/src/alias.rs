//! Aliases: names for versions of a model that callers follow, as `champion`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::{AliasName, VersionName};

/// A name for one version of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Its name.
    pub name: AliasName,
    /// The number of the version that it names, of the same model.
    pub number: u64,
    /// When it first named one.
    pub created_at: Timestamp,
    /// When it was last moved.
    pub updated_at: Timestamp,
}

impl Alias {
    /// The version that it names.
    #[must_use]
    pub fn version(&self) -> VersionName {
        self.name.model.version(self.number)
    }
}
