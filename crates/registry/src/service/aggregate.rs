//! Counts of models: by owner, by tier, by any field, and how well they are looked after.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use slipway_chassis::Caller;
use slipway_domain::access::Subject;
use slipway_domain::as_of::AsOf;
use slipway_domain::coverage::Coverage;
use slipway_domain::filter::{Filter, check_path};
use slipway_store::Revision;

use super::Registry;
use super::access::check_below;
use super::census::{Census, Column, Row};
use super::list::namespace_matches;
use crate::Error;
use crate::state::{ListedModel, State};

/// The most fields that groups are told apart by.
const MOST_FIELDS: usize = 4;
/// The most groups that are answered with.
const MOST_GROUPS: usize = 1000;

/// Which models a caller wants to have counted.
#[derive(Debug, Clone, Default)]
pub struct Aggregate {
    /// Where they lie.
    pub parent: String,
    /// Which ones; empty for all.
    pub filter: String,
    /// The fields that tell groups apart.
    pub group_by: Vec<String>,
    /// As of when.
    pub as_of: AsOf,
}

/// Models with the same values.
#[derive(Debug, Clone)]
pub struct Group {
    /// The values.
    pub values: Vec<String>,
    /// How many, and how they are looked after.
    pub coverage: Coverage,
}

/// Counts of models.
#[derive(Debug, Clone)]
pub struct Aggregated {
    /// The groups, the largest first.
    pub groups: Vec<Group>,
    /// How many there are.
    pub count: usize,
    /// All of the models.
    pub total: Coverage,
    /// The revision that they are counted at.
    pub revision: Revision,
}

/// The values of a group: which of the values of each column.
type Key = [u32; MOST_FIELDS];

impl Registry {
    /// Counts models that the caller may see.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter that is not understood or fields that are not there; `REVISION_AHEAD`, `TIME_AHEAD`,
    /// `TOO_OLD`, `ROW_DAMAGED`, `STORE_UNAVAILABLE`.
    pub async fn aggregate_models(&self, caller: &Caller, asked: &Aggregate) -> Result<Aggregated, Error> {
        check_below(caller, &asked.parent)?;
        let refused = |field: &str, what: String| Error::invalid(field, "NOT_UNDERSTOOD", what);
        let filter =
            Filter::parse::<ListedModel>(&asked.filter).map_err(|error| refused("filter", error.to_string()))?;
        for (index, path) in asked.group_by.iter().enumerate() {
            check_path::<ListedModel>(path)
                .map_err(|error| refused(&format!("group_by[{index}]"), error.to_string()))?;
        }
        if asked.group_by.len() > MOST_FIELDS {
            let wanted = format!("has {} fields; it may have {MOST_FIELDS}", asked.group_by.len());
            return Err(Error::invalid("group_by", "OUT_OF_BOUNDS", wanted));
        }
        let now = self.feed.current();
        let revision = self.revision_as_of(&now, asked.as_of)?;
        let state = self.picture_at(&now, revision).await?;
        let size = now.ledger.size_at(revision);
        let census = self.censuses.get(&now, (&state, size));
        let at = self.moment_of(&now, asked.as_of, size);
        let past = (asked.as_of != AsOf::Now).then_some(&*now);
        let is_wanted = |row: &Row| {
            namespace_matches(&asked.parent, row.listed.model.value.name.namespace.as_str())
                && is_seen(caller, row, past)
                && (filter.is_empty() || filter.matches(&row.listed))
        };
        let (groups, total) = count(&census, &asked.group_by, at, is_wanted);
        Ok(Aggregated { count: groups.len(), groups: largest(groups), total, revision })
    }

    /// The moment as of which attestations hold: now, then, or when the last of so many entries was made.
    pub(super) fn moment_of(&self, now: &State, as_of: AsOf, size: u64) -> Timestamp {
        let made = || size.checked_sub(1).and_then(|last| now.ledger.place(last)).map(|place| place.at());
        match as_of {
            AsOf::Now => self.env.now(),
            AsOf::Time(at) => at,
            AsOf::Revision(_) => made().unwrap_or_else(|| self.env.now()),
        }
    }
}

/// Whether the caller sees a model as it is, or as it was and also as it is now.
fn is_seen(caller: &Caller, row: &Row, now: Option<&State>) -> bool {
    let model = &*row.listed.model.value;
    let namespace = model.name.namespace.as_str();
    if caller.granted.grant.covers_whole(namespace) {
        return true;
    }
    let team = Some(model.owner.as_str()).filter(|owner| !owner.is_empty());
    let then = Subject { namespace, team, tier: Some(row.listed.effective_tier) };
    caller.covers(&then) && now.is_none_or(|now| caller.covers(&now.subject(&model.name)))
}

/// Counts the rows that are wanted, by the values at `paths`.
fn count(census: &Census, paths: &[String], at: Timestamp, is_wanted: impl Fn(&Row) -> bool) -> (Vec<Group>, Coverage) {
    let columns: Vec<Arc<Column>> = paths.iter().map(|path| census.column(path)).collect();
    let (mut groups, mut total) = (HashMap::<Key, Coverage>::new(), Coverage::default());
    for (index, row) in census.rows.iter().enumerate().filter(|(_, row)| is_wanted(row)) {
        let mut key = Key::default();
        key.iter_mut().zip(&columns).for_each(|(value, column)| *value = column.of[index]);
        groups.entry(key).or_default().count(&row.care, at);
    }
    let group = |(key, coverage): (Key, Coverage)| {
        total += coverage;
        let values = columns.iter().zip(key).map(|(column, value)| column.values[value as usize].clone());
        Group { values: values.collect(), coverage }
    };
    (groups.into_iter().map(group).collect(), total)
}

/// The largest groups, and of equal ones the first by their values.
fn largest(mut groups: Vec<Group>) -> Vec<Group> {
    groups.sort_by(|one, other| {
        other.coverage.models.cmp(&one.coverage.models).then_with(|| one.values.cmp(&other.values))
    });
    groups.truncate(MOST_GROUPS);
    groups
}
