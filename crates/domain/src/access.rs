//! Who may do what: roles bound to principals by namespace, team and tier, in a policy that denies by default.
//!
//! A method needs one [`Permission`] ([`method::rule`]). The policy turns a caller's identity into [`Rights`]: for each
//! permission a [`Grant`], which says on which subjects it holds. A method that the caller may nowhere call is refused
//! before its message is read; the rest is decided by the use case, on the [`Subject`] that the message names.

pub mod explain;
mod grant;
pub mod method;
mod permission;
mod policy;
mod role;

pub use grant::{Grant, Scope, Subject};
pub use permission::Permission;
pub use policy::{Binding, Identity, Member, Policy, Rights};
pub use role::Role;

use std::time::Duration;

use crate::fault::{Fault, Kind};
use crate::principal::Principal;

/// Why somebody may not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The caller lacks the permission, on this subject or everywhere. Nothing is said about what exists.
    #[error("{principal} lacks {permission} on {on}; whoever keeps the policy sees why by `slipway auth explain`")]
    Denied {
        /// Who asked.
        principal: Principal,
        /// The name of the permission that is needed.
        permission: &'static str,
        /// What it was asked for, as the caller named it.
        on: String,
    },
    /// Which team and tier the subject belongs to is not known yet, so nobody can say.
    #[error("whether {principal} has {permission} on {on} can't be told before the registry was heard; try again")]
    Undecided {
        /// Who asked.
        principal: Principal,
        /// The name of the permission that is needed.
        permission: &'static str,
        /// What it was asked for.
        on: String,
    },
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Denied { .. } => Kind::PermissionDenied,
            Self::Undecided { .. } => Kind::Unavailable,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "PERMISSION_DENIED",
            Self::Undecided { .. } => "PERMISSION_UNDECIDED",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let (Self::Denied { principal, permission, on } | Self::Undecided { principal, permission, on }) = self;
        vec![("principal", principal.to_string()), ("permission", (*permission).to_owned()), ("on", on.clone())]
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Denied { .. } => None,
            Self::Undecided { .. } => Some(Duration::from_secs(1)),
        }
    }
}
