//! The registry in memory: an immutable picture that the store's watch keeps up to date.

mod ledger;
mod past;
mod subject;

use std::sync::Arc;

use imbl::OrdMap;
use slipway_domain::alias::Alias;
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Model, ModelType, Quarantine, Version};
use slipway_domain::name::{AliasName, ModelName, ModelTypeName, TeamName, VersionName};
use slipway_domain::team::Team;
use slipway_domain::traffic::Traffic;
use slipway_store::picture::{Kept, Picture};
use slipway_store::{KeyRange, Revision};
use uuid::Uuid;

pub use ledger::{Ledger, Place};
pub use past::Then;
pub use subject::{team_subject, type_subject};

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
            Row::Ledger => self.ledger.arrive(revision, key, value),
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
                self.model_types.insert(value.name.clone(), Kept::new(value, revision));
            }
            Resource::Model(value) => {
                self.models.insert(value.name.clone(), Kept::new(value, revision));
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
            self.models.remove(&name);
        } else if let Ok(name) = ModelTypeName::parse(name) {
            self.model_types.remove(&name);
        } else if let Ok(name) = TeamName::parse(name) {
            self.teams.remove(&name);
        }
    }

    /// The resource called `name`, of whatever kind.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<KeptResource> {
        if let Ok(name) = VersionName::parse(name) {
            self.versions.get(&name).cloned().map(KeptResource::Version)
        } else if let Ok(name) = AliasName::parse(name) {
            self.aliases.get(&name).cloned().map(KeptResource::Alias)
        } else if let Ok(model) = ModelName::parse_traffic(name) {
            self.traffic.get(&model).cloned().map(|kept| KeptResource::Traffic(model, kept))
        } else if let Ok(name) = ModelName::parse(name) {
            self.models.get(&name).cloned().map(KeptResource::Model)
        } else if let Ok(name) = ModelTypeName::parse(name) {
            self.model_types.get(&name).cloned().map(KeptResource::ModelType)
        } else {
            TeamName::parse(name).ok().and_then(|name| self.teams.get(&name).cloned()).map(KeptResource::Team)
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

    /// The effective tier of a model: the more severe of its own and its type's.
    #[must_use]
    pub fn effective_tier(&self, model: &Model) -> u8 {
        let model_type = model.model_type.as_ref().and_then(|name| self.model_types.get(name));
        model.effective_tier(model_type.map(|kept| &*kept.value))
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
