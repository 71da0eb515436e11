//! The registry in memory: an immutable picture that the store's watch keeps up to date.

mod holding;
mod hypothesis;
mod kept;
mod ledger;
mod origin;
mod past;
mod recent;
mod sightings;
mod subject;
mod tiers;

use std::sync::Arc;

use imbl::OrdMap;
use slipway_domain::alias::Alias;
use slipway_domain::apply::Claims;
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Model, ModelType, Quarantine, Version};
use slipway_domain::name::{
    AliasName, Identifier, ModelName, ModelTypeName, NamespaceName, PolicyName, TeamName, VersionName,
};
use slipway_domain::namespace::Namespace;
use slipway_domain::policy::Policy;
use slipway_domain::team::Team;
use slipway_domain::traffic::Traffic;
use slipway_policy::{Refused, Rule};
use slipway_store::picture::{Kept, Picture};
use slipway_store::{KeyRange, Revision};
use uuid::Uuid;

pub use hypothesis::Hypothesis;
pub use kept::{KeptResource, ListedModel, ResourceKind};
pub use ledger::{Ledger, Place};
pub use origin::TierOrigin;
pub use past::Then;
pub use recent::{Changed, Differs, Recent, Told};
pub use sightings::Sightings;
pub use subject::{namespace_subject, policy_subject, team_subject, type_subject};
pub use tiers::{Shift, Tiers};

use crate::record::{self, Answer, Row};
use crate::{Error, keys};

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
    /// The namespaces that were created or changed.
    pub namespaces: OrdMap<NamespaceName, Kept<Namespace>>,
    /// The aliases of each model.
    pub aliases: OrdMap<AliasName, Kept<Alias>>,
    /// The newest version number of each model that has one.
    pub latest: OrdMap<ModelName, Kept<u64>>,
    /// The digests that must not be launched, by `{namespace}/{digest}`.
    pub quarantines: OrdMap<String, Kept<Quarantine>>,
    /// Which fields of a resource were set by applications, by its full name.
    pub claims: OrdMap<String, Kept<Claims>>,
    /// The answers to requests that carried an id.
    pub answers: OrdMap<Uuid, Kept<Answer>>,
    /// The ledger.
    pub ledger: Ledger,
    /// The effective tiers of the models.
    pub tiers: Tiers,
    /// When what effective tiers are computed along was last changed, by namespace.
    pub edges: OrdMap<Identifier, Revision>,
    /// What fleets see running.
    pub sightings: Sightings,
    /// The policies.
    pub policies: OrdMap<PolicyName, Kept<Policy>>,
    /// What they ask, compiled.
    pub rules: OrdMap<PolicyName, Arc<Result<Rule, Refused>>>,
    /// When the policies of a namespace were last changed.
    pub policies_changed: OrdMap<Identifier, Revision>,
    /// When a change of a model was last judged by policies.
    pub judged: OrdMap<ModelName, Revision>,
    /// What the newest revisions changed.
    pub recent: Recent,
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
        let moved = self.settle_tiers();
        self.settle(&moved);
    }

    fn put(&mut self, key: &bytes::Bytes, value: &[u8], revision: Revision) -> Result<(), Error> {
        match record::read(key, value)? {
            Row::Resource(resource) => {
                self.changes(&resource.name());
                self.put_resource(*resource, revision);
            }
            Row::Latest(model, number) => {
                self.counts_on(&model);
                self.latest.insert(model, Kept::new(number, revision));
            }
            Row::Quarantine(digest, quarantine) => {
                self.quarantines.insert(digest, Kept::new(quarantine, revision));
            }
            Row::Claims(name, claims) => {
                self.claims.insert(name, Kept::new(claims, revision));
            }
            Row::Answer(id, answer) => {
                self.answers.insert(id, Kept::new(*answer, revision));
            }
            Row::Ledger => self.ledger.arrive(revision, key, value),
            Row::Edges(namespace) => {
                self.edges.insert(namespace, revision);
            }
            Row::Sighting(sighting) => self.sightings.put(key.clone(), Kept::new(sighting, revision)),
            Row::Policies(namespace) => {
                self.policies_changed.insert(namespace, revision);
            }
            Row::Judged(model) => {
                self.judged.insert(model, revision);
            }
            Row::SigningKey => {}
        }
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) {
        if let Some(id) = keys::answer_id(key) {
            self.answers.remove(&id);
        } else if let Some(name) = keys::resource_name(key) {
            self.changes(name);
            self.forget(name);
        } else if key.starts_with(keys::SIGHTING) {
            self.sightings.remove(key);
        } else if let Some(name) = keys::claimed_name(key) {
            self.claims.remove(name);
        }
    }
}

impl State {
    /// Takes in that a resource is so, by the change that made `revision`.
    pub(crate) fn put_resource(&mut self, resource: Resource, revision: Revision) {
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
            Resource::Namespace(value) => {
                self.namespaces.insert(value.name.clone(), Kept::new(value, revision));
            }
            Resource::Policy(value) => {
                self.rules.insert(value.name.clone(), Arc::new(Rule::compile(&value.expression)));
                self.policies.insert(value.name.clone(), Kept::new(value, revision));
            }
            Resource::Alias(value) => {
                self.aliases.insert(value.name.clone(), Kept::new(value, revision));
            }
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
}
