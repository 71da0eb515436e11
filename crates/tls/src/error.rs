//! Why files make no configuration.

use std::fmt;
use std::path::{Path, PathBuf};

/// A file that can't be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct Error {
    /// The file; empty for the roots of the machine.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: String,
}

impl Error {
    pub(crate) fn new(path: &Path, fault: impl fmt::Display) -> Self {
        Self { path: path.to_owned(), fault: fault.to_string() }
    }
}
