//! The ledger: who changed what, when, and why; and what makes it tamper-evident.
//!
//! Every entry is a [`leaf`] of a Merkle [`tree`]. A signed [`checkpoint`] says what the tree was at one moment; a
//! [`proof`] shows that an entry is in it, or that a later tree begins with it. An [`audit`] reads a whole ledger.

pub mod audit;
pub mod checkpoint;
pub mod fields;
pub mod hash;
pub mod leaf;
pub mod note;
pub mod proof;
pub mod tree;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alias::Alias;
use crate::model::{Model, ModelType, Version};
use crate::name::{ModelName, NamespaceName};
use crate::namespace::Namespace;
use crate::policy::Policy;
use crate::principal::Principal;
use crate::team::Team;
use crate::traffic::Traffic;

/// Any one resource of the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "most are models and versions, and none is kept for long")]
pub enum Resource {
    /// A model type.
    ModelType(ModelType),
    /// A model.
    Model(Model),
    /// A version.
    Version(Version),
    /// The traffic of a model.
    Traffic(ModelName, Traffic),
    /// A team.
    Team(Team),
    /// An alias.
    Alias(Alias),
    /// A namespace.
    Namespace(Namespace),
    /// A policy.
    Policy(Policy),
}

impl Resource {
    /// The full name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::ModelType(model_type) => model_type.name.to_string(),
            Self::Model(model) => model.name.to_string(),
            Self::Version(version) => version.name.to_string(),
            Self::Traffic(model, _) => model.traffic(),
            Self::Team(team) => team.name.to_string(),
            Self::Alias(alias) => alias.name.to_string(),
            Self::Namespace(namespace) => namespace.name.to_string(),
            Self::Policy(policy) => policy.name.to_string(),
        }
    }

    /// The namespace that it lies in.
    #[must_use]
    pub fn namespace(&self) -> NamespaceName {
        match self {
            Self::ModelType(model_type) => NamespaceName { namespace: model_type.name.namespace.clone() },
            Self::Model(model) => model.name.parent(),
            Self::Version(version) => version.name.model.parent(),
            Self::Traffic(model, _) => model.parent(),
            Self::Team(team) => NamespaceName { namespace: team.name.namespace.clone() },
            Self::Alias(alias) => alias.name.model.parent(),
            Self::Namespace(namespace) => namespace.name.clone(),
            Self::Policy(policy) => NamespaceName { namespace: policy.name.namespace.clone() },
        }
    }
}

/// What can be done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// It was created.
    Create,
    /// Its fields were changed.
    Update,
    /// It was deleted.
    Delete,
}

/// One change of one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Who did it.
    pub principal: Principal,
    /// When.
    pub at: Timestamp,
    /// Why, as the caller said.
    pub reason: String,
    /// The id of the request, as it stands in the logs.
    pub request_id: String,
    /// The paths of the fields that changed; empty for a creation.
    pub changed_fields: Vec<String>,
    /// The resource before; none for a creation.
    pub before: Option<Resource>,
    /// The resource after; none for a deletion.
    pub after: Option<Resource>,
}

impl Change {
    /// What was done.
    #[must_use]
    pub fn action(&self) -> Action {
        match (&self.before, &self.after) {
            (None, _) => Action::Create,
            (Some(_), Some(_)) => Action::Update,
            (Some(_), None) => Action::Delete,
        }
    }

    /// The resource as it is after the change, or as it last was.
    #[must_use]
    pub fn resource(&self) -> Option<&Resource> {
        self.after.as_ref().or(self.before.as_ref())
    }
}
