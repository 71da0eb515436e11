//! Sightings: what fleets report is kept durably when it is new, and in memory when it is only seen again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use slipway_chassis::{Caller, record};
use slipway_domain::access::Subject;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::model::Version;
use slipway_domain::name::{Identifier, ModelName};
use slipway_domain::principal::Principal;
use slipway_domain::sighting::{Finding, Registered, Seen, Sighting, Times};
use slipway_store::Txn;
use slipway_store::picture::Kept;

use super::list::namespace_matches;
use super::past::Sight;
use super::{ListQuery, Listed, Registry};
use crate::state::State;
use crate::{Error, keys};

/// The most sightings that are kept.
const MOST: usize = 50_000;
/// The most that one reporter has among them.
const MOST_OF_ONE: usize = 10_000;
/// The most rows of one transaction.
const BATCH: usize = 1000;
/// How long a time at which something was last seen is in memory alone, at most.
const UNWRITTEN: Duration = Duration::from_secs(10 * 60);

/// What a fleet reports.
#[derive(Debug, Clone)]
pub struct SightingsReport {
    /// Of which namespace.
    pub namespace: Identifier,
    /// What runs, with its predictions a second.
    pub running: BTreeMap<Seen, f64>,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// How many of its sightings are kept.
    pub taken: usize,
    /// How many are not, since there are too many.
    pub left_out: usize,
    /// After which time without a report a sighting is forgotten.
    pub expiry: Duration,
}

/// A sighting, or a registered version that is not seen, and what that is.
#[derive(Debug, Clone)]
pub struct ListedSighting {
    /// In which namespace.
    pub namespace: Identifier,
    /// The model, as the fleet calls it.
    pub model: String,
    /// Its version; 0 if that is not known.
    pub version: u64,
    /// The digest of its artifact; empty if that is not known.
    pub digest: String,
    /// Where it serves.
    pub endpoint: String,
    /// Who says so; nobody if it is not seen.
    pub reporter: Option<Principal>,
    /// Since when; none if it is not seen.
    pub times: Option<Times>,
    /// What it is.
    pub finding: Finding,
}

/// What was seen again since it was written.
#[derive(Debug, Default)]
pub(super) struct Latest {
    times: Mutex<BTreeMap<Seen, Times>>,
    /// Held by whoever adds sightings or takes some away, so that there are never too many.
    changing: tokio::sync::Mutex<()>,
}

