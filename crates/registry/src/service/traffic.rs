//! The traffic of a model.

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::ledger::Resource;
use slipway_domain::name::{ModelName, VersionName};
use slipway_domain::traffic::{self, Range, Traffic, Writer};
use slipway_store::picture::Kept;

use super::Registry;
use super::access::check_model;
use super::commit::{Done, Draft};
use super::versions::living;
use crate::kind::Seen;
use crate::state::State;
use crate::{Error, keys};

/// A change of a model's traffic.
#[derive(Debug, Clone)]
pub struct SetTraffic {
    /// The model.
    pub model: ModelName,
    /// The new ranges.
    pub ranges: Vec<Range>,
    /// The generation that the caller read.
    pub generation: u64,
    /// On whose authority.
    pub writer: Writer,
}

impl Registry {
    /// Returns the traffic of a model.
    ///
    /// # Errors
    /// `NOT_FOUND` if there is no such model; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn get_traffic(&self, caller: &Caller, model: &ModelName, as_of: AsOf) -> Result<Kept<Traffic>, Error> {
        let check = |state: &State| check_model(caller, state, model);
        let read = |state: &State, _| {
            state.traffic.get(model).cloned().ok_or_else(|| Error::NotFound { name: model.traffic() })
        };
        let pick = |resource| if let Resource::Traffic(_, traffic) = resource { Some(traffic) } else { None };
        let place = (&model.namespace, model.traffic());
        self.one_as_of((caller, as_of), (place.0, &place.1), pick, self.read_as_of(as_of, check, read)).await
    }

    /// Sets the traffic of a model.
    ///
    /// # Errors
    /// `NOT_FOUND`; `INVALID_FIELDS` if the ranges are no partition among existing versions;
    /// `TRAFFIC_GENERATION_CHANGED`, `TRAFFIC_EPOCH_FENCED`, `TRAFFIC_HELD_BY_LAUNCHER`.
    pub async fn set_traffic(&self, intent: &Intent, set: SetTraffic) -> Result<Kept<Traffic>, Error> {
        let print = intent.fingerprint("SetTraffic", &[&set]);
        let Done { answer, revision, .. } = self.mutate(intent, print, |state| self.moved(state, intent, &set)).await?;
        match answer.into_iter().next() {
            Some(Resource::Traffic(_, value)) => Ok(Kept::new(value, revision)),
            Some(other) => Err(Error::wrong_kind(&other)),
            None => Err(Error::no_answer()),
        }
    }

    fn moved(&self, state: &State, intent: &Intent, set: &SetTraffic) -> Result<Draft, Error> {
        check_model(&intent.caller, state, &set.model)?;
        let name = set.model.traffic();
        let kept = state.traffic.get(&set.model).ok_or_else(|| Error::NotFound { name: name.clone() })?;
        let model = living(state, &set.model)?;
        let seen = check_ranges(state, set)?;
        let refused = |refused| Error::Traffic { name, refused };
        let after = kept.value.set(set.writer, set.generation, set.ranges.clone(), self.env.now()).map_err(refused)?;
        let before = Resource::Traffic(set.model.clone(), (*kept.value).clone());
        let after = Resource::Traffic(set.model.clone(), after);
        let mut draft = Draft::update(kept.revision, before, after, vec!["ranges"]);
        draft.compares.push((keys::resource(&set.model.to_string()), model.revision));
        draft.compares.extend(seen);
        Ok(draft)
    }
}

/// Makes sure that the ranges are a partition among living versions, and says what their being there rests on.
fn check_ranges(state: &State, set: &SetTraffic) -> Result<Seen, Error> {
    let (mut check, mut seen) = (Check::new(), Seen::new());
    check.extend(traffic::check(&set.model, &set.ranges));
    for (index, range) in set.ranges.iter().enumerate() {
        seen.extend(check_version(&mut check, state, &format!("ranges[{index}].version"), &range.version));
    }
    check.finish()?;
    Ok(seen)
}

/// Notes that there is no living version of that name, if so, and says what its being there rests on.
pub(super) fn check_version(check: &mut Check, state: &State, field: &str, name: &VersionName) -> Seen {
    match state.versions.get(name).filter(|kept| kept.value.deletion.is_none()) {
        Some(kept) => vec![(keys::resource(&name.to_string()), kept.revision)],
        None => {
            check.add(field, "NO_SUCH_VERSION", format!("there is no {name}"));
            vec![]
        }
    }
}
