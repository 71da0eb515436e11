//! Namespaces. Those that something lies in are there, whether somebody created them or not: they were, before namespaces
//! had to be.

use std::collections::BTreeSet;

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::Subject;
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::name::{Identifier, NamespaceName};
use slipway_domain::namespace::{DEFAULT, Namespace};
use slipway_domain::patch::Patch as _;
use slipway_store::picture::Kept;

use super::access::check_sees_namespace;
use super::commit::{check_etag, merge};
use super::list::{Itself, shown};
use super::model_types::label;
use super::past::Sight;
use super::print::Print;
use super::standard::{Delete, NAMED_HOLDERS, changed, check_alive, check_result, not_found, permitted, typed};
use super::{ListQuery, Listed, Missing, Registry, Update};
use crate::kind::{Kind as _, Rules, Seen};
use crate::state::{State, namespace_subject};
use crate::{Error, keys};

/// Notes that there is no such namespace, if so, and says what its being there rests on.
pub(super) fn check_namespace(check: &mut Check, state: &State, namespace: &Identifier) -> Seen {
    let name = NamespaceName { namespace: namespace.clone() };
    match there(state, &name) {
        Some(kept) if kept.value.deletion.is_none() => vec![(keys::resource(&name.to_string()), kept.revision)],
        Some(_) | None => {
            let id = namespace.as_str();
            let wanted = format!("there is no namespace {id}; create it first, as by `slipway namespace create {id}`");
            check.add("parent", "NO_SUCH_NAMESPACE", wanted);
            vec![]
        }
    }
}

/// The namespace of this name, if it is there, or deleted.
fn there(state: &State, name: &NamespaceName) -> Option<Kept<Namespace>> {
    let from_the_start = || name.namespace.as_str() == DEFAULT || state.holds_any(&name.namespace);
    match state.namespaces.get(name) {
        Some(kept) => Some(kept.clone()),
        None => from_the_start().then(|| Kept::new(Namespace::blank(name), 0)),
    }
}

impl Rules for Namespace {
    type Name = NamespaceName;

    fn blank(name: &NamespaceName) -> Self {
        Self::blank(name)
    }

    fn check(&self, check: &mut Check) {
        Self::check(self, check);
    }

    fn check_references(&self, _: Option<&Self>, _: (&Caller, &State), _: &mut Check) -> Seen {
        vec![]
    }

    fn nobodys<'a>(name: &'a NamespaceName, _: &'a State) -> Subject<'a> {
        namespace_subject(name)
    }

    fn subject<'a>(&'a self, _: &'a State) -> Subject<'a> {
        namespace_subject(&self.name)
    }

    fn parent(_: &NamespaceName) -> Option<&Identifier> {
        None
    }

    fn holders(name: &NamespaceName, state: &State) -> Vec<String> {
        let inside = |namespace: &Identifier| *namespace == name.namespace;
        let models = state.models.values().filter(|kept| kept.value.deletion.is_none());
        let models = models.map(|kept| &kept.value.name).filter(|name| inside(&name.namespace));
        let types = state.model_types.values().filter(|kept| kept.value.deletion.is_none());
        let types = types.map(|kept| &kept.value.name).filter(|name| inside(&name.namespace));
        let teams = state.teams.values().filter(|kept| kept.value.deletion.is_none());
        let teams = teams.map(|kept| &kept.value.name).filter(|name| inside(&name.namespace));
        let policies = state.policies.values().filter(|kept| kept.value.deletion.is_none());
        let policies = policies.map(|kept| &kept.value.name).filter(|name| inside(&name.namespace));
        let names = models.map(ToString::to_string).chain(types.map(ToString::to_string));
        let names = names.chain(teams.map(ToString::to_string));
        names.chain(policies.map(ToString::to_string)).take(NAMED_HOLDERS).collect()
    }
}

impl Registry {
    /// Creates a namespace.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`, `DELETED`.
    pub async fn create_namespace(&self, intent: &Intent, wanted: Namespace) -> Result<Kept<Namespace>, Error> {
        if wanted.name.namespace.as_str() == DEFAULT {
            intent.caller.check(&namespace_subject(&wanted.name), &wanted.name)?;
            return Err(Error::AlreadyExists { name: wanted.name.to_string() });
        }
        self.create(intent, wanted).await
    }

