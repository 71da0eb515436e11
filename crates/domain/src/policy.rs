//! Policies: what models of a namespace must be, and what happens when one is not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::deletion::Deletion;
use crate::name::PolicyName;

/// The most characters of a name for people.
const LONGEST_DISPLAY_NAME: usize = 128;
/// The most characters of a description.
const LONGEST_DESCRIPTION: usize = 4096;
/// The most characters of what to do about a model that breaks it.
const LONGEST_REMEDY: usize = 256;

/// What happens to a change by which a model breaks a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Enforcement {
    /// It is counted.
    #[default]
    DryRun,
    /// It is made, and its caller is told.
    Warn,
    /// It is refused.
    Deny,
}

/// What the models of a namespace must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: PolicyName,
    /// What it is called among people.
    pub display_name: String,
    /// What it asks for, and why.
    pub description: String,
    /// The expression that is true of a model that keeps it.
    pub expression: String,
    /// What happens to a change by which a model breaks it.
    pub enforcement: Enforcement,
    /// What to do about a model that breaks it.
    pub remedy: String,
    /// The owner's own marks.
    pub labels: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Since when it is deleted, if it is.
    #[serde(default)]
    pub deletion: Option<Deletion>,
}

impl Policy {
    /// A policy with nothing set.
    #[must_use]
    pub fn blank(name: &PolicyName) -> Self {
        Self {
            name: name.clone(),
            display_name: String::new(),
            description: String::new(),
            expression: String::new(),
            enforcement: Enforcement::default(),
            remedy: String::new(),
            labels: BTreeMap::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deletion: None,
        }
    }

    /// Notes what is wrong but for its expression, with fields named from `policy`.
    pub fn check(&self, check: &mut Check) {
        check.text("policy.display_name", &self.display_name, LONGEST_DISPLAY_NAME);
        check.text("policy.description", &self.description, LONGEST_DESCRIPTION);
        check.text("policy.remedy", &self.remedy, LONGEST_REMEDY);
        check.labels("policy.labels", &self.labels);
    }

    /// Whether changes are judged by it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.deletion.is_none()
    }
}
