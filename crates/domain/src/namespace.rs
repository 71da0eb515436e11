//! Namespaces: parts of the registry with models, model types and teams of their own, as of one tenant.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::deletion::Deletion;
use crate::name::NamespaceName;

/// The namespace that is there from the start.
pub const DEFAULT: &str = "default";

/// The most characters of a name for people.
const LONGEST_DISPLAY_NAME: usize = 128;
/// The most characters of a description.
const LONGEST_DESCRIPTION: usize = 4096;

/// A part of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Its name.
    pub name: NamespaceName,
    /// What it is called among people.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Free marks.
    pub labels: BTreeMap<String, String>,
    /// When it was created; the beginning of time if it was there from the start.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Since when it is deleted, if it is.
    #[serde(default)]
    pub deletion: Option<Deletion>,
}

impl Namespace {
    /// A namespace with nothing set.
    #[must_use]
    pub fn blank(name: &NamespaceName) -> Self {
        Self {
            name: name.clone(),
            display_name: String::new(),
            description: String::new(),
            labels: BTreeMap::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deletion: None,
        }
    }

    /// Notes what is wrong, with fields named from `namespace`.
    pub fn check(&self, check: &mut Check) {
        check.text("namespace.display_name", &self.display_name, LONGEST_DISPLAY_NAME);
        check.text("namespace.description", &self.description, LONGEST_DESCRIPTION);
        check.labels("namespace.labels", &self.labels);
    }
}
