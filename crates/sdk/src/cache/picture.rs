//! What the registry knows, at one revision, as a value.

use std::sync::Arc;

use imbl::OrdMap;
use slipway_domain::name::{AliasName, ModelName, ModelTypeName, VersionName};
use slipway_domain::traffic::Traffic;

use crate::pb;
use crate::pb::resource::Resource as Kind;
use crate::traffic::{parse_traffic, traffic_message};

/// Model types, models, versions, aliases and traffic as they were at one revision of the registry. Never changes; copies
/// share what they have in common.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    revision: i64,
    /// Which history the revision belongs to.
    pub(super) history: Arc<str>,
    model_types: OrdMap<ModelTypeName, Arc<pb::ModelType>>,
    models: OrdMap<ModelName, Arc<pb::Model>>,
    versions: OrdMap<VersionName, Arc<pb::Version>>,
    traffic: OrdMap<ModelName, Arc<Traffic>>,
    aliases: OrdMap<AliasName, Arc<pb::Alias>>,
}

impl Picture {
    /// The last revision of the registry that is in it.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Which history the revision belongs to: a registry that was restored from a backup goes on with another one. Empty
    /// if it comes from the cache's file.
    #[must_use]
    pub fn history(&self) -> &str {
        &self.history
    }

    /// A model type.
    #[must_use]
    pub fn model_type(&self, name: &ModelTypeName) -> Option<&pb::ModelType> {
        self.model_types.get(name).map(Arc::as_ref)
    }

    /// A model.
    #[must_use]
    pub fn model(&self, name: &ModelName) -> Option<&pb::Model> {
        self.models.get(name).map(Arc::as_ref)
    }

    /// All models, by name.
    pub fn models(&self) -> impl Iterator<Item = (&ModelName, &pb::Model)> {
        self.models.iter().map(|(name, model)| (name, model.as_ref()))
    }

    /// A version.
    #[must_use]
    pub fn version(&self, name: &VersionName) -> Option<&pb::Version> {
        self.versions.get(name).map(Arc::as_ref)
    }

    /// The versions of a model, by number.
    pub fn versions(&self, model: &ModelName) -> impl Iterator<Item = (&VersionName, &pb::Version)> {
        let all = model.version(0)..=model.version(u64::MAX);
        self.versions.range(all).map(|(name, version)| (name, version.as_ref()))
    }

    /// An alias.
    #[must_use]
    pub fn alias(&self, name: &AliasName) -> Option<&pb::Alias> {
        self.aliases.get(name).map(Arc::as_ref)
    }

    /// The traffic of a model.
    #[must_use]
    pub fn traffic(&self, model: &ModelName) -> Option<&Arc<Traffic>> {
        self.traffic.get(model)
    }

    /// Everything in it, as messages.
    pub(super) fn resources(&self) -> impl Iterator<Item = pb::Resource> {
        let types = self.model_types.values().map(|one| Kind::ModelType(one.as_ref().clone()));
        let models = self.models.values().map(|one| Kind::Model(one.as_ref().clone()));
        let versions = self.versions.values().map(|one| Kind::Version(one.as_ref().clone()));
        let traffic = self.traffic.iter().map(|(model, one)| Kind::Traffic(traffic_message(model, one)));
        let aliases = self.aliases.values().map(|one| Kind::Alias(one.as_ref().clone()));
        let all = types.chain(models).chain(versions).chain(traffic).chain(aliases);
        all.map(|kind| pb::Resource { resource: Some(kind) })
    }

    /// An empty one at a revision of a history.
    pub(super) fn beginning(history: &str, revision: i64) -> Self {
        Self { revision, history: history.into(), ..Self::default() }
    }

    /// Whether it is as of this revision of this history.
    pub(super) fn is_as_of(&self, history: &str, revision: i64) -> bool {
        (&*self.history, self.revision) == (history, revision)
    }

    /// Moves on to `revision`.
    pub(super) fn reach(&mut self, revision: i64) {
        self.revision = revision;
    }

    /// Takes `resource` in, in place of what had its name. What this client does not understand, as a kind of
    /// resource of a newer registry, is left out and told to the log.
    pub(super) fn put(&mut self, resource: pb::Resource) {
        if let Err(why) = self.try_put(resource) {
            tracing::warn!(%why, "a resource of the registry was left out of the cache");
        }
    }

    fn try_put(&mut self, resource: pb::Resource) -> Result<(), Box<dyn std::error::Error>> {
        match resource.resource.ok_or("the registry is newer than this client and has other kinds of resources")? {
            Kind::ModelType(one) => {
                self.model_types.insert(ModelTypeName::parse(&one.name)?, Arc::new(one));
            }
            Kind::Model(one) => {
                self.models.insert(ModelName::parse(&one.name)?, Arc::new(one));
            }
            Kind::Version(one) => {
                self.versions.insert(VersionName::parse(&one.name)?, Arc::new(one));
            }
            Kind::Traffic(one) => {
                let (model, traffic) = parse_traffic(&one)?;
                self.traffic.insert(model, Arc::new(traffic));
            }
            Kind::Alias(one) => {
                self.aliases.insert(AliasName::parse(&one.name)?, Arc::new(one));
            }
            // Nobody who routes asks for these.
            Kind::Team(_) | Kind::Namespace(_) | Kind::Policy(_) => {}
        }
        Ok(())
    }

    /// Takes the resource called `name` out.
    pub(super) fn remove(&mut self, name: &str) {
        if let Ok(name) = VersionName::parse(name) {
            self.versions.remove(&name);
        } else if let Ok(name) = AliasName::parse(name) {
            self.aliases.remove(&name);
        } else if let Ok(name) = ModelName::parse(name) {
            self.models.remove(&name);
        } else if let Ok(model) = ModelName::parse_traffic(name) {
            self.traffic.remove(&model);
        } else if let Ok(name) = ModelTypeName::parse(name) {
            self.model_types.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_is_gone_and_nothing_else_with_it() {
        let model = ModelName::parse("namespaces/default/models/m").unwrap();
        let model_type = ModelTypeName::parse("namespaces/default/modelTypes/m").unwrap();
        let alias = AliasName::parse("namespaces/default/models/m/aliases/champion").unwrap();
        let kinds = [
            Kind::ModelType(pb::ModelType { name: model_type.to_string(), ..Default::default() }),
            Kind::Model(pb::Model { name: model.to_string(), ..Default::default() }),
            Kind::Version(pb::Version { name: model.version(1).to_string(), ..Default::default() }),
            Kind::Traffic(traffic_message(&model, &Traffic::new("s".to_owned()))),
            Kind::Alias(pb::Alias { name: alias.to_string(), ..Default::default() }),
        ];
        let mut whole = Picture::default();
        kinds.into_iter().for_each(|kind| whole.put(pb::Resource { resource: Some(kind) }));
        let there = |picture: &Picture| {
            let version = picture.version(&model.version(1)).is_some();
            let traffic = picture.traffic(&model).is_some();
            [
                picture.model_type(&model_type).is_some(),
                picture.model(&model).is_some(),
                version,
                traffic,
                picture.alias(&alias).is_some(),
            ]
        };
        assert_eq!(there(&whole), [true; 5]);
        let names = [
            model_type.to_string(),
            model.to_string(),
            model.version(1).to_string(),
            model.traffic(),
            alias.to_string(),
        ];
        for (place, name) in names.iter().enumerate() {
            let mut picture = whole.clone();
            picture.remove(name);
            let mut expected = [true; 5];
            expected[place] = false;
            assert_eq!(there(&picture), expected, "{name}");
        }
    }
}
