//! Whose a resource is, and how much it matters: what a policy tells resources apart by.

use slipway_domain::access::Subject;
use slipway_domain::ledger::Resource;
use slipway_domain::model::{MILDEST_TIER, Model, ModelType};
use slipway_domain::name::{ModelName, NamespaceName, PolicyName, TeamName};

use super::State;

impl State {
    /// A model by its name, whether it exists or not. What does not exist is nobody's.
    #[must_use]
    pub fn subject<'a>(&'a self, name: &'a ModelName) -> Subject<'a> {
        match self.models.get(name) {
            Some(kept) => self.model_subject(&kept.value),
            None => Subject { namespace: name.namespace.as_str(), team: None, tier: None },
        }
    }

    /// A model as it is, or as somebody wants it to be.
    #[must_use]
    pub fn model_subject<'a>(&self, model: &'a Model) -> Subject<'a> {
        let team = Some(model.owner.as_str()).filter(|owner| !owner.is_empty());
        Subject { namespace: model.name.namespace.as_str(), team, tier: Some(self.effective(model).tier) }
    }

    /// The subject of a resource as it stands there, which need not be how the picture has it. Versions and traffic are
    /// their model's.
    #[must_use]
    pub fn resource_subject<'a>(&'a self, resource: &'a Resource) -> Subject<'a> {
        match resource {
            Resource::ModelType(value) => type_subject(value),
            Resource::Model(value) => self.model_subject(value),
            Resource::Version(value) => self.subject(&value.name.model),
            Resource::Traffic(model, _) => self.subject(model),
            Resource::Team(value) => team_subject(&value.name),
            Resource::Alias(value) => self.subject(&value.name.model),
            Resource::Namespace(value) => namespace_subject(&value.name),
            Resource::Policy(value) => policy_subject(&value.name),
        }
    }
}

/// A model type: nobody's in particular, and as important as its models at least.
#[must_use]
pub fn type_subject(value: &ModelType) -> Subject<'_> {
    let tier = value.criticality.as_ref().map_or(MILDEST_TIER, |criticality| criticality.tier);
    Subject { namespace: value.name.namespace.as_str(), team: None, tier: Some(tier) }
}

/// A namespace: nobody's in particular.
#[must_use]
pub fn namespace_subject(name: &NamespaceName) -> Subject<'_> {
    Subject { namespace: name.namespace.as_str(), team: None, tier: None }
}

/// A team: its own.
#[must_use]
pub fn team_subject(name: &TeamName) -> Subject<'_> {
    Subject { namespace: name.namespace.as_str(), team: Some(name.team.as_str()), tier: None }
}

/// A policy: nobody's in particular.
#[must_use]
pub fn policy_subject(name: &PolicyName) -> Subject<'_> {
    Subject { namespace: name.namespace.as_str(), team: None, tier: None }
}
