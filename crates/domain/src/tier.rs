//! How much a model matters after all: the severest of what is said of itself, of its type, and of the models that depend
//! on it.

use crate::model::{MILDEST_TIER, Model, ModelType};
use crate::name::{ModelName, ModelTypeName};

/// Who says a tier by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The model with this name, of itself.
    Model(ModelName),
    /// This type, of its models.
    ModelType(ModelTypeName),
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Model(name) => name.fmt(f),
            Self::ModelType(name) => name.fmt(f),
        }
    }
}

/// Where the effective tier of a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody says one.
    Nobody,
    /// The model itself.
    Model,
    /// Its type, which has this name.
    ModelType(ModelTypeName),
    /// A model that depends on it.
    Dependent {
        /// The dependent that has the same effective tier.
        via: ModelName,
        /// Who says it in the end.
        source: Said,
    },
}

/// The effective tier of a model, and why it is that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The tier.
    pub tier: u8,
    /// Where it comes from.
    pub origin: Origin,
}

impl Effective {
    /// The effective tier of `model`, whose type is `model_type` and on which `dependents` depend. Of several that say
    /// the same, the model itself counts first, then its type, then its dependents in their order.
    #[must_use]
    pub fn of<'a>(
        model: &Model,
        model_type: Option<&ModelType>,
        dependents: impl Iterator<Item = (&'a ModelName, &'a Self)>,
    ) -> Self {
        let mut found = Self { tier: MILDEST_TIER, origin: Origin::Nobody };
        if let Some(own) = &model.criticality {
            found = Self { tier: own.tier, origin: Origin::Model };
        }
        if let Some((kind, said)) = model_type.and_then(|kind| Some((kind, kind.criticality.as_ref()?)))
            && found.yields_to(said.tier)
        {
            found = Self { tier: said.tier, origin: Origin::ModelType(kind.name.clone()) };
        }
        for (name, dependent) in dependents {
            if let (true, Some(source)) = (dependent.tier < found.tier, dependent.source(name)) {
                found = Self { tier: dependent.tier, origin: Origin::Dependent { via: name.clone(), source } };
            }
        }
        found
    }

    fn yields_to(&self, tier: u8) -> bool {
        tier < self.tier || self.origin == Origin::Nobody
    }

    /// Who says the tier of the model called `name`; nobody may.
    #[must_use]
    pub fn source(&self, name: &ModelName) -> Option<Said> {
        match &self.origin {
            Origin::Nobody => None,
            Origin::Model => Some(Said::Model(name.clone())),
            Origin::ModelType(kind) => Some(Said::ModelType(kind.clone())),
            Origin::Dependent { source, .. } => Some(source.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::model::Criticality;

    fn with(tier: u8) -> Option<Criticality> {
        Some(Criticality { tier, ..Criticality::default() })
    }

    fn model(tier: Option<u8>) -> Model {
        let name = ModelName::parse("namespaces/default/models/m").unwrap();
        Model { criticality: tier.and_then(with), ..Model::blank(&name) }
    }

    fn kind(tier: u8) -> ModelType {
        ModelType {
            name: ModelTypeName::parse("namespaces/default/modelTypes/t").unwrap(),
            display_name: String::new(),
            description: String::new(),
            criticality: with(tier),
            labels: BTreeMap::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deletion: None,
        }
    }

    fn named(id: &str) -> ModelName {
        ModelName::parse(&format!("namespaces/default/models/{id}")).unwrap()
    }

    #[test]
    fn the_severest_holds_and_says_whose_it_is() {
        let alone = |model: &Model, kind: Option<&ModelType>| Effective::of(model, kind, std::iter::empty());
        assert_eq!(alone(&model(None), None), Effective { tier: MILDEST_TIER, origin: Origin::Nobody });
        assert_eq!(alone(&model(Some(3)), None).origin, Origin::Model);
        let of_type = alone(&model(Some(3)), Some(&kind(1)));
        assert_eq!(of_type, Effective { tier: 1, origin: Origin::ModelType(kind(1).name) });
        assert_eq!(alone(&model(Some(1)), Some(&kind(1))).origin, Origin::Model);
        assert_eq!(alone(&model(None), Some(&kind(4))).origin, Origin::ModelType(kind(4).name));
    }

    #[test]
    fn what_a_severe_model_depends_on_is_as_severe_and_names_who_says_so_in_the_end() {
        let (near, far) = (named("near"), named("far"));
        let through = Origin::Dependent { via: far.clone(), source: Said::Model(far.clone()) };
        let severe = Effective { tier: 0, origin: through };
        let mild = Effective { tier: 2, origin: Origin::Model };
        let dependents = [(&far, &mild), (&near, &severe)];
        let found = Effective::of(&model(Some(2)), None, dependents.into_iter());
        assert_eq!(found, Effective { tier: 0, origin: Origin::Dependent { via: near, source: Said::Model(far) } });
    }
}
