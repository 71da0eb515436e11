//! The segments of the journal as one history that can be read from any revision that is kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::record::Tip;
use super::segment::{self, Scanner, Segment};
use crate::disk::{Disk, definite};
use crate::{Commit, Error, Revision};

/// The history that is kept.
#[derive(Debug)]
pub(super) struct Journal {
    disk: Arc<dyn Disk>,
    /// In order, never none; the last one is written.
    segments: RwLock<Vec<Arc<Segment>>>,
    /// The revisions after which everything is kept, each for a [`Pin`].
    pins: Mutex<BTreeMap<u64, Revision>>,
}

/// Keeps a part of the history for as long as it lives.
#[derive(Debug)]
pub(super) struct Pin {
    journal: Arc<Journal>,
    number: u64,
}

/// A place in the history: behind the record of `tip`.
#[derive(Clone, Debug)]
pub(super) struct Position {
    /// Kept open, so that a reader can finish a segment that was dropped meanwhile.
    segment: Arc<Segment>,
    offset: u64,
    pub tip: Tip,
}

/// A stretch of history.
pub(super) struct Stretch {
    pub commits: Vec<Arc<Commit>>,
    pub end: Position,
}

impl Journal {
    /// Opens the segments on `disk`; `None` if there are none.
    pub(super) fn open(disk: &Arc<dyn Disk>, names: &[String]) -> Result<Option<Self>, Error> {
        let mut names: Vec<_> = names.iter().filter(|name| segment::parse_name(name).is_some()).collect();
        names.sort();
        let open = |name: &&String| Segment::open(&**disk, name).map(Arc::new);
        let segments = names.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        Ok((!names.is_empty()).then(|| Self::of(disk, segments)))
    }

    /// Begins a history that goes on after `before`.
    pub(super) fn create(disk: &Arc<dyn Disk>, before: Tip) -> Result<Self, Error> {
        let segment = Segment::create(&**disk, before).map_err(|error| definite(&disk.path("journal"), &error))?;
        Ok(Self::of(disk, vec![Arc::new(segment)]))
    }

    fn of(disk: &Arc<dyn Disk>, segments: Vec<Arc<Segment>>) -> Self {
        Self { disk: Arc::clone(disk), segments: RwLock::new(segments), pins: Mutex::default() }
    }

    /// Keeps the whole history, until the pin says what is enough.
    pub(super) fn pin(self: &Arc<Self>) -> Pin {
        let _nothing_is_dropped_meanwhile = self.list();
        let mut pins = self.pins();
        let number = pins.last_key_value().map_or(0, |(last, _)| last + 1);
        pins.insert(number, 0);
        Pin { journal: Arc::clone(self), number }
    }

    /// The oldest revision that is kept, or will be if nothing is written yet.
    pub(super) fn oldest(&self) -> Revision {
        self.list().first().map_or(1, |segment| segment.first())
    }

    /// The segment that is written.
    pub(super) fn last(&self) -> Arc<Segment> {
        let segments = self.list();
        Arc::clone(segments.last().expect("a journal is made with a segment and keeps its last one"))
    }

    /// The bytes of the segments that begin after `revision`, the one that is written left out.
    pub(super) fn sealed_bytes_after(&self, revision: Revision) -> Result<u64, Error> {
        let segments = self.list();
        let sealed = segments.iter().take(segments.len() - 1).filter(|segment| segment.first() > revision);
        let lengths = sealed.map(|segment| segment.file.len().map_err(|error| segment.failed(&error)));
        lengths.sum()
    }

