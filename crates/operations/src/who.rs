//! Who somebody is, as the service sees it.

use jiff::Timestamp;
use slipway_domain::access::{Binding, Policy};
use slipway_domain::principal::Principal;

use crate::Asking;

/// Who somebody is, and what they may do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// The principal.
    pub principal: Principal,
    /// The groups that the proof names.
    pub groups: Vec<String>,
    /// When the proof ends; none if it does not.
    pub until: Option<Timestamp>,
    /// Whether callers have to prove who they are.
    pub guarded: bool,
    /// The lines of the policy about them.
    pub roles: Vec<Binding>,
    /// The service that answers.
    pub service: &'static str,
    /// What its clock says.
    pub now: Timestamp,
}

/// Who `asking` is to `service`.
pub(crate) fn who(asking: &Asking, service: &'static str, now: Timestamp) -> Who {
    let Asking { guard, identity, until } = asking;
    let roles = |policy: &Policy| policy.bindings_of(identity).cloned().collect();
    Who {
        principal: identity.principal.clone(),
        groups: identity.claims.iter().cloned().collect(),
        until: *until,
        guarded: guard.is_guarded(),
        roles: guard.policy().map(roles).unwrap_or_default(),
        service,
        now,
    }
}
