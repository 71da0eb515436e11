//! One page for whoever was just paged for a model.

use slipway_chassis::{Caller, record};
use slipway_domain::alias::Alias;
use slipway_domain::as_of::AsOf;
use slipway_domain::coverage::is_usable;
use slipway_domain::ledger::Change;
use slipway_domain::model::{Criticality, Model, Version};
use slipway_domain::name::{ModelName, TeamName, VersionName};
use slipway_domain::team::Team;
use slipway_domain::traffic::Traffic;
use slipway_domain::triage::{Safety, Standing};
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::Registry;
use super::access::check_model;
use super::census::{paged, team};
use super::changes::{Entry, below};
use super::standard::not_found;
use crate::Error;
use crate::state::{ListedModel, State};

/// The most teams that are asked one after the other.
const LONGEST_ESCALATION: usize = 8;

/// What a caller wants to know about a model in trouble.
#[derive(Debug, Clone)]
pub struct Triage {
    /// The model.
    pub name: ModelName,
    /// How many of the last changes.
    pub changes: usize,
    /// As of when.
    pub as_of: AsOf,
}

/// All that is known about a model in trouble.
#[derive(Debug, Clone)]
pub struct Triaged {
    /// The model.
    pub model: ListedModel,
    /// The team that owns it.
    pub owner: Option<Kept<Team>>,
    /// The team that is paged.
    pub on_call: Option<Kept<Team>>,
    /// Who is asked after it, in order.
    pub escalation: Vec<Kept<Team>>,
    /// Who says how much it matters, the severest first.
    pub tier_sources: Vec<(String, Criticality)>,
    /// Its traffic.
    pub traffic: Option<Kept<Traffic>>,
    /// The versions that serve, the newest first.
    pub serving: Vec<Kept<Version>>,
    /// The newest version to return to.
    pub rollback_target: Option<VersionName>,
    /// Its aliases.
    pub aliases: Vec<Kept<Alias>>,
    /// The last changes, the newest first.
    pub changes: Vec<Entry>,
    /// Whether it can be turned off, and why.
    pub turn_off: (Safety, Vec<String>),
    /// The revision that all of this is read at.
    pub revision: Revision,
}

impl Registry {
    /// Tells all that is known about a model in trouble.
    ///
    /// # Errors
    /// `NOT_FOUND`; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`, `ROW_DAMAGED`, `STORE_UNAVAILABLE`.
    pub async fn triage_model(&self, caller: &Caller, asked: &Triage) -> Result<Triaged, Error> {
        let check = |state: &State| check_model(caller, state, &asked.name);
        let grant = &caller.granted.grant;
        let read = |state: &State, revision| {
            let shown = |found: Triaged| Triaged { model: found.model.shown_to(grant, state), ..found };
            triaged(state, &asked.name, revision).map(shown)
        };
        let mut found = self.read_as_of(asked.as_of, check, read).await?;
        found.model = found.model.shown_to(grant, &self.feed.look());
        found.changes = self.last_changes(&asked.name, found.revision, asked.changes).await?;
        Ok(found)
    }

    /// The last changes of a model and of what belongs to it, up to a revision.
    async fn last_changes(&self, model: &ModelName, revision: Revision, most: usize) -> Result<Vec<Entry>, Error> {
        let (now, name) = (self.feed.current(), model.to_string());
        let places = now.ledger.places().rev().skip_while(|place| place.revision > revision);
        let places: Vec<_> = places.filter(|place| below(&name, place.resource())).take(most).collect();
        let mut entries = Vec::with_capacity(places.len());
        for place in places {
            let entry = self.store.get(&place.key).await?.entry;
            let entry = entry.ok_or_else(|| Error::damaged(&place.key, &"the ledger has lost it"))?;
            let change: Change = record::decode(&entry.value).map_err(|error| Error::damaged(&place.key, &error))?;
            entries.push(Entry { revision: place.revision, resource: place.resource().to_owned(), change });
        }
        Ok(entries)
    }
}

/// What a picture tells about a model in trouble; without its last changes, which it does not have.
fn triaged(state: &State, name: &ModelName, revision: Revision) -> Result<Triaged, Error> {
    let model = state.listed_model(name).ok_or_else(|| not_found(name))?;
    let value = &*model.model.value;
    let traffic = state.traffic.get(name).cloned();
    let serving = serving(state, traffic.as_ref().map(|kept| &*kept.value));
    let newest = serving.first().map_or(0, |kept| kept.value.name.number);
    let older = state.versions.range(name.version(0)..name.version(newest)).rev().map(|(_, kept)| kept);
    let rollback_target = older.into_iter().find(|kept| is_usable(&kept.value)).map(|kept| kept.value.name.clone());
    let aliases: Vec<_> = state.aliases_of(name).cloned().collect();
    let on_call = team(state, value, paged(value)).cloned();
    let standing = Standing {
        tier: model.effective_tier,
        serving: serving.iter().map(|kept| kept.value.name.number).collect(),
        aliases: aliases.iter().map(|kept| kept.value.name.alias.as_str().to_owned()).collect(),
        dependents: state.tiers.dependents(name).count(),
        is_deleted: value.deletion.is_some(),
    };
    Ok(Triaged {
        owner: team(state, value, &value.owner).cloned(),
        escalation: escalation(state, on_call.as_ref()),
        on_call,
        tier_sources: tier_sources(state, value),
        turn_off: standing.turn_off(),
        traffic,
        serving,
        rollback_target,
        aliases,
        changes: Vec::new(),
        revision,
        model,
    })
}

/// The versions that serve, the newest first.
fn serving(state: &State, traffic: Option<&Traffic>) -> Vec<Kept<Version>> {
    let mut names: Vec<_> =
        traffic.into_iter().flat_map(|traffic| &traffic.ranges).map(|range| &range.version).collect();
    names.sort();
    names.dedup();
    names.into_iter().rev().filter_map(|name| state.versions.get(name).cloned()).collect()
}

/// Who is asked after a team, in order; nobody twice.
fn escalation(state: &State, first: Option<&Kept<Team>>) -> Vec<Kept<Team>> {
    let mut asked: Vec<Kept<Team>> = Vec::new();
    let Some(mut last) = first.cloned() else { return asked };
    while asked.len() < LONGEST_ESCALATION {
        let next = last.value.escalation.clone();
        let name = next.map(|team| TeamName { namespace: last.value.name.namespace.clone(), team });
        let Some(next) = name.and_then(|name| state.teams.get(&name).cloned()) else { break };
        let is_known = |kept: &Kept<Team>| kept.value.name == next.value.name;
        if asked.iter().chain(first).any(is_known) {
            break;
        }
        asked.push(next.clone());
        last = next;
    }
    asked
}

/// Who says how much a model matters, the severest first.
fn tier_sources(state: &State, model: &Model) -> Vec<(String, Criticality)> {
    let own = model.criticality.clone().map(|criticality| (model.name.to_string(), criticality));
    let kind = model.model_type.as_ref().and_then(|name| state.model_types.get(name));
    let kind = kind.and_then(|kept| Some((kept.value.name.to_string(), kept.value.criticality.clone()?)));
    let mut sources: Vec<_> = own.into_iter().chain(kind).collect();
    sources.sort_by_key(|(_, criticality)| criticality.tier);
    sources
}
