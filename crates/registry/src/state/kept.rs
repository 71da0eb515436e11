//! Resources of all kinds as a picture keeps them.

use std::sync::Arc;

use slipway_domain::alias::Alias;
use slipway_domain::model::{Model, ModelType, Version};
use slipway_domain::name::{
    AliasName, Identifier, ModelName, ModelTypeName, NamespaceName, PolicyName, TeamName, VersionName,
};
use slipway_domain::namespace::Namespace;
use slipway_domain::policy::Policy;
use slipway_domain::team::Team;
use slipway_domain::tier::Effective;
use slipway_domain::traffic::Traffic;
use slipway_store::picture::Kept;

use super::{State, TierOrigin};

/// A model with what is computed for it.
#[derive(Debug, Clone)]
pub struct ListedModel {
    /// The model.
    pub model: Kept<Model>,
    /// The severest of its own tier, its type's, and those of its dependents.
    pub effective_tier: u8,
    /// Where that comes from.
    pub tier_origin: TierOrigin,
    /// The number of its newest version; 0 while there is none.
    pub latest_version: u64,
}

impl ListedModel {
    /// A model with its effective tier, and the number of its newest version as `latest` says it.
    pub(super) fn of(model: Kept<Model>, effective: Arc<Effective>, latest: impl FnOnce(&ModelName) -> u64) -> Self {
        let latest_version = latest(&model.value.name);
        let effective_tier = effective.tier;
        let tier_origin = TierOrigin::of(&model.value.name, effective);
        Self { model, effective_tier, tier_origin, latest_version }
    }
}

/// What a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    /// A model type.
    ModelType,
    /// A model.
    Model,
    /// A version.
    Version,
    /// The traffic of a model.
    Traffic,
    /// A team.
    Team,
    /// An alias.
    Alias,
    /// A namespace.
    Namespace,
    /// A policy.
    Policy,
}

impl ResourceKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::ModelType,
        Self::Model,
        Self::Version,
        Self::Traffic,
        Self::Team,
        Self::Alias,
        Self::Namespace,
        Self::Policy,
    ];

    /// What a resource of this name is.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let mut parts = name.split('/').skip(2);
        if let ("namespaces", None) = (name.split('/').next()?, name.split('/').nth(2)) {
            return Some(Self::Namespace);
        }
        let kind = match (parts.next()?, parts.next()?, parts.next()) {
            ("models", _, None) => Self::Model,
            ("models", _, Some("versions")) => Self::Version,
            ("models", _, Some("aliases")) => Self::Alias,
            ("models", _, Some("traffic")) => Self::Traffic,
            ("modelTypes", _, None) => Self::ModelType,
            ("teams", _, None) => Self::Team,
            ("policies", _, None) => Self::Policy,
            _ => return None,
        };
        Some(kind)
    }
}

/// A resource of any kind: shared, until somebody needs a copy.
#[derive(Debug, Clone)]
pub enum KeptResource {
    /// A model type.
    ModelType(Kept<ModelType>),
    /// A model.
    Model(ListedModel),
    /// A version.
    Version(Kept<Version>),
    /// The traffic of the model with this name.
    Traffic(ModelName, Kept<Traffic>),
    /// A team.
    Team(Kept<Team>),
    /// An alias.
    Alias(Kept<Alias>),
    /// A namespace.
    Namespace(Kept<Namespace>),
    /// A policy.
    Policy(Kept<Policy>),
}

impl KeptResource {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> ResourceKind {
        match self {
            Self::ModelType(_) => ResourceKind::ModelType,
            Self::Model(_) => ResourceKind::Model,
            Self::Version(_) => ResourceKind::Version,
            Self::Traffic(..) => ResourceKind::Traffic,
            Self::Team(_) => ResourceKind::Team,
            Self::Alias(_) => ResourceKind::Alias,
            Self::Namespace(_) => ResourceKind::Namespace,
            Self::Policy(_) => ResourceKind::Policy,
        }
    }

    /// Its full name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::ModelType(kept) => kept.value.name.to_string(),
            Self::Model(listed) => listed.model.value.name.to_string(),
            Self::Version(kept) => kept.value.name.to_string(),
            Self::Traffic(model, _) => model.traffic(),
            Self::Team(kept) => kept.value.name.to_string(),
            Self::Alias(kept) => kept.value.name.to_string(),
            Self::Namespace(kept) => kept.value.name.to_string(),
            Self::Policy(kept) => kept.value.name.to_string(),
        }
    }

    /// The model that it is or belongs to.
    #[must_use]
    pub fn model(&self) -> Option<&ModelName> {
        match self {
            Self::Model(listed) => Some(&listed.model.value.name),
            Self::Version(kept) => Some(&kept.value.name.model),
            Self::Traffic(model, _) => Some(model),
            Self::Alias(kept) => Some(&kept.value.name.model),
            Self::ModelType(_) | Self::Team(_) | Self::Namespace(_) | Self::Policy(_) => None,
        }
    }

    /// The namespace that it lies in.
    #[must_use]
    pub fn namespace(&self) -> &Identifier {
        match self {
            Self::ModelType(kept) => &kept.value.name.namespace,
            Self::Model(listed) => &listed.model.value.name.namespace,
            Self::Version(kept) => &kept.value.name.model.namespace,
            Self::Traffic(model, _) => &model.namespace,
            Self::Team(kept) => &kept.value.name.namespace,
            Self::Alias(kept) => &kept.value.name.model.namespace,
            Self::Namespace(kept) => &kept.value.name.namespace,
            Self::Policy(kept) => &kept.value.name.namespace,
        }
    }
}