impl Latest {
    fn times(&self) -> MutexGuard<'_, BTreeMap<Seen, Times>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    /// Keeps what a fleet sees running. Of what is known, only the time is new, and is written seldom: a registry that is
    /// killed forgets a few minutes of it.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn report_sightings(&self, caller: &Caller, report: SightingsReport) -> Result<Reported, Error> {
        let namespace = report.namespace.as_str();
        caller.check_listing(namespace, &format!("namespaces/{namespace}"))?;
        let all = report.running.len();
        let unknown = self.seen_again(report.running);
        let left_out = if unknown.is_empty() { 0 } else { self.add(&caller.principal, unknown).await? };
        Ok(Reported { taken: all - left_out, left_out, expiry: self.settings.sightings_expiry })
    }

    /// Notes what is known already, and gives the rest back.
    fn seen_again(&self, mut running: BTreeMap<Seen, f64>) -> BTreeMap<Seen, f64> {
        let (state, now, mut latest) = (self.feed.current(), self.env.now(), self.latest.times());
        running.retain(|seen, rate| {
            let Some(kept) = state.sightings.get(seen) else { return true };
            let times = latest.entry(seen.clone()).or_insert(kept.value.times);
            *times = times.again(now, *rate);
            false
        });
        running
    }

    /// Writes what is new, as far as there is room; how many there was none for.
    async fn add(&self, reporter: &Principal, new: BTreeMap<Seen, f64>) -> Result<usize, Error> {
        let _alone = self.latest.changing.lock().await;
        // Somebody may have reported the same meanwhile.
        let mut new = self.seen_again(new);
        let (state, now) = (self.feed.current(), self.env.now());
        let of_one = MOST_OF_ONE.saturating_sub(state.sightings.count_of(reporter));
        let room = MOST.saturating_sub(state.sightings.count()).min(of_one);
        let left_out = new.len().saturating_sub(room);
        while new.len() > room {
            new.pop_last();
        }
        if !new.is_empty() {
            let rows = new.into_iter().map(|(seen, rate)| Sighting { seen, times: Times::begun(now, rate) });
            self.write_sightings(rows.collect()).await?;
        }
        Ok(left_out)
    }

    async fn write_sightings(&self, rows: Vec<Sighting>) -> Result<(), Error> {
        for batch in rows.chunks(BATCH) {
            let put = |txn: Txn, row: &Sighting| txn.put(keys::sighting(&row.seen), record::encode(row));
            self.change_sightings(batch.iter().fold(Txn::new(), put)).await?;
        }
        Ok(())
    }

    async fn change_sightings(&self, txn: Txn) -> Result<(), Error> {
        if let slipway_store::Outcome::Committed(revision) = self.store.txn(txn).await? {
            self.feed.reached(revision).await;
        }
        Ok(())
    }

    /// Writes times for ever, and forgets what is not seen any more.
    pub(super) async fn keep_sightings(&self) {
        let unwritten = UNWRITTEN.min(self.settings.sightings_expiry / 4);
        loop {
            self.env.sleep(unwritten).await;
            let kept = async {
                self.write_times(unwritten).await?;
                self.forget_unseen().await
            };
            if let Err(error) = kept.await {
                tracing::warn!(%error, "when models were last seen is not written; trying again in the next sweep");
            }
        }
    }

    /// Writes the times that are ahead of what is written by about so much.
    async fn write_times(&self, unwritten: Duration) -> Result<(), Error> {
        let _alone = self.latest.changing.lock().await;
        let state = self.feed.current();
        let ahead = {
            let mut latest = self.latest.times();
            latest.retain(|seen, _| state.sightings.get(seen).is_some());
            let ahead = latest.iter().filter_map(|(seen, times)| {
                let written = state.sightings.get(seen)?.value.times.last;
                let row = Sighting { seen: seen.clone(), times: *times };
                (later(written, unwritten / 2) <= times.last).then_some(row)
            });
            ahead.collect::<Vec<_>>()
        };
        self.write_sightings(ahead).await
    }

    async fn forget_unseen(&self) -> Result<(), Error> {
        let _alone = self.latest.changing.lock().await;
        let (state, now) = (self.feed.current(), self.env.now());
        let over = {
            let mut latest = self.latest.times();
            let over = state.sightings.iter().filter(|kept| {
                let times = latest.get(&kept.value.seen).unwrap_or(&kept.value.times);
                later(times.last, self.settings.sightings_expiry) <= now
            });
            let over: Vec<_> = over.map(|kept| kept.value.seen.clone()).collect();
            latest.retain(|seen, _| over.binary_search(seen).is_err());
            over
        };
        for batch in over.chunks(BATCH) {
            let txn = batch.iter().fold(Txn::new(), |txn, seen| txn.delete(keys::sighting(seen)));
            self.change_sightings(txn).await?;
        }
        Ok(())
    }

    /// Lists what is seen in a namespace, and what is registered there and not seen.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter, an order or a token that is not understood; `PAGE_TOKEN_EXPIRED`.
    pub async fn list_sightings(&self, caller: &Caller, query: &ListQuery) -> Result<Listed<ListedSighting>, Error> {
        let select = |sight: &Sight<'_>| {
            let state = sight.state;
            let latest = self.latest.times();
            let mut seen_versions: BTreeMap<ModelName, BTreeSet<u64>> = BTreeMap::new();
            let mut listed = Vec::new();
            for kept in state.sightings.iter() {
                if !namespace_matches(&query.parent, kept.value.seen.namespace.as_str()) {
                    continue;
                }
                let (seen, name) = (&kept.value.seen, kept.value.seen.name());
                let version = name.as_ref().and_then(|name| version(state, name, seen));
                if let Some(name) = &name {
                    let numbers = seen_versions.entry(name.clone()).or_default();
                    numbers.extend(version.map(|kept| kept.value.name.number));
                }
                if !may_see(caller, state, name.as_ref(), seen) {
                    continue;
                }
                let times = *latest.get(seen).unwrap_or(&kept.value.times);
                let finding = judge(state, name.as_ref(), version, seen);
                listed.push(ListedSighting::seen(seen, times, finding));
            }
            let inside = |name: &&ModelName| namespace_matches(&query.parent, name.namespace.as_str());
            let models = state.models.keys().filter(inside).filter(|name| caller.covers(&state.subject(name)));
            listed.extend(models.flat_map(|name| not_seen(state, name, seen_versions.get(name))));
            listed.sort_by(|one, other| one.place().cmp(&other.place()));
            listed
        };
        self.list(caller, "ListSightings", query, select).await
    }
}

