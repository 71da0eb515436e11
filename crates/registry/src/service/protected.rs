//! Protected aliases: who may not change one proposes what it is to become, and somebody else approves it.

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::Permission;
use slipway_domain::alias::{Alias, Proposal};
use slipway_domain::check::Check;
use slipway_domain::ledger::Resource;
use slipway_domain::name::AliasName;
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::Registry;
use super::access::check_model;
use super::aliases::differing;
use super::commit::{Done, Draft, Replaced, check_etag};
use super::standard::not_found;
use super::traffic::check_version;
use super::versions::living;
use crate::state::State;
use crate::{Error, keys};

/// What somebody wants a protected alias to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Propose {
    /// The alias.
    pub name: AliasName,
    /// The number of the version that it is to name; none to take it away.
    pub to: Option<u64>,
    /// What becomes of its protection.
    pub protection: Protection,
    /// What the caller believes the current etag to be; empty for no belief.
    pub etag: String,
}

/// What becomes of the protection of an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// It stays.
    Kept,
    /// It ends.
    Ended,
}

impl Registry {
    /// Keeps what a protected alias is to become until somebody approves it. What it is already takes a proposal back.
    ///
    /// # Errors
    /// `NOT_FOUND`, `DELETED` for its model, `ETAG_MISMATCH`; `INVALID_FIELDS` for an alias that is not protected, and
    /// for a version that is not there.
    pub async fn propose_alias(&self, intent: &Intent, propose: &Propose) -> Result<Kept<Alias>, Error> {
        let print = intent.fingerprint("ProposeAlias", &[propose]);
        answered(self.mutate(intent, print, |state| self.proposed(state, intent, propose)).await?)
    }

    fn proposed(&self, state: &State, intent: &Intent, propose: &Propose) -> Result<Draft, Error> {
        let Propose { name, to, protection, etag } = propose;
        let (kept, mut draft) = found(&intent.caller, state, (name, etag))?;
        let mut check = Check::new();
        if !kept.value.protected {
            check.add("name", "NOT_PROTECTED", "is not protected: it moves without an approval");
        }
        if let Some(number) = to {
            draft.compares.extend(check_version(&mut check, state, "version", &name.model.version(*number)));
        }
        check.finish()?;
        let now = self.env.now();
        let is_to_be = (*to, *protection == Protection::Kept);
        let made = || Proposal::made(is_to_be, intent.caller.principal.clone(), intent.reason.clone(), now);
        let proposal = (is_to_be != (Some(kept.value.number), kept.value.protected)).then(made);
        let after = Alias { proposal, updated_at: now, ..(*kept.value).clone() };
        let fields = differing(&kept.value, &after);
        if fields.is_empty() {
            draft.answer.push(Resource::Alias((*kept.value).clone()));
            return Ok(draft);
        }
        draft.answer.push(Resource::Alias(after.clone()));
        let before = Some(Resource::Alias((*kept.value).clone()));
        draft.changes.push(Replaced { before, after: Some(Resource::Alias(after)), fields });
        Ok(draft)
    }

    /// Makes an alias what is proposed for it, and answers with what it is, or was if it is taken away.
    ///
    /// # Errors
    /// `NOT_FOUND`, `DELETED` for its model, `ETAG_MISMATCH`; `NO_PROPOSAL`, `OWN_PROPOSAL`, `PROPOSAL_EXPIRED`;
    /// `INVALID_FIELDS` if the version is gone meanwhile.
    pub async fn approve_alias(&self, intent: &Intent, asked: (&AliasName, &str)) -> Result<Kept<Alias>, Error> {
        let print = intent.fingerprint("ApproveAlias", &[&asked]);
        answered(self.mutate(intent, print, |state| self.approved(state, intent, asked)).await?)
    }

    fn approved(&self, state: &State, intent: &Intent, asked: (&AliasName, &str)) -> Result<Draft, Error> {
        let (kept, mut draft) = found(&intent.caller, state, asked)?;
        let name = asked.0;
        let refused = |refused| Error::Proposal { name: name.to_string(), refused };
        let after = kept.value.approved(&intent.caller.principal, self.env.now()).map_err(refused)?;
        if let Some(after) = &after {
            let mut check = Check::new();
            draft.compares.extend(check_version(&mut check, state, "name", &after.version()));
            check.finish()?;
        }
        let before = Resource::Alias((*kept.value).clone());
        let fields = after.as_ref().map(|after| differing(&kept.value, after)).unwrap_or_default();
        let after = after.map(Resource::Alias);
        draft.answer.push(after.clone().unwrap_or_else(|| before.clone()));
        draft.changes.push(Replaced { before: Some(before), after, fields });
        Ok(draft)
    }
}

/// An alias as its caller has seen it, and a draft that rests on it and on its model.
fn found<'a>(
    caller: &Caller,
    state: &'a State,
    (name, etag): (&AliasName, &str),
) -> Result<(&'a Kept<Alias>, Draft), Error> {
    check_model(caller, state, &name.model)?;
    let model = living(state, &name.model)?;
    let kept = state.aliases.get(name).ok_or_else(|| not_found(name))?;
    check_etag(name, kept, etag)?;
    let seen: [(_, Revision); 2] =
        [(keys::resource(&name.to_string()), kept.revision), (keys::resource(&name.model.to_string()), model.revision)];
    Ok((kept, Draft { compares: seen.to_vec(), changes: vec![], rows: vec![], answer: vec![] }))
}

fn answered(done: Done) -> Result<Kept<Alias>, Error> {
    let Done { answer, revision, .. } = done;
    match answer.into_iter().next() {
        Some(Resource::Alias(alias)) => Ok(Kept::new(alias, revision)),
        Some(other) => Err(Error::wrong_kind(&other)),
        None => Err(Error::no_answer()),
    }
}

impl Draft {
    /// Makes sure that no protected alias becomes another one by somebody who may not approve that.
    ///
    /// # Errors
    /// `ALIAS_PROTECTED`, with all of them.
    pub fn check_protected(&self, caller: &Caller, state: &State) -> Result<(), Error> {
        let touched = self.changes.iter().filter_map(|Replaced { before, after, .. }| match (before, after) {
            (Some(Resource::Alias(before)), Some(Resource::Alias(after))) if before.stands_as(after) => None,
            (Some(Resource::Alias(before)), _) if before.protected => Some(&before.name),
            _ => None,
        });
        let may = |name: &&AliasName| caller.may(Permission::ApproveAliases, &state.subject(&name.model));
        let names: Vec<_> = touched.filter(|name| !may(name)).map(ToString::to_string).collect();
        if names.is_empty() { Ok(()) } else { Err(Error::AliasProtected { names }) }
    }
}
