//! The names of policies.

use serde::{Deserialize, Serialize};

use super::{Error, Identifier, segments};

/// `namespaces/{namespace}/policies/{policy}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyName {
    /// The namespace's identifier.
    pub namespace: Identifier,
    /// The policy's identifier.
    pub policy: Identifier,
}
textual!(PolicyName, "namespaces/{namespace}/policies/{policy}");

impl PolicyName {
    /// Parses a policy's name.
    ///
    /// # Errors
    /// [`Error`] if the text has another form or a bad identifier.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [namespace, policy] = segments(text, Self::FORM)?;
        Ok(Self { namespace: Identifier::parse(namespace)?, policy: Identifier::parse(policy)? })
    }
}

impl std::fmt::Display for PolicyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "namespaces/{}/policies/{}", self.namespace.0, self.policy.0)
    }
}
