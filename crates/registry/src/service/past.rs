//! The past: what was known at a revision or at a moment, made of the ledger, and who may see it.
//!
//! The newest picture is led back step by step to the one that is asked for: one read of the ledger for each resource that
//! was there then and has changed since, none for what did not exist. A few such pictures are kept.

mod kept;

use std::sync::Arc;

use slipway_chassis::{Caller, record};
use slipway_domain::as_of::AsOf;
use slipway_domain::ledger::{Change, Resource};
use slipway_domain::model::Model;
use slipway_domain::name::{Identifier, ModelName};
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::Registry;
use super::standard::not_found;
use crate::Error;
use crate::state::{ListedModel, State, Then};

pub(super) use kept::Pasts;

/// So many steps are made before others get their turn.
const STRIDE: usize = 256;

/// What a caller sees of a picture: what it may see by how things were owned there, and also by how they are owned now.
pub(super) struct Sight<'a> {
    caller: &'a Caller,
    /// The picture.
    pub state: &'a State,
    /// How things are now, if the picture is one of the past.
    now: Option<Arc<State>>,
}

impl Sight<'_> {
    /// Whether the caller sees a model of the picture.
    pub fn model(&self, model: &Model) -> bool {
        self.caller.covers(&self.state.model_subject(model)) && self.covers_now(&model.name)
    }

    /// A model with what is computed for it, as far as the caller may know it.
    pub fn listed(&self, kept: Kept<Model>) -> ListedModel {
        let grant = &self.caller.granted.grant;
        let listed = self.state.listed(kept).shown_to(grant, self.state);
        match &self.now {
            Some(now) => listed.shown_to(grant, now),
            None => listed,
        }
    }

    /// Whether it sees what lies below a model.
    pub fn below(&self, model: &ModelName) -> bool {
        self.caller.covers(&self.state.subject(model)) && self.covers_now(model)
    }

    fn covers_now(&self, model: &ModelName) -> bool {
        self.now.as_ref().is_none_or(|now| self.caller.covers(&now.subject(model)))
    }
}

impl Registry {
    /// How `caller` sees `state`, the picture as of `as_of`.
    pub(super) fn sight<'a>(&self, caller: &'a Caller, as_of: AsOf, state: &'a State) -> Sight<'a> {
        let now = (as_of != AsOf::Now).then(|| self.feed.current());
        Sight { caller, state, now }
    }

    /// The revision that the registry was at as of `as_of`, by the ledger that `now` has.
    ///
    /// # Errors
    /// `REVISION_AHEAD` and `TIME_AHEAD` for what is still to come, `TOO_OLD` for what lies before the ledger.
    pub(super) fn revision_as_of(&self, now: &State, as_of: AsOf) -> Result<Revision, Error> {
        let oldest = now.ledger.oldest().map_or((now.revision, self.env.now()), |place| (place.revision, place.at()));
        let too_old = |asked: String| Error::TooOld { asked, oldest: oldest.0, oldest_at: oldest.1 };
        match as_of {
            AsOf::Now => Ok(now.revision),
            AsOf::Revision(asked) if asked > now.revision => Err(Error::Ahead { asked, current: now.revision }),
            AsOf::Revision(asked) if asked < oldest.0 => Err(too_old(format!("revision {asked}"))),
            AsOf::Revision(asked) => Ok(asked),
            AsOf::Time(asked) if asked > self.env.now() => Err(Error::TimeAhead { asked, now: self.env.now() }),
            AsOf::Time(asked) => now.ledger.revision_at(asked).ok_or_else(|| too_old(asked.to_string())),
        }
    }

    /// The picture as of `as_of`, and its revision.
    ///
    /// # Errors
    /// As [`Registry::revision_as_of`]; `ROW_DAMAGED`, `STORE_UNAVAILABLE`.
    pub(super) async fn picture_as_of(&self, as_of: AsOf) -> Result<(Arc<State>, Revision), Error> {
        let now = self.feed.current();
        let revision = self.revision_as_of(&now, as_of)?;
        Ok((self.picture_at(&now, revision).await?, revision))
    }

