//! `proto/wire.lock` against the `.proto` files.

use anyhow::Context as _;

use super::Contract;
use super::compatibility::{Change, compare};
use super::lock::{self, Lock};
use crate::workspace::Workspace;

/// Where the lock is.
const FILE: &str = "proto/wire.lock";

/// What to do about a contract that breaks clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Leave the lock as it is and fail.
    Keep,
    /// Write the lock anyway: somebody decided to break clients.
    Break,
}

/// How the files differ from the lock: what breaks clients, and additions that are not locked yet.
///
/// # Errors
///
/// The files don't compile, or the lock is missing or damaged.
pub fn check(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let changes = compare(&locked(workspace)?, &lock::of(&Contract::open(workspace)?));
    Ok(changes.iter().map(Change::to_string).collect())
}

/// Writes the lock. With [`Policy::Keep`], changes that break clients are returned instead and nothing is written.
///
/// # Errors
///
/// The files don't compile, or the lock is damaged or can't be written.
pub fn write(workspace: &Workspace, policy: Policy) -> anyhow::Result<Vec<String>> {
    let current = lock::of(&Contract::open(workspace)?);
    if policy == Policy::Keep && workspace.path(FILE).exists() {
        let changes = compare(&locked(workspace)?, &current);
        let breaking: Vec<String> = changes.iter().filter(|change| change.breaks()).map(Change::to_string).collect();
        if !breaking.is_empty() {
            return Ok(breaking);
        }
    }
    workspace.write(FILE, &lock::render(&current))?;
    Ok(Vec::new())
}

fn locked(workspace: &Workspace) -> anyhow::Result<Lock> {
    lock::parse(&workspace.read(FILE)?).with_context(|| format!("{FILE} is damaged"))
}

#[cfg(test)]
mod tests {
    use super::{Policy, check, write};
    use crate::workspace::Workspace;

    const FILE: &str = "syntax = \"proto3\";\n// T.\npackage slipway.t.v1;\n";

    /// A repository whose only file is a `.proto` with one message of these fields.
    fn repository(fields: &str) -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        std::fs::create_dir_all(folder.path().join("proto/slipway/t/v1")).unwrap();
        change(&workspace, fields);
        (folder, workspace)
    }

    fn change(workspace: &Workspace, fields: &str) {
        workspace.write("proto/slipway/t/v1/t.proto", &format!("{FILE}message M {{ {fields} }}")).unwrap();
    }

    #[test]
    fn fix_locks_an_addition_and_verify_is_content() {
        let (_folder, workspace) = repository("string a = 1;");
        assert_eq!(write(&workspace, Policy::Keep).unwrap(), [""; 0]);
        change(&workspace, "string a = 1; string b = 2;");
        assert_eq!(check(&workspace).unwrap().len(), 1);
        assert_eq!(write(&workspace, Policy::Keep).unwrap(), [""; 0]);
        assert_eq!(check(&workspace).unwrap(), [""; 0]);
    }

    #[test]
    fn fix_breaks_clients_only_when_told_to() {
        let (_folder, workspace) = repository("string a = 1;");
        write(&workspace, Policy::Keep).unwrap();
        change(&workspace, "int32 a = 1;");
        assert_eq!(write(&workspace, Policy::Keep).unwrap().len(), 1);
        assert_eq!(check(&workspace).unwrap().len(), 1);
        assert_eq!(write(&workspace, Policy::Break).unwrap(), [""; 0]);
        assert_eq!(check(&workspace).unwrap(), [""; 0]);
    }

    #[test]
    fn a_missing_lock_is_an_error_of_verify() {
        let (_folder, workspace) = repository("string a = 1;");
        assert!(check(&workspace).is_err());
    }
}