fn later(instant: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| instant.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// The version that a sighting is of: by its number, or else by its digest.
fn version<'a>(state: &'a State, name: &ModelName, seen: &Seen) -> Option<&'a Kept<Version>> {
    let found = match seen.version {
        0 if seen.digest.is_empty() => None,
        0 => state.versions_of(name).filter(|kept| kept.value.artifact_digest == seen.digest).last(),
        number => state.versions.get(&name.version(number)),
    };
    found.filter(|kept| kept.value.deletion.is_none())
}

fn judge(state: &State, name: Option<&ModelName>, version: Option<&Kept<Version>>, seen: &Seen) -> Finding {
    let living = name.filter(|name| state.models.get(*name).is_some_and(|kept| kept.value.deletion.is_none()));
    seen.judge(living.map(|name| Registered {
        version: version.map(|kept| (kept.value.name.number, kept.value.artifact_digest.as_str())),
        ranges: state.traffic.get(name).map_or(&[], |kept| &kept.value.ranges),
    }))
}

/// What is of a registered model is seen by who may see the model; what is not, by who may see all of the namespace, and by
/// who reported it.
fn may_see(caller: &Caller, state: &State, name: Option<&ModelName>, seen: &Seen) -> bool {
    let nobodys = Subject { namespace: seen.namespace.as_str(), team: None, tier: None };
    let subject = name.map_or(nobodys, |name| state.subject(name));
    caller.covers(&subject)
        || seen.reporter == caller.principal && !name.is_some_and(|name| state.models.contains_key(name))
}

/// What is registered of a model and not seen: the versions that have a share of its traffic, or else the model itself.
fn not_seen(state: &State, name: &ModelName, seen: Option<&BTreeSet<u64>>) -> Vec<ListedSighting> {
    if state.models.get(name).is_none_or(|kept| kept.value.deletion.is_some()) {
        return Vec::new();
    }
    let ranges = state.traffic.get(name).map_or(&[][..], |kept| &kept.value.ranges);
    let serving: BTreeSet<u64> = ranges.iter().map(|range| range.version.number).collect();
    let missing = serving.into_iter().filter(|number| seen.is_none_or(|seen| !seen.contains(number)));
    let missing: Vec<u64> = if ranges.is_empty() && seen.is_none() { vec![0] } else { missing.collect() };
    let listed = |number| ListedSighting {
        namespace: name.namespace.clone(),
        model: name.model.as_str().to_owned(),
        version: number,
        digest: state
            .versions
            .get(&name.version(number))
            .map_or_else(String::new, |kept| kept.value.artifact_digest.clone()),
        endpoint: String::new(),
        reporter: None,
        times: None,
        finding: Finding::NotSeen,
    };
    missing.into_iter().map(listed).collect()
}

impl ListedSighting {
    fn seen(seen: &Seen, times: Times, finding: Finding) -> Self {
        let Seen { namespace, model, version, digest, endpoint, reporter } = seen.clone();
        Self { namespace, model, version, digest, endpoint, reporter: Some(reporter), times: Some(times), finding }
    }

    fn place(&self) -> (&Identifier, &str, u64, &str, &str, &Option<Principal>) {
        (&self.namespace, &self.model, self.version, &self.digest, &self.endpoint, &self.reporter)
    }
}

impl Fields for ListedSighting {
    const PATHS: &'static [&'static str] = &[
        "namespace",
        "model",
        "version",
        "digest",
        "endpoint",
        "reporter",
        "rate",
        "finding",
        "first_seen_time",
        "last_seen_time",
    ];

    fn field(&self, path: &str) -> Field<'_> {
        let text = |text: &'_ str| if text.is_empty() { Field::Absent } else { Field::Text(text.to_owned().into()) };
        let second =
            |at: fn(&Times) -> f64| self.times.as_ref().map_or(Field::Absent, |times| Field::Number(at(times)));
        match path {
            "namespace" => text(self.namespace.as_str()),
            "model" => text(&self.model),
            "version" if self.version == 0 => Field::Absent,
            "version" => Field::Number(self.version as f64),
            "digest" => text(&self.digest),
            "endpoint" => text(&self.endpoint),
            "reporter" => self.reporter.as_ref().map_or(Field::Absent, |one| Field::Text(one.to_string().into())),
            "rate" => second(|times| times.rate),
            "finding" => Field::Text(self.finding.name().into()),
            "first_seen_time" => second(|times| times.first.as_second() as f64),
            "last_seen_time" => second(|times| times.last.as_second() as f64),
            _ => Field::Absent,
        }
    }
}
