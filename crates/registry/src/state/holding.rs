//! Which namespaces something lies in.

use std::collections::BTreeSet;

use imbl::OrdMap;
use slipway_domain::name::{Identifier, ModelName, ModelTypeName, NamespaceName, PolicyName, TeamName};

use super::State;

/// Whether a map whose names begin with their namespace has one from `first` on that lies in it.
fn any<N: Ord + Clone, V: Clone>(all: &OrdMap<N, V>, first: N, inside: impl Fn(&N) -> bool) -> bool {
    all.range(first..).next().is_some_and(|(name, _)| inside(name))
}

impl State {
    /// Whether any model, model type, team or policy lies in `namespace`, be it deleted.
    #[must_use]
    pub fn holds_any(&self, namespace: &Identifier) -> bool {
        // The first of all identifiers.
        let Ok(first) = Identifier::parse("a") else { return false };
        let ns = || namespace.clone();
        any(&self.models, ModelName { namespace: ns(), model: first.clone() }, |name| name.namespace == *namespace)
            || any(&self.model_types, ModelTypeName { namespace: ns(), model_type: first.clone() }, |name| {
                name.namespace == *namespace
            })
            || any(&self.teams, TeamName { namespace: ns(), team: first.clone() }, |name| name.namespace == *namespace)
            || any(&self.policies, PolicyName { namespace: ns(), policy: first }, |name| name.namespace == *namespace)
    }

    /// The namespaces that any model, model type or team lies in.
    pub fn held_in(&self) -> impl Iterator<Item = NamespaceName> + use<> {
        let models = self.models.keys().map(|name| &name.namespace);
        let types = self.model_types.keys().map(|name| &name.namespace);
        let teams = self.teams.keys().map(|name| &name.namespace);
        let policies = self.policies.keys().map(|name| &name.namespace);
        let found: BTreeSet<&Identifier> = models.chain(types).chain(teams).chain(policies).collect();
        let found: Vec<_> = found.into_iter().cloned().collect();
        found.into_iter().map(|namespace| NamespaceName { namespace })
    }
}
