//! The folders in which states are kept: one that is used, and while a broken one is replaced, the next.
//!
//! A small file beside the journal says which folder is used and whether what sled left in it can
//! be believed: it cannot after a power cut, which is told from a killed process by the machine's boot.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::whole_file;
use crate::Error;
use crate::disk::{Disk, definite};

/// The file that says which generation is used.
pub(super) const NOTE: &str = "STATE";

/// Room for states.
#[derive(Debug)]
pub(super) struct Generations {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
}

/// Number of a state's folder; a replaced state leaves its number to nobody.
pub(super) type Generation = u64;

impl Generations {
    pub(super) fn new(disk: &Arc<dyn Disk>, dir: &Path) -> Self {
        Self { disk: Arc::clone(disk), dir: dir.to_owned() }
    }

    /// The folder of a generation.
    pub(super) fn path(&self, generation: Generation) -> PathBuf {
        self.dir.join(generation.to_string())
    }

    /// The generation that was used last and whether it can be believed.
    pub(super) fn last(&self) -> (Generation, Trust) {
        // A note that cannot be read is as good as none: the state is made again.
        let Ok(Some(note)) = whole_file::read(&*self.disk, NOTE) else { return (0, Trust::None) };
        let Some((generation, kept)) = note.split_once('\n') else { return (0, Trust::None) };
        let generation = generation.parse().unwrap_or(0);
        let boot = self.disk.boot_id().map(|id| format!("boot {id}"));
        let believed = kept == "synced" || boot.is_some_and(|boot| boot == kept);
        (generation, if believed { Trust::Whole } else { Trust::None })
    }

    /// Notes that `generation` is used from now on.
    pub(super) fn note_used(&self, generation: Generation) -> Result<(), Error> {
        let boot = self.disk.boot_id();
        self.write_note(generation, &boot.map_or_else(|| "unknown boot".to_owned(), |id| format!("boot {id}")))
    }

    /// Notes that the files of `generation` are durable and nobody writes them.
    pub(super) fn note_synced(&self, generation: Generation) -> Result<(), Error> {
        self.write_note(generation, "synced")
    }

    /// There are states, or what is left of them.
    pub(super) fn exist(&self) -> bool {
        fs::read_dir(&self.dir).is_ok_and(|mut entries| entries.next().is_some())
    }

    /// Removes the folders of all generations but `kept`.
    pub(super) fn remove_others(&self, kept: Generation) {
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        let name = kept.to_string();
        for path in entries.flatten().filter(|entry| entry.file_name() != name.as_str()).map(|entry| entry.path()) {
            if let Err(error) = remove(&path) {
                tracing::warn!(path = %path.display(), %error, "an unused state could not be removed");
            }
        }
    }

    fn write_note(&self, generation: Generation, kept: &str) -> Result<(), Error> {
        let written = whole_file::replace(&*self.disk, NOTE, &format!("{generation}\n{kept}"));
        written.map_err(|error| definite(&self.disk.path(NOTE), &error))
    }
}

/// How much of what sled left can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is what sled wrote, as far as it got.
    Whole,
    /// Writes may have been lost in any order.
    None,
}

/// Removes a folder or a file.
fn remove(path: &Path) -> io::Result<()> {
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}
