//! Whose a resource is, for whoever explains the policy.

use slipway_domain::name::ModelName;
use slipway_operations::{Owner, Owners};

use super::Registry;

impl Owners for Registry {
    fn owner(&self, resource: &str) -> Option<Owner> {
        let model = ModelName::of_resource(resource)?;
        let state = self.feed.current();
        let found = state.models.get(&model)?;
        let subject = state.model_subject(&found.value);
        Some(Owner { team: subject.team.map(str::to_owned), tier: subject.tier? })
    }
}
