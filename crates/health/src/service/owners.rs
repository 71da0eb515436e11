//! Whose a resource is, for whoever explains the policy: as the registry said last.

use slipway_domain::name::ModelName;
use slipway_operations::{Owner, Owners};

use super::{Health, Ownership};

impl Owners for Health {
    fn owner(&self, resource: &str) -> Option<Owner> {
        match self.policies.ownership(&ModelName::of_resource(resource)?) {
            Ownership::Known { team, tier } => Some(Owner { team: Some(team).filter(|team| !team.is_empty()), tier }),
            Ownership::Unheard | Ownership::NoModel => None,
        }
    }
}
