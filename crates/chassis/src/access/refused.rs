//! Why a call is not let in.

use std::time::Duration;

use slipway_domain::access;
use slipway_domain::fault::{Fault, Kind};

/// Why a call is not let in. What was wrong with a proof goes into the log, not to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The call proves nothing.
    #[error("say who you are: by a client certificate, or by the metadata `authorization: Bearer TOKEN`")]
    Missing,
    /// The metadata `authorization` is not one bearer token.
    #[error("the metadata `authorization` is not `Bearer TOKEN` with one token of at most 8 KiB")]
    Malformed,
    /// The proof does not hold.
    #[error("the token or certificate is not one that this service accepts; get a new one")]
    Invalid {
        /// What is wrong with it, for the log.
        cause: &'static str,
    },
    /// The proof held once.
    #[error("the token or certificate has expired; get a new one")]
    Expired,
    /// The keys that would tell are not there.
    #[error("the keys of the token's issuer are not known at the moment; try again")]
    KeysUnavailable,
    /// It is known who calls, and they may not.
    #[error(transparent)]
    Denied(#[from] access::Error),
}

impl Refused {
    /// What was wrong, for the log; empty if the message says all.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Invalid { cause } => cause,
            Self::Missing | Self::Malformed | Self::Expired | Self::KeysUnavailable | Self::Denied(_) => "",
        }
    }
}

impl Fault for Refused {
    fn kind(&self) -> Kind {
        match self {
            Self::Missing | Self::Malformed | Self::Invalid { .. } | Self::Expired => Kind::Unauthenticated,
            Self::KeysUnavailable => Kind::Unavailable,
            Self::Denied(denied) => denied.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "CREDENTIALS_MISSING",
            Self::Malformed => "CREDENTIALS_MALFORMED",
            Self::Invalid { .. } => "CREDENTIALS_INVALID",
            Self::Expired => "CREDENTIALS_EXPIRED",
            Self::KeysUnavailable => "KEYS_UNAVAILABLE",
            Self::Denied(denied) => denied.reason(),
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Denied(denied) => denied.facts(),
            Self::Missing | Self::Malformed | Self::Invalid { .. } | Self::Expired | Self::KeysUnavailable => vec![],
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::KeysUnavailable => Some(Duration::from_secs(5)),
            Self::Denied(denied) => denied.retry_after(),
            Self::Missing | Self::Malformed | Self::Invalid { .. } | Self::Expired => None,
        }
    }
}