impl State {
    /// A model with what is computed for it.
    #[must_use]
    pub fn listed(&self, model: Kept<Model>) -> ListedModel {
        let effective = self.effective(&model.value);
        ListedModel::of(model, effective, |name| self.latest_version(name))
    }

    /// The model of this name with what is computed for it.
    #[must_use]
    pub fn listed_model(&self, name: &ModelName) -> Option<ListedModel> {
        self.models.get(name).map(|kept| self.listed(kept.clone()))
    }

    /// The resource of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<KeptResource> {
        match ResourceKind::of_name(name)? {
            ResourceKind::ModelType => {
                let name = ModelTypeName::parse(name).ok()?;
                self.model_types.get(&name).cloned().map(KeptResource::ModelType)
            }
            ResourceKind::Model => self.listed_model(&ModelName::parse(name).ok()?).map(KeptResource::Model),
            ResourceKind::Version => {
                let name = VersionName::parse(name).ok()?;
                self.versions.get(&name).cloned().map(KeptResource::Version)
            }
            ResourceKind::Traffic => {
                let model = ModelName::parse_traffic(name).ok()?;
                let kept = self.traffic.get(&model).cloned();
                kept.map(|kept| KeptResource::Traffic(model, kept))
            }
            ResourceKind::Team => self.teams.get(&TeamName::parse(name).ok()?).cloned().map(KeptResource::Team),
            ResourceKind::Alias => self.aliases.get(&AliasName::parse(name).ok()?).cloned().map(KeptResource::Alias),
            ResourceKind::Namespace => {
                self.namespaces.get(&NamespaceName::parse(name).ok()?).cloned().map(KeptResource::Namespace)
            }
            ResourceKind::Policy => {
                self.policies.get(&PolicyName::parse(name).ok()?).cloned().map(KeptResource::Policy)
            }
        }
    }

    /// Takes the resource of this name away.
    pub(super) fn forget(&mut self, name: &str) {
        match ResourceKind::of_name(name) {
            Some(ResourceKind::ModelType) => {
                let gone = ModelTypeName::parse(name).ok().and_then(|name| self.model_types.remove(&name));
                self.type_replaced(gone.as_ref().map(|kept| &*kept.value), None);
            }
            Some(ResourceKind::Model) => {
                let gone = ModelName::parse(name).ok().and_then(|name| self.models.remove(&name));
                self.tiers.replaced(gone.as_ref().map(|kept| &*kept.value), None);
            }
            Some(ResourceKind::Version) => drop(VersionName::parse(name).map(|name| self.versions.remove(&name))),
            Some(ResourceKind::Traffic) => drop(ModelName::parse_traffic(name).map(|name| self.traffic.remove(&name))),
            Some(ResourceKind::Team) => drop(TeamName::parse(name).map(|name| self.teams.remove(&name))),
            Some(ResourceKind::Policy) => {
                if let Ok(name) = PolicyName::parse(name) {
                    self.policies.remove(&name);
                    self.rules.remove(&name);
                }
            }
            Some(ResourceKind::Alias) => drop(AliasName::parse(name).map(|name| self.aliases.remove(&name))),
            Some(ResourceKind::Namespace) => drop(NamespaceName::parse(name).map(|name| self.namespaces.remove(&name))),
            None => {}
        }
    }

    /// Every resource, as a watch begins with.
    pub fn resources(&self) -> impl Iterator<Item = KeptResource> + '_ {
        let types = self.model_types.values().cloned().map(KeptResource::ModelType);
        let models = self.models.values().map(|kept| KeptResource::Model(self.listed(kept.clone())));
        let versions = self.versions.values().cloned().map(KeptResource::Version);
        let traffic = self.traffic.iter().map(|(model, kept)| KeptResource::Traffic(model.clone(), kept.clone()));
        let teams = self.teams.values().cloned().map(KeptResource::Team);
        let aliases = self.aliases.values().cloned().map(KeptResource::Alias);
        let namespaces = self.namespaces.values().cloned().map(KeptResource::Namespace);
        let policies = self.policies.values().cloned().map(KeptResource::Policy);
        namespaces.chain(teams).chain(types).chain(policies).chain(models).chain(versions).chain(traffic).chain(aliases)
    }
}