    /// The bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.list().iter().map(|segment| segment.file.len().unwrap_or(0)).sum()
    }

    /// Goes on in a new segment after `before`.
    pub(super) fn roll(&self, before: Tip) -> Result<Arc<Segment>, Error> {
        let segment = Segment::create(&*self.disk, before);
        let segment = Arc::new(segment.map_err(|error| definite(&self.disk.path("journal"), &error))?);
        self.segments.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&segment));
        Ok(segment)
    }

    /// Drops the segments that hold nothing at or after `oldest`, nor anything that is pinned.
    pub(super) fn drop_before(&self, oldest: Revision) -> Result<(), Error> {
        let dropped: Vec<_> = {
            let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
            let pinned = self.pins().values().min().map_or(Revision::MAX, |after| after + 1);
            let oldest = oldest.min(pinned);
            let old = segments.iter().skip(1).take_while(|next| next.first() <= oldest).count();
            segments.drain(..old).collect()
        };
        // The list came first, so that nobody begins to read what is about to go; now from the oldest on, so that
        // a crash in between leaves no gap.
        for segment in dropped {
            self.disk.remove(&segment.name).map_err(|error| segment.failed(&error))?;
        }
        Ok(())
    }

    /// The place behind revision `after`.
    pub(super) fn locate(&self, after: Revision) -> Result<Position, Error> {
        let segment = {
            let segments = self.list();
            let oldest = segments.first().map_or(1, |segment| segment.first());
            let holding = segments.iter().rev().find(|segment| segment.first() <= after + 1);
            Arc::clone(holding.ok_or(Error::Compacted { oldest })?)
        };
        let tip = segment.before;
        let start = Position { segment, offset: segment::HEADER as u64, tip };
        self.scan(start, after, usize::MAX, |_| {})
    }

    /// Reads on from `position` up to revision `through`, stopping after about `budget` bytes.
    pub(super) fn read(&self, position: &Position, through: Revision, budget: usize) -> Result<Stretch, Error> {
        let mut commits = Vec::new();
        let end = self.scan(position.clone(), through, budget, |commit| commits.push(Arc::new(commit)))?;
        Ok(Stretch { commits, end })
    }

    fn scan(
        &self,
        mut position: Position,
        through: Revision,
        budget: usize,
        mut found: impl FnMut(Commit),
    ) -> Result<Position, Error> {
        let mut taken = 0;
        while position.tip.revision < through && taken < budget {
            let segment = Arc::clone(&position.segment);
            let mut scanner = Scanner::new(&segment, position.offset);
            while position.tip.revision < through && taken < budget {
                let record = scanner.next().map_err(|error| segment.failed(&error))?;
                let Some(record) = record.filter(|record| record.follows(position.tip)) else { break };
                position.tip = record.tip();
                position.offset = scanner.offset();
                taken += record.commit.size();
                found(record.commit);
            }
            if position.tip.revision < through && taken < budget {
                position = self.next_segment(position)?;
            }
        }
        Ok(position)
    }

    /// The beginning of the segment that goes on where `position` stands at the end of its own.
    fn next_segment(&self, position: Position) -> Result<Position, Error> {
        let wanted = position.tip.revision + 1;
        let segments = self.list();
        let oldest = segments.first().map_or(1, |segment| segment.first());
        if wanted < oldest {
            return Err(Error::Compacted { oldest });
        }
        let goes_on = |segment: &&Arc<Segment>| segment.before == position.tip && segment.name != position.segment.name;
        let Some(next) = segments.iter().find(goes_on) else {
            return Err(position.segment.damaged(position.offset, wanted));
        };
        Ok(Position { segment: Arc::clone(next), offset: segment::HEADER as u64, tip: position.tip })
    }

    fn pins(&self) -> MutexGuard<'_, BTreeMap<u64, Revision>> {
        // Every change of it is one call that cannot panic half way.
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list(&self) -> std::sync::RwLockReadGuard<'_, Vec<Arc<Segment>>> {
        // Every change of the list is one call that cannot panic half way.
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pin {
    /// What comes after `revision` is enough.
    pub(super) fn keep_after(&self, revision: Revision) {
        self.journal.pins().insert(self.number, revision);
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.journal.pins().remove(&self.number);
    }
}
