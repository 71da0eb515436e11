//! Opening a data folder: what is there, what can be believed, and what must be made again.

use std::path::Path;
use std::sync::Arc;

use super::Options;
use super::appender::Appender;
use super::format::{Format, Marker, Rows};
use super::generations::{Generation, Generations, NOTE, Trust};
use super::is_temporary;
use super::journal::Journal;
use super::rebuild::{self, Sources};
use super::record::Tip;
use super::restore::RESTORING;
use super::snapshot::{self, Snapshot};
use super::state::State;
use crate::disk::{Disk, definite};
use crate::{Error, Revision};

/// A data folder that is open, and whose parts fit together.
pub(super) struct Recovered {
    pub format: Format,
    pub journal: Arc<Journal>,
    pub appender: Appender,
    pub snapshot: Option<Snapshot>,
    pub generations: Generations,
    pub generation: Generation,
    /// As of the last record of the journal.
    pub state: State,
}

/// Opens what is on `disk`, with states in the folder `state_dir`.
pub(super) fn recover(disk: &Arc<dyn Disk>, state_dir: &Path, options: &Options) -> Result<Recovered, Error> {
    let names = disk.list().map_err(|error| definite(&disk.path(""), &error))?;
    check_restored(&**disk, &names)?;
    let generations = Generations::new(disk, state_dir);
    let snapshot = newest_snapshot(&**disk, &names)?;
    if let Some(snapshot) = &snapshot {
        snapshot.format.check_rows(&disk.path(&snapshot.name), options.rows)?;
    }
    let journal = Journal::open(disk, &names)?;
    let marker = check_format(&**disk, options)?;
    // Only now is it certain that this program can read everything here: until here nothing was changed.
    for name in names.iter().filter(|name| is_temporary(name)) {
        disk.remove(name).map_err(|error| definite(&disk.path(name), &error))?;
    }
    let rows = if journal.is_none() && snapshot.is_none() { Rows::None } else { Rows::Some };
    let format = Marker::claim(marker, &**disk, options, rows)?;
    let journal = match journal {
        Some(journal) => journal,
        None => begin(disk, &names, snapshot.as_ref(), &generations)?,
    };
    let journal = Arc::new(journal);
    let appender = Appender::open(&journal, options.segment_bytes)?;
    let revision = snapshot.as_ref().map_or(0, |snapshot| snapshot.revision);
    check_history(&disk.path(""), revision, journal.oldest(), appender.tip())?;
    let through = appender.tip().revision;
    let sources = Sources { disk: &**disk, snapshot: snapshot.as_ref(), journal: &journal, through };
    let (generation, state) = open_state(&generations, sources, options.cache_bytes)?;
    generations.remove_others(generation);
    Ok(Recovered { format, journal, appender, snapshot, generations, generation, state })
}

/// The marker of the folder, if it has one and all that it speaks of can be read by a program with these options.
pub(super) fn check_format(disk: &dyn Disk, options: &Options) -> Result<Option<Marker>, Error> {
    let marker = Marker::read(disk)?;
    if let Some(marker) = &marker {
        marker.check(disk, options)?;
    }
    Ok(marker)
}

/// Sees to it that no restore was left in the middle.
pub(super) fn check_restored(disk: &dyn Disk, names: &[String]) -> Result<(), Error> {
    if !names.iter().any(|name| name == RESTORING) {
        return Ok(());
    }
    let what = "a backup was being restored here, and that never ended".to_owned();
    Err(Error::Corrupt { path: disk.path(RESTORING), what })
}

fn newest_snapshot(disk: &dyn Disk, names: &[String]) -> Result<Option<Snapshot>, Error> {
    let newest = names.iter().filter(|name| snapshot::parse_name(name).is_some()).max();
    newest.map(|name| Snapshot::open(disk, name)).transpose()
}

/// Begins a journal where there is none: in an empty folder, or behind a snapshot that is restored.
fn begin(
    disk: &Arc<dyn Disk>,
    names: &[String],
    snapshot: Option<&Snapshot>,
    generations: &Generations,
) -> Result<Journal, Error> {
    let tip = match snapshot {
        Some(snapshot) => snapshot::read(&**disk, &snapshot.name, |_| Ok(()))?.tip,
        None if generations.exist() || names.iter().any(|name| name == NOTE) => {
            let what = "there was a store here, and its journal is missing".to_owned();
            return Err(Error::Corrupt { path: disk.path(""), what });
        }
        None => Tip::default(),
    };
    Journal::create(disk, tip)
}

/// Sees to it that a snapshot of revision `snapshot` and a journal from `oldest` to `tip` have no gap between them.
pub(super) fn check_history(folder: &Path, snapshot: Revision, oldest: Revision, tip: Tip) -> Result<(), Error> {
    let missing = if oldest > snapshot + 1 {
        format!("the revisions {} to {} are in no file", snapshot + 1, oldest - 1)
    } else if tip.revision < snapshot {
        format!("the journal ends at revision {}, before the snapshot's revision {snapshot}", tip.revision)
    } else {
        return Ok(());
    };
    Err(Error::Corrupt { path: folder.to_owned(), what: missing })
}

fn open_state(generations: &Generations, sources: Sources<'_>, cache_bytes: u64) -> Result<(Generation, State), Error> {
    let (last, trust) = generations.last();
    if trust == Trust::Whole {
        match catch_up(generations, last, sources, cache_bytes) {
            Ok(state) => return Ok((last, state)),
            Err(error) => tracing::warn!(%error, "the state is made again from the journal"),
        }
    }
    // Nobody reads the old one, and there may be room for one only.
    generations.remove_others(0);
    let next = last + 1;
    let noted = generations.note_used(next);
    match noted.and_then(|()| rebuild::build(&generations.path(next), cache_bytes, sources)) {
        Ok(state) => Ok((next, state)),
        Err(error) => {
            let state = rebuild::build_in_memory(sources)?;
            tracing::warn!(%error, "the state is kept in memory until it can be written");
            Ok((next, state))
        }
    }
}

/// Opens the state of `generation` and brings it to the end of the journal.
fn catch_up(
    generations: &Generations,
    generation: Generation,
    sources: Sources<'_>,
    cache_bytes: u64,
) -> Result<State, Error> {
    let path = generations.path(generation);
    let unusable = |reason: &str| Error::Unavailable { reason: format!("{}: {reason}", path.display()) };
    // Before sled writes anything: should the power fail, it is not to be believed any more.
    generations.note_used(generation)?;
    let (state, mark) = State::open(&path, cache_bytes)?;
    let mark = mark.ok_or_else(|| unusable("it does not say how far it reaches"))?;
    if mark.revision > sources.through {
        return Err(unusable("it is ahead of the journal"));
    }
    let position = sources.journal.locate(mark.revision)?;
    if position.tip != mark {
        return Err(unusable("it belongs to another history"));
    }
    rebuild::replay(&state, sources.journal, position, sources.through)?;
    Ok(state)
}
