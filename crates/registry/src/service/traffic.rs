//! The traffic of a model.

use std::sync::Arc;

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::check::Check;
use slipway_domain::ledger::Resource;
use slipway_domain::name::ModelName;
use slipway_domain::traffic::{self, Range, Traffic, Writer};
use slipway_store::picture::Kept;

use super::Registry;
use super::access::check_model;
use super::commit::{Draft, Replaced};
use crate::Error;
use crate::state::State;

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
    /// `NOT_FOUND` if there is no such model.
    pub fn get_traffic(&self, caller: &Caller, model: &ModelName) -> Result<Kept<Traffic>, Error> {
        let state = self.feed.look();
        check_model(caller, &state, model)?;
        state.traffic.get(model).cloned().ok_or_else(|| Error::NotFound { name: model.traffic() })
    }

    /// Sets the traffic of a model.
    ///
    /// # Errors
    /// `NOT_FOUND`; `INVALID_FIELDS` if the ranges are no partition among existing versions;
    /// `TRAFFIC_GENERATION_CHANGED`, `TRAFFIC_EPOCH_FENCED`, `TRAFFIC_HELD_BY_LAUNCHER`.
    pub async fn set_traffic(&self, intent: &Intent, set: SetTraffic) -> Result<Kept<Traffic>, Error> {
        let print = intent.fingerprint("SetTraffic", &[&set]);
        let kept = self.mutate(intent, print, |state| self.moved(state, intent, &set)).await?;
        match Arc::unwrap_or_clone(kept.value) {
            Resource::Traffic(_, value) => Ok(Kept::new(value, kept.revision)),
            other => Err(Error::wrong_kind(&other)),
        }
    }

    fn moved(&self, state: &State, intent: &Intent, set: &SetTraffic) -> Result<Draft, Error> {
        check_model(&intent.caller, state, &set.model)?;
        let name = set.model.traffic();
        let kept = state.traffic.get(&set.model).ok_or_else(|| Error::NotFound { name: name.clone() })?;
        check_ranges(state, set)?;
        let refused = |refused| Error::Traffic { name, refused };
        let after = kept.value.set(set.writer, set.generation, set.ranges.clone(), self.env.now()).map_err(refused)?;
        let before = Some(Resource::Traffic(set.model.clone(), (*kept.value).clone()));
        let after = Resource::Traffic(set.model.clone(), after);
        Ok(Draft::update(kept.revision, Replaced { before, after, fields: vec!["ranges"] }))
    }
}

/// Makes sure that the ranges are a partition among versions that exist. Versions are never deleted, so nothing has to
/// be compared.
fn check_ranges(state: &State, set: &SetTraffic) -> Result<(), Error> {
    let mut check = Check::new();
    check.extend(traffic::check(&set.model, &set.ranges));
    for (index, range) in set.ranges.iter().enumerate() {
        if !state.versions.contains_key(&range.version) {
            let wanted = format!("there is no {}", range.version);
            check.add(format!("ranges[{index}].version"), "NO_SUCH_VERSION", wanted);
        }
    }
    Ok(check.finish()?)
}
