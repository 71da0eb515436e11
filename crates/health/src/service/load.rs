//! Reads the whole state back from the store, when the service opens and when another process has written.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use slipway_chassis::record as stored;
use slipway_domain::name::ModelName;
use slipway_store::{Entry, KeyRange, Revision, Store};

use crate::error::Error;
use crate::keys::{self, Paired, Served};
use crate::record::{Head, Member, Producer};
use crate::state::{Snapshot, Stored, Sums};
use crate::window::Minute;

/// How many records are read at once.
const PAGE: usize = 4096;

/// The state and the head record with its revision; no head if nothing was ever written.
///
/// # Errors
/// [`Error::Unreadable`] and [`Error::Damaged`].
pub(super) async fn load(store: &dyn Store) -> Result<(Snapshot, Option<(Head, Revision)>), Error> {
    loop {
        let before = read_head(store).await?;
        let mut snapshot = Snapshot::default();
        load_producers(store, &mut snapshot).await?;
        load_members(store, &mut snapshot).await?;
        load_cells::<Served>(store, &mut snapshot).await?;
        load_cells::<Paired>(store, &mut snapshot).await?;
        let (after, revision) = read_head_at(store).await?;
        // Every writer changes the head, so pages between two equal heads are of one state.
        if before == after {
            snapshot.revision = revision;
            return Ok((snapshot, after));
        }
    }
}

/// The head record with the revision that wrote it.
///
/// # Errors
/// [`Error::Unreadable`] and [`Error::Damaged`].
pub(super) async fn read_head(store: &dyn Store) -> Result<Option<(Head, Revision)>, Error> {
    Ok(read_head_at(store).await?.0)
}

async fn read_head_at(store: &dyn Store) -> Result<(Option<(Head, Revision)>, Revision), Error> {
    let got = store.get(keys::HEAD.as_bytes()).await.map_err(Error::Unreadable)?;
    let head = got.entry.map(|entry| Ok::<_, Error>((decode(&entry)?, entry.mod_revision))).transpose()?;
    Ok((head, got.revision))
}

async fn load_producers(store: &dyn Store, snapshot: &mut Snapshot) -> Result<(), Error> {
    let mut pages = Pages::of(keys::PRODUCERS);
    while let Some(page) = pages.next(store).await? {
        for entry in &page {
            let producer = keys::read_producer(&entry.key).ok_or_else(|| bad_key(entry))?;
            let standing: Producer = decode(entry)?;
            snapshot.put_producer(producer, standing);
        }
    }
    Ok(())
}

async fn load_members(store: &dyn Store, snapshot: &mut Snapshot) -> Result<(), Error> {
    let mut pages = Pages::of(keys::MEMBERS);
    while let Some(page) = pages.next(store).await? {
        for entry in &page {
            let (model, producer) = keys::read_member(&entry.key).ok_or_else(|| bad_key(entry))?;
            let member: Member = decode(entry)?;
            snapshot.put_member(&model, producer, Minute::from_number(member.newest));
        }
    }
    Ok(())
}

async fn load_cells<S: Stored>(store: &dyn Store, snapshot: &mut Snapshot) -> Result<(), Error> {
    let mut pages = Pages::of(S::PREFIX);
    while let Some(page) = pages.next(store).await? {
        let mut run: Option<Run<S>> = None;
        for entry in page {
            let (model, subject, minute) = keys::read_cell(&entry.key).ok_or_else(|| bad_key(&entry))?;
            let cell = S::Cell::decode(&entry.value).map_err(|error| Error::damaged(&entry.key, error))?;
            if let Some(done) = run.take_if(|run| run.model != model || run.subject != subject) {
                done.restore(snapshot)?;
            }
            let run = run.get_or_insert_with(|| Run { model, subject, stored: Vec::new(), cells: BTreeMap::new() });
            run.stored.push((minute, entry.value));
            run.cells.insert(minute, cell);
        }
        run.map_or(Ok(()), |run| run.restore(snapshot))?;
    }
    Ok(())
}

/// Neighbouring cells of one series.
struct Run<S: Stored> {
    model: ModelName,
    subject: S,
    stored: Vec<(Minute, Bytes)>,
    cells: BTreeMap<Minute, S::Cell>,
}

impl<S: Stored> Run<S> {
    fn restore(self, snapshot: &mut Snapshot) -> Result<(), Error> {
        S::series(snapshot.model_mut(&self.model), self.subject).restore(self.stored, &self.cells)
    }
}

/// The records of a prefix, page by page.
struct Pages {
    /// What is still to be read; none when all has been.
    rest: Option<KeyRange>,
}

impl Pages {
    fn of(prefix: &'static str) -> Self {
        Self { rest: Some(KeyRange::prefix(prefix)) }
    }

    async fn next(&mut self, store: &dyn Store) -> Result<Option<Vec<Entry>>, Error> {
        let Some(rest) = self.rest.take() else { return Ok(None) };
        let listing = store.range(&rest, PAGE).await.map_err(Error::Unreadable)?;
        if let Some(last) = listing.entries.last().filter(|_| listing.more) {
            self.rest = Some(rest.after(&last.key));
        }
        Ok(Some(listing.entries))
    }
}

fn decode<T: DeserializeOwned>(entry: &Entry) -> Result<T, Error> {
    stored::decode(&entry.value).map_err(|error| Error::damaged(&entry.key, error))
}

fn bad_key(entry: &Entry) -> Error {
    Error::damaged(&entry.key, "the key has not the form of its range")
}
