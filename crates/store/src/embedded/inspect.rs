//! Looking at a data folder from outside, without changing anything in it: what it is, whether it is whole, and what
//! opening it would do.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LOCK;
use super::appender::last_record;
use super::format::{Format, MARKER, Marker};
use super::generations::{Generations, Trust};
use super::record::Tip;
use super::recovery;
use super::segment::{self, Rest, Segment};
use super::snapshot::{self, Snapshot};
use crate::disk::{Disk, ReadOnly, definite};
use crate::{Error, Revision};

/// What was found in a data folder.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The folder.
    pub path: PathBuf,
    /// What it says of itself; `None` if it says nothing.
    pub format: Option<Format>,
    /// The service whose rows are in it, if it says so.
    pub service: Option<String>,
    /// Somebody has it open. What is found then may be the middle of a change, and so may the damage.
    pub in_use: bool,
    /// The oldest revision that watches can replay; `None` if there is no journal.
    pub oldest_revision: Option<Revision>,
    /// The last whole revision; `None` if there is no journal.
    pub revision: Option<Revision>,
    /// The segments of the journal, in order.
    pub segments: Vec<FoundFile>,
    /// The snapshots, in order.
    pub snapshots: Vec<FoundFile>,
    /// The bytes behind the last whole record that were never acknowledged, and are cut off at the next opening.
    pub torn_bytes: u64,
    /// The state that is kept beside the journal.
    pub state: FoundState,
    /// The bytes of everything in the folder.
    pub bytes: u64,
    /// What keeps the folder from being opened, or would be lost by opening it. None: it is whole.
    pub problems: Vec<Error>,
}

/// A file of the journal, or a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The first revision in it; of a snapshot the revision that it is of.
    pub first: Revision,
    /// The last whole revision in it, less than `first` if there is none; of a snapshot the revision that it is of.
    pub last: Revision,
    /// What is wrong with it.
    pub damage: Option<Error>,
}

/// What opening the folder makes of the state that is kept there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundState {
    /// It is believed, and brought to the end of the journal.
    Trusted,
    /// It is made again from the last snapshot and the journal: the machine was started since it was written.
    Untrusted,
    /// There is none: it is made from the last snapshot and the journal.
    Absent,
}

/// Looks at the data folder `dir`. Reads every byte of its journal and its snapshots, and changes nothing.
///
/// While it looks whether somebody has the folder open, for an instant, nobody can open it.
///
/// # Errors
/// [`Error::Unavailable`] if there is no such folder or it cannot be read. What is wrong with what is in it is told in
/// [`Inspection::problems`].
pub fn inspect(dir: impl Into<PathBuf>) -> Result<Inspection, Error> {
    let dir = dir.into();
    let unread = |error: io::Error| definite(&dir, &error);
    let disk: Arc<dyn Disk> = Arc::new(ReadOnly::open(&dir).map_err(unread)?);
    let in_use = disk.lock(LOCK).map_err(unread)?.is_none();
    let mut found = Inspection {
        format: None,
        service: None,
        in_use,
        oldest_revision: None,
        revision: None,
        segments: Vec::new(),
        snapshots: Vec::new(),
        torn_bytes: 0,
        state: state(&disk, &dir.join(super::STATES)),
        bytes: size(&dir).map_err(unread)?,
        problems: Vec::new(),
        path: dir.clone(),
    };
    match Marker::read(&*disk) {
        Ok(None) => {}
        Ok(Some(Marker { format, service })) => (found.format, found.service) = (Some(format), service),
        Err(problem) => {
            found.problems.push(problem);
            return Ok(found);
        }
    }
    let mut names = disk.list().map_err(unread)?;
    names.sort();
    found.problems.extend(recovery::check_restored(&*disk, &names).err());
    found.look_at_snapshots(&*disk, &names);
    found.look_at_segments(&*disk, &names);
    found.check_history(&names);
    Ok(found)
}

impl Inspection {
    fn look_at_snapshots(&mut self, disk: &dyn Disk, names: &[String]) {
        for name in names {
            let Some(revision) = snapshot::parse_name(name) else { continue };
            let read = Snapshot::open(disk, name).and_then(|_| snapshot::read(disk, name, |_| Ok(())));
            if self.in_use && read.is_err() && !disk.path(name).exists() {
                continue;
            }
            let bytes = fs::metadata(disk.path(name)).map_or(0, |found| found.len());
            let damage = read.err();
            self.problems.extend(damage.clone());
            self.snapshots.push(FoundFile { name: name.clone(), bytes, first: revision, last: revision, damage });
        }
    }

