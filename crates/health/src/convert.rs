//! Between the wire and the service: every message is taken apart whole, so that a new field can't be forgotten.

mod answer;
mod request;

use std::sync::Arc;

use jiff::SignedDuration;
use slipway_domain::model::{HealthPolicy, MILDEST_TIER};
use slipway_domain::name::ModelName;
use slipway_proto::registry::v1 as registry;
use slipway_sdk::Cache;

use crate::service::{ModelPolicy, Ownership, Policies};

pub use answer::{acknowledged, version_health};
pub use request::{gate_query, health_query, report};

/// The registry's models as the client's cache sees them.
pub struct Picture(Cache);

impl Picture {
    /// The models in `cache`.
    #[must_use]
    pub fn new(cache: Cache) -> Self {
        Self(cache)
    }
}

impl Policies for Picture {
    fn policy(&self, model: &ModelName) -> Option<ModelPolicy> {
        let picture: Arc<slipway_sdk::Picture> = self.0.picture();
        picture.model(model).map(policy)
    }

    fn ownership(&self, model: &ModelName) -> Ownership {
        let picture = self.0.picture();
        match picture.model(model) {
            Some(found) => {
                let tier = u8::try_from(found.effective_tier).unwrap_or(MILDEST_TIER);
                Ownership::Known { team: found.owner.clone(), tier }
            }
            None if picture.revision() == 0 => Ownership::Unheard,
            None => Ownership::NoModel,
        }
    }
}

/// What a model of the registry says about judging it.
fn policy(model: &registry::Model) -> ModelPolicy {
    let defaults = ModelPolicy::default();
    let window = model.label_window.as_ref().map(request::span);
    let health = model.health_policy.as_ref().map_or(defaults.health, |policy| {
        let registry::HealthPolicy { calibration_tolerance, ne_tolerance, alpha } = *policy;
        HealthPolicy { calibration_tolerance, ne_tolerance, alpha }
    });
    ModelPolicy { label_window: window.unwrap_or(defaults.label_window).max(SignedDuration::ZERO), health }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_registry_says_of_a_model_is_taken_over_and_the_rest_assumed() {
        let health_policy = registry::HealthPolicy { calibration_tolerance: 0.1, ne_tolerance: 0.03, alpha: 0.01 };
        let said = registry::Model {
            label_window: Some(prost_types::Duration { seconds: 3600, nanos: 0 }),
            health_policy: Some(health_policy),
            ..Default::default()
        };
        let health = HealthPolicy { calibration_tolerance: 0.1, ne_tolerance: 0.03, alpha: 0.01 };
        assert_eq!(policy(&said), ModelPolicy { label_window: SignedDuration::from_hours(1), health });
        assert_eq!(policy(&registry::Model::default()), ModelPolicy::default());
    }
}
