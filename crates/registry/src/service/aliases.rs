//! Aliases: several of several models move in one revision.

use std::collections::BTreeSet;

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::alias::{Alias, Proposal};
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::ledger::Resource;
use slipway_domain::name::{AliasName, ModelName};
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::access::check_model;
use super::commit::{Done, Draft, Replaced};
use super::list::Itself;
use super::past::Sight;
use super::print::Print;
use super::standard::not_found;
use super::traffic::check_version;
use super::versions::{any_model, living};
use super::{ListQuery, Listed, Registry};
use crate::state::State;
use crate::{Error, keys};

/// What becomes of one alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The alias.
    pub name: AliasName,
    /// The number of the version that it is to name; none to take it away.
    pub to: Option<u64>,
    /// What the caller believes that it names.
    pub expected: Expected,
    /// Whether it is protected afterwards; none for as it is.
    pub protect: Option<bool>,
}

/// What a caller believes that an alias names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Anything.
    Anything,
    /// That there is no such alias.
    Nothing,
    /// The version with this number.
    Version(u64),
}

impl Registry {
    /// Returns an alias.
    ///
    /// # Errors
    /// `NOT_FOUND`; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn get_alias(&self, caller: &Caller, name: &AliasName, as_of: AsOf) -> Result<Kept<Alias>, Error> {
        let check = |state: &State| check_model(caller, state, &name.model);
        let read = |state: &State, _| state.aliases.get(name).cloned().ok_or_else(|| not_found(name));
        let pick = |resource| if let Resource::Alias(alias) = resource { Some(alias) } else { None };
        let place = (&name.model.namespace, name.to_string());
        self.one_as_of((caller, as_of), (place.0, &place.1), pick, self.read_as_of(as_of, check, read)).await
    }

    /// Lists the aliases of a model, or of all models if the parent says so with `-`.
    ///
    /// # Errors
    /// `NOT_FOUND` if there is no such model; `INVALID_FIELDS` for a filter, an order or a token that is not
    /// understood; `PAGE_TOKEN_EXPIRED`; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn list_aliases(&self, caller: &Caller, query: &ListQuery) -> Result<Listed<Kept<Alias>>, Error> {
        if let Ok(model) = ModelName::parse(&query.parent) {
            self.check_parent(caller, &model, query.as_of).await?;
        }
        let select = |sight: &Sight<'_>| {
            let state = sight.state;
            let living = |model: &ModelName| state.models.get(model).is_some_and(|kept| kept.value.deletion.is_none());
            let inside = |kept: &&Kept<Alias>| {
                let model = &kept.value.name.model;
                any_model(&query.parent, model) && living(model) && sight.below(model)
            };
            match ModelName::parse(&query.parent) {
                Ok(model) => state.aliases_of(&model).filter(inside).cloned().map(Itself).collect(),
                Err(_) => state.aliases.values().filter(inside).cloned().map(Itself).collect(),
            }
        };
        self.list(caller, "ListAliases", query, select).await.map(Listed::kept)
    }

    /// Makes all moves in one revision, or none. Returns those that name a version afterwards.
    ///
    /// # Errors
    /// `NOT_FOUND` and `DELETED` for a model, `INVALID_FIELDS` for versions that are not there and for aliases that are
    /// moved twice, `ALIAS_MOVED` for one that names another version than its caller believes.
    pub async fn set_aliases(&self, intent: &Intent, moves: &[Move]) -> Result<(Vec<Kept<Alias>>, Revision), Error> {
        let print = intent.fingerprint("SetAliases", &[&Print(&moves)]);
        let Done { answer, committed, .. } =
            self.mutate(intent, print, |state| self.moves(state, intent, moves)).await?;
        let state = self.feed.look();
        let revision = committed.unwrap_or(state.revision);
        let alias = |resource| match resource {
            Resource::Alias(alias) => {
                // One that had nothing to move is older than the revision.
                let unmoved = state.aliases.get(&alias.name).filter(|kept| *kept.value == alias);
                Ok(unmoved.cloned().unwrap_or_else(|| Kept::new(alias, revision)))
            }
            other => Err(Error::wrong_kind(&other)),
        };
        Ok((answer.into_iter().map(alias).collect::<Result<_, _>>()?, revision))
    }

    fn moves(&self, state: &State, intent: &Intent, moves: &[Move]) -> Result<Draft, Error> {
        for Move { name, .. } in moves {
            check_model(&intent.caller, state, &name.model)?;
        }
        let mut draft = Draft { compares: vec![], changes: vec![], rows: vec![], answer: vec![] };
        let (mut check, mut models) = (Check::new(), BTreeSet::new());
        for (index, wanted) in moves.iter().enumerate() {
            let model = &wanted.name.model;
            let parent = living(state, model)?;
            if models.insert(model) {
                draft.compares.push((keys::resource(&model.to_string()), parent.revision));
            }
            if let Some(number) = wanted.to {
                let field = format!("moves[{index}].version");
                draft.compares.extend(check_version(&mut check, state, &field, &model.version(number)));
            }
            self.one_move(state, wanted, &mut draft)?;
        }
        check.finish()?;
        // Two moves to one version rest on it alike.
        draft.compares.sort();
        draft.compares.dedup();
        Ok(draft)
    }

    fn one_move(&self, state: &State, wanted: &Move, draft: &mut Draft) -> Result<(), Error> {
        let Move { name, to, expected, protect } = wanted;
        let kept = state.aliases.get(name);
        let before = kept.map(|kept| &*kept.value);
        check_expected(name, *expected, before.map(|before| before.number))?;
        draft.compares.push((keys::resource(&name.to_string()), kept.map_or(0, |kept| kept.revision)));
        let now = self.env.now();
        let after = to.map(|number| Alias {
            name: name.clone(),
            number,
            protected: protect.unwrap_or(before.is_some_and(|before| before.protected)),
            proposal: None,
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
        });
        draft.becomes(before, after);
        Ok(())
    }
}