    fn look_at_segments(&mut self, disk: &dyn Disk, names: &[String]) {
        let mut segments = Vec::new();
        for name in names {
            let Some(first) = segment::parse_name(name) else { continue };
            match Segment::open(disk, name) {
                Err(_) if self.in_use && !disk.path(name).exists() => {}
                opened => segments.push((name, first, opened)),
            }
        }
        self.oldest_revision = segments.first().map(|(_, first, _)| *first);
        for (at, (name, first, opened)) in segments.iter().enumerate() {
            let next = segments.get(at + 1).map(|(_, first, next)| (*first, next.as_ref().ok()));
            let (last, damage) = match opened {
                Ok(segment) => self.look_at_segment(segment, next),
                Err(error) => (first - 1, Some(error.clone())),
            };
            self.revision = Some(last);
            self.problems.extend(damage.clone());
            let bytes = fs::metadata(disk.path(name)).map_or(0, |found| found.len());
            self.segments.push(FoundFile { name: (*name).clone(), bytes, first: *first, last, damage });
        }
    }

    /// The last revision of a segment, and what is wrong with it if the next one begins with the given revision.
    fn look_at_segment(
        &mut self,
        segment: &Segment,
        next: Option<(Revision, Option<&Segment>)>,
    ) -> (Revision, Option<Error>) {
        let walked = last_record(segment).and_then(|(tip, end)| Ok((tip, end, segment.file.len()?)));
        let (tip, end, length) = match walked {
            Ok(walked) => walked,
            Err(error) => return (segment.before.revision, Some(segment.failed(&error))),
        };
        let broken = match next {
            None => return (tip.revision, self.look_at_end(segment, tip, (end, length))),
            Some((_, Some(next))) => next.before != tip,
            Some((first, None)) => first != tip.revision + 1,
        };
        (tip.revision, broken.then(|| segment.damaged(end, tip.revision + 1)))
    }

    /// Looks at what follows the last record, between the bytes `end` and `length`.
    fn look_at_end(&mut self, segment: &Segment, tip: Tip, (end, length): (u64, u64)) -> Option<Error> {
        match segment::judge(segment, end, tip) {
            Ok(Rest::Clean) => None,
            Ok(Rest::Torn) => {
                self.torn_bytes = length.saturating_sub(end);
                None
            }
            Ok(Rest::Damaged) => Some(segment.damaged(end, tip.revision + 1)),
            Err(error) => Some(segment.failed(&error)),
        }
    }

    /// Sees whether the files that are whole fit together.
    fn check_history(&mut self, names: &[String]) {
        let whole = self.snapshots.iter().rev().find(|found| found.damage.is_none());
        let snapshot = whole.map_or(0, |found| found.last);
        let fits = match (self.oldest_revision, self.revision) {
            (Some(oldest), Some(revision)) => {
                recovery::check_history(&self.path, snapshot, oldest, Tip { revision, checksum: 0 })
            }
            _ if snapshot == 0 && (self.state != FoundState::Absent || names.iter().any(|name| name == MARKER)) => {
                let what = "there is neither a journal nor a snapshot".to_owned();
                Err(Error::Corrupt { path: self.path.clone(), what })
            }
            _ => Ok(()),
        };
        self.problems.extend(fits.err());
    }
}

fn state(disk: &Arc<dyn Disk>, dir: &Path) -> FoundState {
    let generations = Generations::new(disk, dir);
    let (generation, trust) = generations.last();
    match trust {
        _ if !generations.path(generation).is_dir() => FoundState::Absent,
        Trust::Whole => FoundState::Trusted,
        Trust::None => FoundState::Untrusted,
    }
}

/// The bytes of all files below `dir`. One that goes meanwhile counts for nothing.
fn size(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        bytes += match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => size(&path).unwrap_or(0),
            Ok(found) => found.len(),
            Err(_) => 0,
        };
    }
    Ok(bytes)
}
