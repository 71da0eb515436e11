//! What can be done with every kind of resource alike.

use std::sync::Arc;

use slipway_chassis::intent::{Intent, Mode};
use slipway_chassis::{Caller, RequestId};
use slipway_domain::check::Check;
use slipway_domain::deletion::Deletion;
use slipway_domain::ledger::Resource;
use slipway_domain::principal::Principal;
use slipway_store::picture::Kept;

use super::commit::{Done, Draft, check_etag, merge};
use super::namespaces::check_namespace;
use super::print::Print;
use super::{Missing, Registry, Update};
use crate::Error;
use crate::kind::{Kind, Seen};
use crate::state::State;

/// The most holders of a resource that an error names.
pub(super) const NAMED_HOLDERS: usize = 5;

/// A deletion that is asked for.
#[derive(Debug, Clone)]
pub struct Delete<N> {
    /// The resource.
    pub name: N,
    /// What the caller believes the current etag to be; empty for no belief.
    pub etag: String,
    /// What happens when it is not there.
    pub missing: Missing,
}

pub(super) fn not_found(name: &impl std::fmt::Display) -> Error {
    Error::NotFound { name: name.to_string() }
}

/// The one resource that a mutation answers with.
pub(super) fn typed<K: Kind>(done: Done) -> Result<Kept<K>, Error> {
    let Done { answer, revision, .. } = done;
    let answer = answer.into_iter().next().ok_or_else(Error::no_answer)?;
    let value = K::of_resource(answer).map_err(|other| Error::wrong_kind(&other))?;
    Ok(Kept::new(value, revision))
}

/// Makes sure that a resource can be changed.
pub(super) fn check_alive<K: Kind>(value: &K) -> Result<(), Error> {
    match value.deletion() {
        Some(_) => Err(Error::Deleted { name: value.name().to_string() }),
        None => Ok(()),
    }
}

/// The resource called `name`, seen by somebody who may do to it what the method does.
pub(super) fn permitted<'a, K: Kind>(
    caller: &Caller,
    state: &'a State,
    name: &K::Name,
) -> Result<Option<&'a Kept<K>>, Error> {
    let kept = K::all(state).get(name);
    caller.check(&kept.map_or(K::nobodys(name, state), |kept| kept.value.subject(state)), name)?;
    Ok(kept)
}

/// Makes sure that `after` is valid, by itself and among the others.
pub(super) fn check_result<K: Kind>(
    after: &K,
    before: Option<&K>,
    (caller, state): (&Caller, &State),
) -> Result<Seen, Error> {
    let mut check = Check::new();
    after.check(&mut check);
    let mut seen = after.check_references(before, (caller, state), &mut check);
    if let (None, Some(namespace)) = (before, K::parent(after.name())) {
        seen.extend(check_namespace(&mut check, state, namespace));
    }
    check.finish()?;
    Ok(seen)
}

fn check_unused<K: Kind>(name: &K::Name, state: &State) -> Result<(), Error> {
    let by = K::holders(name, state);
    if by.is_empty() { Ok(()) } else { Err(Error::InUse { name: name.to_string(), by }) }
}

/// The change of `kept` into `after`, of which `fields` differ.
pub(super) fn changed<K: Kind>(kept: &Kept<K>, after: K, fields: Vec<&'static str>) -> Draft {
    Draft::update(kept.revision, copied(kept), after.into_resource(), fields)
}

impl Registry {
    /// Creates a resource.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`; `INVALID_FIELDS` if what it refers to is not there.
    pub(super) async fn create<K: Kind>(&self, intent: &Intent, wanted: K) -> Result<Kept<K>, Error> {
        let print = intent.fingerprint(&format!("Create{}", K::NOUN), &[&Print(&wanted)]);
        typed(self.mutate(intent, print, |state| self.created(state, intent, &wanted)).await?)
    }

    /// The creation of `wanted`.
    pub(super) fn created<K: Kind>(&self, state: &State, intent: &Intent, wanted: &K) -> Result<Draft, Error> {
        let name = wanted.name();
        intent.caller.check(&wanted.subject(state), name)?;
        if let Some(kept) = K::all(state).get(name) {
            // Whoever may not see it does not learn that it is there.
            intent.caller.check(&kept.value.subject(state), name)?;
            return Err(match kept.value.deletion() {
                Some(_) => Error::Deleted { name: name.to_string() },
                None => Error::AlreadyExists { name: name.to_string() },
            });
        }
        let mut created = wanted.clone();
        let now = self.env.now();
        let (created_at, updated_at) = created.times();
        (*created_at, *updated_at) = (now, now);
        let seen = check_result(&created, None, (&intent.caller, state))?;
        let mut draft = Draft::create(created.into_resource());
        draft.compares.extend(seen);
        Ok(draft)
    }