impl Draft {
    /// Adds that an alias is `before` and becomes `after`, if that is another.
    pub(super) fn becomes(&mut self, before: Option<&Alias>, after: Option<Alias>) {
        let is_same = match (before, &after) {
            (Some(before), Some(after)) => before.stands_as(after),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let was = before.cloned().map(Resource::Alias);
        if is_same {
            self.answer.extend(was);
            return;
        }
        let fields = before.zip(after.as_ref()).map(|(before, after)| differing(before, after));
        let after = after.map(Resource::Alias);
        self.answer.extend(after.clone());
        self.changes.push(Replaced { before: was, after, fields: fields.unwrap_or_default() });
    }
}

/// The fields in which an alias differs from what it was.
pub(super) fn differing(before: &Alias, after: &Alias) -> Vec<&'static str> {
    let fields = [
        ("version", before.number != after.number),
        ("protected", before.protected != after.protected),
        ("proposal", before.proposal != after.proposal),
    ];
    fields.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
}

fn check_expected(name: &AliasName, expected: Expected, current: Option<u64>) -> Result<(), Error> {
    let believed = match expected {
        Expected::Anything => return Ok(()),
        Expected::Nothing => None,
        Expected::Version(number) => Some(number),
    };
    if believed == current {
        return Ok(());
    }
    let text =
        |number: Option<u64>| number.map_or("nothing".to_owned(), |number| name.model.version(number).to_string());
    Err(Error::AliasMoved { name: name.to_string(), expected: text(believed), current: text(current) })
}

impl Fields for Itself<Alias> {
    const PATHS: &'static [&'static str] = &[
        "name",
        "alias",
        "model",
        "version",
        "protected",
        "proposal.author",
        "proposal.version",
        "proposal.expire_time",
        "create_time",
        "update_time",
    ];

    fn field(&self, path: &str) -> Field<'_> {
        let value = &self.0.value;
        match path {
            "name" => Field::Text(value.name.to_string().into()),
            "alias" => Field::Text(value.name.alias.as_str().into()),
            "model" => Field::Text(value.name.model.to_string().into()),
            "version" => Field::Text(value.version().to_string().into()),
            "protected" => Field::Truth(value.protected),
            path if path.starts_with("proposal.") => match &value.proposal {
                Some(proposal) => proposed(value, proposal, path),
                None => Field::Absent,
            },
            "create_time" => Field::Number(value.created_at.as_second() as f64),
            "update_time" => Field::Number(value.updated_at.as_second() as f64),
            _ => Field::Absent,
        }
    }
}

fn proposed<'a>(alias: &Alias, proposal: &'a Proposal, path: &str) -> Field<'a> {
    match path {
        "proposal.author" => Field::Text(proposal.author.as_str().into()),
        "proposal.version" => {
            let version = proposal.number.map(|number| alias.name.model.version(number).to_string());
            Field::Text(version.unwrap_or_default().into())
        }
        "proposal.expire_time" => Field::Number(proposal.expires_at.as_second() as f64),
        _ => Field::Absent,
    }
}