    /// The picture at `revision`, which the ledger of `now` reaches.
    pub(super) async fn picture_at(&self, now: &Arc<State>, revision: Revision) -> Result<Arc<State>, Error> {
        let (size, newest) = (now.ledger.size_at(revision), now.ledger.tree().size());
        if size == newest {
            return Ok(Arc::clone(now));
        }
        if let Some(picture) = self.pasts.find(size) {
            return Ok(picture);
        }
        // One after the other: who asks for the same moment finds it made, and no crowd makes a crowd of pictures.
        let _turn = self.pasts.turn().await;
        if let Some(picture) = self.pasts.find(size) {
            return Ok(picture);
        }
        let (from, base) = self.pasts.nearest(size, newest).unwrap_or_else(|| (newest, Arc::clone(now)));
        let steps = now.ledger.steps(from, size);
        let mut picture = State { revision, ..base.for_reading() };
        let mut read = 0;
        for (number, (name, entry)) in steps.iter().enumerate() {
            let then = match entry {
                Some(index) => self.then(now, *index).await?,
                None => Then::Unborn,
            };
            read += usize::from(entry.is_some());
            picture.show(name, then);
            if number % STRIDE == STRIDE - 1 {
                tokio::task::yield_now().await;
            }
        }
        picture.made();
        let picture = Arc::new(picture);
        self.pasts.keep(size, &picture, kept::weight(read, steps.len()));
        Ok(picture)
    }

    /// What the entry at `index` says that its resource was after it.
    async fn then(&self, now: &State, index: u64) -> Result<Then, Error> {
        let entry = self.read_entry(now, index).await?;
        let change: Change = record::decode(&entry.value).map_err(|error| Error::damaged(&entry.key, &error))?;
        Ok(change.after.map_or(Then::Gone, |resource| Then::Was(Box::new(resource), entry.mod_revision)))
    }

    /// What `read` finds as of `as_of`, for a caller who passes `check` both then and now. What is asked of now is asked
    /// before anything is said about then.
    pub(super) async fn read_as_of<T>(
        &self,
        as_of: AsOf,
        check: impl Fn(&State) -> Result<(), Error>,
        read: impl Fn(&State, Revision) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if as_of == AsOf::Now {
            let state = self.feed.look();
            check(&state)?;
            return read(&state, state.revision);
        }
        check(&self.feed.look())?;
        let (picture, revision) = self.picture_as_of(as_of).await?;
        check(&picture)?;
        read(&picture, revision)
    }

    /// A resource that nothing is computed for, as of `as_of`; `pick` takes it as what it is.
    ///
    /// Who may see all of `namespace` whoever owns it needs no picture of that time: one entry of the ledger says it all.
    pub(super) async fn one_as_of<T>(
        &self,
        (caller, as_of): (&Caller, AsOf),
        (namespace, name): (&Identifier, &str),
        pick: impl Fn(Resource) -> Option<T>,
        otherwise: impl Future<Output = Result<Kept<T>, Error>>,
    ) -> Result<Kept<T>, Error> {
        if as_of == AsOf::Now || !caller.granted.grant.covers_whole(namespace.as_str()) {
            return otherwise.await;
        }
        let now = self.feed.current();
        let revision = self.revision_as_of(&now, as_of)?;
        let index = now.ledger.last(name, revision).ok_or_else(|| not_found(&name))?;
        match self.then(&now, index).await? {
            Then::Was(resource, revision) => {
                let name = resource.name();
                let value =
                    pick(*resource).ok_or_else(|| Error::damaged(name.as_bytes(), &"another kind of resource"))?;
                Ok(Kept::new(value, revision))
            }
            Then::Unborn | Then::Gone => Err(not_found(&name)),
        }
    }
}
