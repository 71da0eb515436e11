//! The registry in memory: an immutable picture that the store's watch keeps up to date.

mod hypothesis;
mod ledger;
mod subject;
mod tiers;

use std::sync::Arc;

use imbl::OrdMap;
use slipway_domain::alias::Alias;
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Model, ModelType, Quarantine, Version};
use slipway_domain::name::{AliasName, Identifier, ModelName, ModelTypeName, TeamName, VersionName};
use slipway_domain::team::Team;
use slipway_domain::traffic::Traffic;
use slipway_store::picture::{Kept, Picture};
use slipway_store::{KeyRange, Revision};
use uuid::Uuid;

pub use hypothesis::Hypothesis;
pub use ledger::{Ledger, Place};
pub use subject::{team_subject, type_subject};
pub use tiers::{Shift, Tiers};

use crate::record::{self, Answer, Row};
use crate::{Error, keys};

/// A resource of any kind as a picture keeps it: shared, until somebody needs a copy.
#[derive(Debug, Clone)]
pub enum KeptResource {
    /// A model type.
    ModelType(Kept<ModelType>),
    /// A model.
    Model(Kept<Model>),
    /// A version.
    Version(Kept<Version>),
    /// The traffic of the model with this name.
    Traffic(ModelName, Kept<Traffic>),
    /// A team.
    Team(Kept<Team>),
    /// An alias.
    Alias(Kept<Alias>),
}

impl KeptResource {
    /// Its full name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::ModelType(kept) => kept.value.name.to_string(),
            Self::Model(kept) => kept.value.name.to_string(),
            Self::Version(kept) => kept.value.name.to_string(),
            Self::Traffic(model, _) => model.traffic(),
            Self::Team(kept) => kept.value.name.to_string(),
            Self::Alias(kept) => kept.value.name.to_string(),
        }
    }

    /// A copy of it, and the revision of its last change.
    #[must_use]
    pub fn copied(self) -> (Resource, Revision) {
        match self {
            Self::ModelType(kept) => (Resource::ModelType(Arc::unwrap_or_clone(kept.value)), kept.revision),
            Self::Model(kept) => (Resource::Model(Arc::unwrap_or_clone(kept.value)), kept.revision),
            Self::Version(kept) => (Resource::Version(Arc::unwrap_or_clone(kept.value)), kept.revision),
            Self::Traffic(model, kept) => (Resource::Traffic(model, Arc::unwrap_or_clone(kept.value)), kept.revision),
            Self::Team(kept) => (Resource::Team(Arc::unwrap_or_clone(kept.value)), kept.revision),
            Self::Alias(kept) => (Resource::Alias(Arc::unwrap_or_clone(kept.value)), kept.revision),
        }
    }
}

/// Everything, as it was at one revision. Cloning is cheap: the maps are shared.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The revision.
    pub revision: Revision,
    /// The model types.
    pub model_types: OrdMap<ModelTypeName, Kept<ModelType>>,
    /// The models.
    pub models: OrdMap<ModelName, Kept<Model>>,
    /// The versions, each model's by number.
    pub versions: OrdMap<VersionName, Kept<Version>>,
    /// The traffic of each model.
    pub traffic: OrdMap<ModelName, Kept<Traffic>>,
    /// The teams.
    pub teams: OrdMap<TeamName, Kept<Team>>,
    /// The aliases of each model.
    pub aliases: OrdMap<AliasName, Kept<Alias>>,
    /// The newest version number of each model that has one.
    pub latest: OrdMap<ModelName, Kept<u64>>,
    /// The digests that must not be launched, by `{namespace}/{digest}`.
    pub quarantines: OrdMap<String, Kept<Quarantine>>,
    /// The answers to requests that carried an id.
    pub answers: OrdMap<Uuid, Kept<Answer>>,
    /// The ledger.
    pub ledger: Ledger,
    /// The effective tiers of the models.
    pub tiers: Tiers,
    /// When what effective tiers are computed along was last changed, by namespace.
    pub edges: OrdMap<Identifier, Revision>,
}

impl Picture for State {
    type Error = Error;

