//! The machine that is measured, and the place on its disk.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

/// File systems whose files are in memory: nothing on them is ever synced to a disk.
const IN_MEMORY: [&str; 3] = ["tmpfs", "ramfs", "devtmpfs"];

/// What the figures depend on.
pub struct Machine {
    cores: usize,
    processor: String,
    /// The folder in which temporary ones are made.
    folder: PathBuf,
    filesystem: String,
}

impl Machine {
    /// Looks at this machine and settles where data lies: in `dir`, or else in the first place that is on a disk.
    ///
    /// # Errors
    /// When `dir` is no folder or lies in memory, and when there is no other place on a disk.
    pub fn look(dir: Option<&Path>) -> Result<Self> {
        let places = dir.map_or_else(|| vec![std::env::temp_dir(), ".".into()], |dir| vec![dir.to_path_buf()]);
        let mut last = None;
        for place in &places {
            let folder = fs::canonicalize(place).with_context(|| format!("there is no folder {}", place.display()))?;
            let filesystem = filesystem(&folder);
            if !IN_MEMORY.contains(&filesystem.as_str()) {
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                return Ok(Self { cores, processor: processor(), folder, filesystem });
            }
            last = Some((folder, filesystem));
        }
        let place = last.map(|(folder, filesystem)| format!("{} ({filesystem})", folder.display())).unwrap_or_default();
        ensure!(false, "{place} lies in memory, where syncing costs nothing: name a folder on a disk by --dir");
        unreachable!("the condition above never holds")
    }

    /// A folder of its own, which is gone when the answer is dropped.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn temporary(&self) -> Result<TempDir> {
        let made = tempfile::Builder::new().prefix("slipway-bench-").tempdir_in(&self.folder);
        made.with_context(|| format!("no folder can be made in {}", self.folder.display()))
    }

    /// For people.
    pub fn text(&self) -> String {
        let Self { cores, processor, folder, filesystem } = self;
        format!("{cores} cores ({processor}), data in {} ({filesystem})", folder.display())
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let Self { cores, processor, folder, filesystem } = self;
        json!({"cores": cores, "processor": processor, "folder": folder, "filesystem": filesystem})
    }
}

/// The kind of the file system that `folder` lies on; `unknown` where the system does not tell.
fn filesystem(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let on = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        folder.starts_with(point).then_some((point.len(), kind))
    });
    // Of several on the same point, the last one hides the others.
    on.max_by_key(|(length, _)| *length).map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

fn processor() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    named.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_memory_is_refused_and_named() {
        // Linux mounts a file system in memory there.
        let shared_memory = Path::new("/dev/shm");
        if filesystem(shared_memory) == "tmpfs" {
            let refused = Machine::look(Some(shared_memory)).map(|_| ()).unwrap_err().to_string();
            assert!(refused.contains("/dev/shm (tmpfs)") && refused.contains("--dir"), "{refused}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let refused = Machine::look(Some(Path::new("/no/such/folder"))).map(|_| ()).unwrap_err();
        assert!(refused.to_string().contains("/no/such/folder"));
    }
}
