//! Models that the manifest does not name any more.

use slipway_domain::access::Permission;
use slipway_domain::deletion::Deletion;
use slipway_domain::filter::Filter;
use slipway_domain::ledger::Resource;
use slipway_domain::model::Model;
use slipway_domain::name::ModelName;
use slipway_store::picture::Kept;

use super::plan::Plan;
use super::{Action, Planned, Refusal};
use crate::kind::Rules;
use crate::service::commit::Replaced;
use crate::service::list::namespace_matches;
use crate::service::standard::copied;
use crate::state::ListedModel;
use crate::{Error, keys};

impl Plan<'_> {
    /// Deletes the models of the parent that the filter finds and the manifest does not name.
    pub fn prune(&mut self) -> Result<(), Error> {
        if self.apply.prune.is_empty() {
            return Ok(());
        }
        let refused =
            |error: slipway_domain::filter::Error| Error::invalid("prune", "NOT_UNDERSTOOD", error.to_string());
        let filter = Filter::parse::<ListedModel>(&self.apply.prune).map_err(refused)?;
        let (named, caller) = (self.named_models(), self.intent.caller.with(Permission::WriteModels));
        let is_over = |kept: &&Kept<Model>| {
            let model = &kept.value;
            namespace_matches(&self.apply.parent, model.name.namespace.as_str())
                && model.deletion.is_none()
                && !named.contains(&model.name)
                && caller.covers(&self.state.model_subject(model))
                && filter.matches(&self.state.listed((*kept).clone()))
        };
        let over: Vec<_> = self.state.models.values().filter(is_over).cloned().collect();
        for kept in &over {
            self.delete(kept);
        }
        // What is deleted in the same revision uses nothing any more.
        for kept in &over {
            self.check_unused(&kept.value.name);
        }
        Ok(())
    }

    fn check_unused(&mut self, name: &ModelName) {
        for holder in Model::holders(name, &self.then) {
            let (name, field) = (name.to_string(), String::new());
            let description = format!("is used by {holder}; change that first, or keep the model in the manifest");
            self.refusals.push(Refusal { index: None, name, field, reason: "IN_USE", description, conflict: None });
        }
    }

    fn delete(&mut self, kept: &Kept<Model>) {
        let (name, now) = (&kept.value.name, self.registry.env.now());
        let after = Model { deletion: Some(Deletion::begun(now)), updated_at: now, ..(*kept.value).clone() };
        let after = Resource::Model(after);
        self.then.put_resource(after.clone(), kept.revision);
        self.draft.compares.push((keys::resource(&name.to_string()), kept.revision));
        // What it serves by then would keep it.
        let traffic = self.state.traffic.get(name).map_or(0, |traffic| traffic.revision);
        self.draft.compares.push((keys::resource(&name.traffic()), traffic));
        self.draft.changes.push(Replaced { before: Some(copied(kept)), after: Some(after), fields: vec!["deletion"] });
        self.deleted.push(Planned { name: name.to_string(), action: Action::Delete, fields: vec![] });
    }
}