    fn range() -> KeyRange {
        KeyRange::all()
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn advance(&mut self, revision: Revision) {
        self.revision = revision;
        self.ledger.settle();
        self.settle_tiers();
    }

    fn put(&mut self, key: &bytes::Bytes, value: &[u8], revision: Revision) -> Result<(), Error> {
        match record::read(key, value)? {
            Row::Resource(resource) => self.put_resource(*resource, revision),
            Row::Latest(model, number) => {
                self.latest.insert(model, Kept::new(number, revision));
            }
            Row::Quarantine(digest, quarantine) => {
                self.quarantines.insert(digest, Kept::new(quarantine, revision));
            }
            Row::Answer(id, answer) => {
                self.answers.insert(id, Kept::new(*answer, revision));
            }
            Row::Ledger(resource) => {
                let place = Place { revision, resource: resource.into(), key: key.clone() };
                self.ledger.arrive(place, value);
            }
            Row::Edges(namespace) => {
                self.edges.insert(namespace, revision);
            }
            Row::SigningKey => {}
        }
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) {
        if let Some(id) = keys::answer_id(key) {
            self.answers.remove(&id);
        } else if let Some(name) = keys::resource_name(key) {
            self.forget(name);
        }
    }
}

impl State {
    fn put_resource(&mut self, resource: Resource, revision: Revision) {
        match resource {
            Resource::ModelType(value) => {
                let kept = Kept::<ModelType>::new(value, revision);
                let before = self.model_types.insert(kept.value.name.clone(), kept.clone());
                self.type_replaced(before.as_ref().map(|kept| &*kept.value), Some(&kept.value));
            }
            Resource::Model(value) => {
                let kept = Kept::<Model>::new(value, revision);
                let before = self.models.insert(kept.value.name.clone(), kept.clone());
                self.tiers.replaced(before.as_ref().map(|kept| &*kept.value), Some(&kept.value));
            }
            Resource::Version(value) => {
                self.versions.insert(value.name.clone(), Kept::new(value, revision));
            }
            Resource::Traffic(model, value) => {
                self.traffic.insert(model, Kept::new(value, revision));
            }
            Resource::Team(value) => {
                self.teams.insert(value.name.clone(), Kept::new(value, revision));
            }
            Resource::Alias(value) => {
                self.aliases.insert(value.name.clone(), Kept::new(value, revision));
            }
        }
    }

    /// Takes the resource called `name` away: its name says of which kind it is.
    fn forget(&mut self, name: &str) {
        if let Ok(name) = VersionName::parse(name) {
            self.versions.remove(&name);
        } else if let Ok(name) = AliasName::parse(name) {
            self.aliases.remove(&name);
        } else if let Ok(model) = ModelName::parse_traffic(name) {
            self.traffic.remove(&model);
        } else if let Ok(name) = ModelName::parse(name) {
            let before = self.models.remove(&name);
            self.tiers.replaced(before.as_ref().map(|kept| &*kept.value), None);
        } else if let Ok(name) = ModelTypeName::parse(name) {
            let before = self.model_types.remove(&name);
            self.type_replaced(before.as_ref().map(|kept| &*kept.value), None);
        } else if let Ok(name) = TeamName::parse(name) {
            self.teams.remove(&name);
        }
    }

    /// The versions of a model, by number.
    pub fn versions_of(&self, model: &ModelName) -> impl Iterator<Item = &Kept<Version>> {
        self.versions.range(model.version(0)..=model.version(u64::MAX)).map(|(_, kept)| kept)
    }

    /// The aliases of a model.
    pub fn aliases_of<'a>(&'a self, model: &'a ModelName) -> impl Iterator<Item = &'a Kept<Alias>> {
        let first = self.aliases.range(AliasName::first(model)..);
        first.map(|(_, kept)| kept).take_while(move |kept| kept.value.name.model == *model)
    }

    /// The newest version number of a model; 0 while it has none.
    #[must_use]
    pub fn latest_version(&self, model: &ModelName) -> u64 {
        self.latest.get(model).map_or(0, |kept| *kept.value)
    }

    /// Every resource, as a watch begins with.
    pub fn resources(&self) -> impl Iterator<Item = KeptResource> + '_ {
        let types = self.model_types.values().cloned().map(KeptResource::ModelType);
        let models = self.models.values().cloned().map(KeptResource::Model);
        let versions = self.versions.values().cloned().map(KeptResource::Version);
        let traffic = self.traffic.iter().map(|(model, kept)| KeptResource::Traffic(model.clone(), kept.clone()));
        let teams = self.teams.values().cloned().map(KeptResource::Team);
        let aliases = self.aliases.values().cloned().map(KeptResource::Alias);
        teams.chain(types).chain(models).chain(versions).chain(traffic).chain(aliases)
    }
}
