//! What a change does beyond what it is about: to the order of models, to their effective tiers, and so to who reaches
//! them. It is decided on the registry as the change would leave it.

use std::collections::BTreeSet;

use slipway_chassis::Caller;
use slipway_domain::access::Permission;
use slipway_domain::dependencies::{circle, way};
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Model, ModelType};
use slipway_domain::name::{Identifier, ModelName};
use slipway_store::Revision;

use super::commit::{Draft, Replaced};
use crate::state::{Hypothesis, State};
use crate::{Error, keys};

impl Draft {
    /// Makes sure that nothing comes to depend on itself, and that nobody comes to reach a model by changing another.
    /// What moves tiers is put into an order with all else that does.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a circle, `PERMISSION_DENIED`.
    pub fn consider(&mut self, caller: &Caller, state: &State) -> Result<(), Error> {
        let moved: Vec<_> = self.changes.iter().filter_map(Replaced::moves_tiers_in).cloned().collect();
        if moved.is_empty() {
            return Ok(());
        }
        let after = state.supposing(self.changes.iter().map(|one| (one.before.as_ref(), one.after.as_ref())));
        self.check_circles(caller, &after.state)?;
        self.check_reach(caller, state, &after)?;
        for namespace in moved.into_iter().collect::<BTreeSet<Identifier>>() {
            let seen: Revision = state.edges.get(&namespace).copied().unwrap_or(0);
            self.compares.push((keys::edges(&namespace), seen));
            self.rows.push((keys::edges(&namespace), Vec::new()));
        }
        Ok(())
    }

    fn check_circles(&self, caller: &Caller, state: &State) -> Result<(), Error> {
        let dependencies = |name: &ModelName| state.models.get(name).map(|kept| kept.value.dependencies());
        for Replaced { before, after, .. } in &self.changes {
            let Some(Resource::Model(model)) = after else { continue };
            let had = match before {
                Some(Resource::Model(before)) => Some(before.dependencies()),
                _ => None,
            };
            let new = model.dependencies().iter().filter(|other| had.is_none_or(|had| !had.contains(other)));
            for other in new {
                if let Some(back) = way(other, &model.name, dependencies) {
                    return Err(round(caller, state, &model.name, &back));
                }
            }
        }
        Ok(())
    }

    /// A model that others' changes move to another tier may come to lie within rights that are given by tier.
    fn check_reach(&self, caller: &Caller, before: &State, after: &Hypothesis) -> Result<(), Error> {
        let about: BTreeSet<_> = self.changes.iter().filter_map(|one| one.after.as_ref()).map(Resource::name).collect();
        for shift in &after.shifts {
            let was = before.subject_of_tier(&shift.model, shift.before);
            let is = after.state.subject_of_tier(&shift.model, shift.after);
            if caller.comes_to_reach(&was, &is) && !about.contains(&shift.model.to_string()) {
                let on = self.changes.first().map(Replaced::name).unwrap_or_default();
                return Err(caller.denied(&on).into());
            }
        }
        Ok(())
    }
}

/// That `model` would depend on itself, by `back` from what it names.
fn round(caller: &Caller, state: &State, model: &ModelName, back: &[&ModelName]) -> Error {
    let sees = |name: &ModelName| caller.may(Permission::ReadModels, &state.subject(name));
    let word = |name| if sees(name) { name.model.as_str() } else { "a model that you may not see" };
    let words: Vec<_> = std::iter::once(word(model)).chain(back.iter().map(|name| word(name))).collect();
    Error::invalid("model.depends_on", "CIRCLE", format!("would go round in a circle: {}", circle(&words)))
}

impl Replaced {
    /// The namespace in which it may move the effective tiers of other models.
    fn moves_tiers_in(&self) -> Option<&Identifier> {
        let nothing = |model: &Model| model.dependencies().is_empty();
        match (&self.before, &self.after) {
            (Some(Resource::Model(before)), Some(Resource::Model(after))) => {
                let alone = nothing(before) && nothing(after);
                (!alone && before.weighs_other_than(after)).then_some(&after.name.namespace)
            }
            (None, Some(Resource::Model(model))) | (Some(Resource::Model(model)), None) => {
                (!nothing(model)).then_some(&model.name.namespace)
            }
            (Some(Resource::ModelType(before)), Some(Resource::ModelType(after))) => {
                let tier = |kind: &ModelType| kind.criticality.as_ref().map(|said| said.tier);
                (tier(before) != tier(after)).then_some(&after.name.namespace)
            }
            _ => None,
        }
    }
}