    /// Returns a namespace.
    ///
    /// # Errors
    /// `NOT_FOUND`; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn get_namespace(
        &self,
        caller: &Caller,
        name: &NamespaceName,
        as_of: AsOf,
    ) -> Result<Kept<Namespace>, Error> {
        let check = |_: &State| check_sees_namespace(caller, &name.namespace, name);
        let read = |state: &State, _| there(state, name).ok_or_else(|| not_found(name));
        self.read_as_of(as_of, check, read).await
    }

    /// Lists the namespaces in which the caller may see anything.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter, an order or a token that is not understood; `PAGE_TOKEN_EXPIRED`; `REVISION_AHEAD`,
    /// `TIME_AHEAD`, `TOO_OLD`.
    pub async fn list_namespaces(&self, caller: &Caller, query: &ListQuery) -> Result<Listed<Kept<Namespace>>, Error> {
        let select = |sight: &Sight<'_>| {
            let state = sight.state;
            let mut names: BTreeSet<_> = state.namespaces.keys().cloned().chain(state.held_in()).collect();
            names.extend(NamespaceName::parse(&format!("namespaces/{DEFAULT}")));
            let names = names.into_iter().filter(|name| caller.granted.grant.touches(name.namespace.as_str()));
            let kept = names.filter_map(|name| there(state, &name));
            kept.filter(|kept| shown(&*kept.value, query)).map(Itself).collect()
        };
        self.list(caller, "ListNamespaces", query, select).await.map(Listed::kept)
    }

    /// Changes the masked fields of a namespace.
    ///
    /// # Errors
    /// `NOT_FOUND`, `DELETED`, `ETAG_MISMATCH`, `INVALID_FIELDS`.
    pub async fn update_namespace(&self, intent: &Intent, update: Update<Namespace>) -> Result<Kept<Namespace>, Error> {
        // As the caller wrote it: whoever repeats it has the first answer, though there is a row meanwhile.
        let print = intent.fingerprint(&format!("Update{}", Namespace::NOUN), &[&Print(&update)]);
        let name = &update.wanted.name;
        let found = self.mutate(intent, print, |state| {
            let Some(kept) = permitted::<Namespace>(&intent.caller, state, name)? else {
                // What is there from the start has no row before its first change.
                return match (update.missing, there(state, name)) {
                    (Missing::Refused, None) => Err(not_found(name)),
                    (Missing::Allowed, None) | (_, Some(_)) => self.created(state, intent, &update.wanted),
                };
            };
            check_etag(name, kept, &update.etag)?;
            check_alive(&*kept.value)?;
            let mut after = merge(&*kept.value, &update, &Namespace::blank(name), Namespace::FIELD)?;
            let fields = kept.value.differing(&after);
            if !fields.is_empty() {
                after.updated_at = self.env.now();
            }
            let seen = check_result(&after, Some(&*kept.value), (&intent.caller, state))?;
            let mut draft = changed(kept, after, fields);
            draft.compares.extend(seen);
            Ok(draft)
        });
        typed(found.await?)
    }

    /// Deletes a namespace.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `IN_USE` while anything lies in it; `INVALID_FIELDS` for the one that is there from
    /// the start.
    pub async fn delete_namespace(
        &self,
        intent: &Intent,
        delete: &Delete<NamespaceName>,
    ) -> Result<Kept<Namespace>, Error> {
        let name = &delete.name;
        if name.namespace.as_str() == DEFAULT {
            intent.caller.check(&namespace_subject(name), name)?;
            return Err(Error::invalid("name", "ALWAYS_THERE", "is there from the start, and stays"));
        }
        self.check_holds_nothing(&intent.caller, name)?;
        self.delete(intent, delete).await
    }

    /// Makes sure that nothing lies in a namespace that has no row: it is there as long as anything does.
    fn check_holds_nothing(&self, caller: &Caller, name: &NamespaceName) -> Result<(), Error> {
        let state = self.feed.current();
        if permitted::<Namespace>(caller, &state, name)?.is_some() {
            return Ok(());
        }
        let by = Namespace::holders(name, &state);
        if by.is_empty() { Ok(()) } else { Err(Error::InUse { name: name.to_string(), by }) }
    }

    /// Takes the deletion of a namespace back.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `ALREADY_EXISTS`.
    pub async fn undelete_namespace(
        &self,
        intent: &Intent,
        asked: (&NamespaceName, &str),
    ) -> Result<Kept<Namespace>, Error> {
        self.undelete(intent, asked).await
    }
}

impl Fields for Itself<Namespace> {
    const PATHS: &'static [&'static str] =
        &["name", "display_name", "description", "labels.", "create_time", "update_time"];

    fn field(&self, path: &str) -> Field<'_> {
        let value = &self.0.value;
        match path {
            "name" => Field::Text(value.name.to_string().into()),
            "display_name" => Field::Text(value.display_name.as_str().into()),
            "description" => Field::Text(value.description.as_str().into()),
            "create_time" => Field::Number(value.created_at.as_second() as f64),
            "update_time" => Field::Number(value.updated_at.as_second() as f64),
            path => label(&value.labels, path),
        }
    }
}
