//! The checked-out repository: where it is, its files, and how to call cargo in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// Folders that hold nothing of the repository.
const FOREIGN: [&str; 3] = [".git", "target", "__pycache__"];

/// A checked-out repository.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The repository this tool was built from.
    pub fn of_this_tool() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.ancestors().nth(2).unwrap_or(manifest);
        Self { root: root.to_owned() }
    }

    /// A repository at `root`.
    #[cfg(test)]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The path of `relative` in this repository.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The text of a file.
    ///
    /// # Errors
    ///
    /// The file is missing, unreadable or not UTF-8.
    pub fn read(&self, relative: &str) -> anyhow::Result<String> {
        std::fs::read_to_string(self.path(relative)).with_context(|| format!("can't read {relative}"))
    }

    /// Replaces the text of a file; says whether that changed it.
    ///
    /// # Errors
    ///
    /// The file can't be written.
    pub fn write(&self, relative: &str, text: &str) -> anyhow::Result<bool> {
        if self.read(relative).is_ok_and(|old| old == text) {
            return Ok(false);
        }
        std::fs::write(self.path(relative), text).with_context(|| format!("can't write {relative}"))?;
        Ok(true)
    }

    /// All files under `folder` (empty for all) whose name ends in `.extension`, as sorted paths from the root.
    ///
    /// # Errors
    ///
    /// A folder can't be listed.
    pub fn files(&self, folder: &str, extension: &str) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        let mut folders = vec![self.path(folder)];
        while let Some(folder) = folders.pop() {
            let listing = std::fs::read_dir(&folder).with_context(|| format!("can't list {}", folder.display()))?;
            for entry in listing {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default();
                if path.is_dir() && !FOREIGN.iter().any(|foreign| name == *foreign) {
                    folders.push(path);
                } else if path.extension().is_some_and(|found| found == extension) {
                    found.push(self.relative(&path));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// A call of the cargo that runs this tool.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(arguments).current_dir(&self.root);
        command
    }

    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().into_owned()
    }
}