    /// Changes the masked fields of a resource.
    ///
    /// # Errors
    /// `NOT_FOUND`, `DELETED`, `ETAG_MISMATCH`, `INVALID_FIELDS` for a mask with unknown fields or a result that is not
    /// valid.
    pub(super) async fn update<K: Kind>(
        &self,
        intent: &Intent,
        update: Update<K>,
        create: impl Fn(&State, &K) -> Result<Draft, Error>,
    ) -> Result<Kept<K>, Error> {
        let print = intent.fingerprint(&format!("Update{}", K::NOUN), &[&Print(&update)]);
        let name = update.wanted.name();
        let found = self.mutate(intent, print, |state| {
            if update.missing == Missing::Allowed && !K::all(state).contains_key(name) {
                // Whoever may create it may do so in these words, too; what is not there is nobody's.
                return create(state, &update.wanted);
            }
            let kept = permitted::<K>(&intent.caller, state, name)?.ok_or_else(|| not_found(name))?;
            check_etag(name, kept, &update.etag)?;
            check_alive(&*kept.value)?;
            let mut after = merge(&*kept.value, &update, &K::blank(name), K::FIELD)?;
            let fields = kept.value.differing(&after);
            if !fields.is_empty() {
                *after.times().1 = self.env.now();
            }
            intent.caller.check(&after.subject(state), name)?;
            let seen = check_result(&after, Some(&kept.value), (&intent.caller, state))?;
            let mut draft = changed(kept, after, fields);
            draft.compares.extend(seen);
            Ok(draft)
        });
        typed(found.await?)
    }

    /// Deletes a resource, which can be taken back for a while.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `IN_USE` with what refers to it.
    pub(super) async fn delete<K: Kind>(&self, intent: &Intent, delete: &Delete<K::Name>) -> Result<Kept<K>, Error> {
        let Delete { name, etag, missing } = delete;
        let print = intent.fingerprint(&format!("Delete{}", K::NOUN), &[name, etag, missing]);
        let found = self.mutate(intent, print, |state| {
            let Some(kept) = permitted::<K>(&intent.caller, state, name)? else {
                return match missing {
                    Missing::Refused => Err(not_found(name)),
                    Missing::Allowed => Ok(Draft::nothing(K::blank(name).into_resource())),
                };
            };
            check_etag(name, kept, etag)?;
            if kept.value.deletion().is_some() {
                return match missing {
                    Missing::Refused => Err(not_found(name)),
                    Missing::Allowed => Ok(changed(kept, (*kept.value).clone(), vec![])),
                };
            }
            check_unused::<K>(name, state)?;
            let mut after = (*kept.value).clone();
            after.set_deletion(Some(Deletion::begun(self.env.now())));
            Ok(self.touched(kept, after, "deletion"))
        });
        let deleted: Kept<K> = typed(found.await?)?;
        if intent.mode == Mode::Commit && deleted.value.deletion().is_some() {
            self.keep_what_is_used(name, &deleted).await?;
        }
        Ok(deleted)
    }

    /// Whatever came to refer to a resource while it was deleted did so before the deletion, because it rests on the
    /// resource as it was: so now it is seen, and the deletion is taken back.
    async fn keep_what_is_used<K: Kind>(&self, name: &K::Name, deleted: &Kept<K>) -> Result<(), Error> {
        let Err(used) = check_unused::<K>(name, &self.feed.current()) else { return Ok(()) };
        let caller = Caller::inside(Principal::service("registry"), RequestId::new(&self.env));
        let intent = Intent { caller, request_id: None, mode: Mode::Commit, reason: used.to_string() };
        let back = self.mutate(&intent, 0, |state| {
            let kept = K::all(state).get(name).filter(|kept| kept.revision == deleted.revision);
            let Some(kept) = kept else { return Ok(Draft::nothing(copied(deleted))) };
            let mut after = (*kept.value).clone();
            after.set_deletion(None);
            Ok(self.touched(kept, after, "deletion"))
        });
        back.await?;
        Err(used)
    }

    /// Takes a deletion back.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `ALREADY_EXISTS` if it is not deleted, `INVALID_FIELDS` if what it refers to is
    /// gone.
    pub(super) async fn undelete<K: Kind>(
        &self,
        intent: &Intent,
        (name, etag): (&K::Name, &str),
    ) -> Result<Kept<K>, Error> {
        let print = intent.fingerprint(&format!("Undelete{}", K::NOUN), &[name, &etag]);
        let found = self.mutate(intent, print, |state| {
            let kept = permitted::<K>(&intent.caller, state, name)?.ok_or_else(|| not_found(name))?;
            check_etag(name, kept, etag)?;
            if kept.value.deletion().is_none() {
                return Err(Error::AlreadyExists { name: name.to_string() });
            }
            let mut after = (*kept.value).clone();
            after.set_deletion(None);
            let seen = check_result(&after, None, (&intent.caller, state))?;
            let mut draft = self.touched(kept, after, "deletion");
            draft.compares.extend(seen);
            Ok(draft)
        });
        typed(found.await?)
    }

    /// The change of one computed field, as of now.
    pub(super) fn touched<K: Kind>(&self, kept: &Kept<K>, mut after: K, field: &'static str) -> Draft {
        *after.times().1 = self.env.now();
        changed(kept, after, vec![field])
    }
}

/// The value of a shared resource.
pub(super) fn copied<K: Kind>(kept: &Kept<K>) -> Resource {
    Arc::unwrap_or_clone(Arc::clone(&kept.value)).into_resource()
}
