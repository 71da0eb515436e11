//! What every error of Slipway can say of itself, so that one place turns all of them into a wire status.

use std::time::Duration;

/// What a caller can do about an error; each kind is one gRPC code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request can never succeed as it is: mend the named fields.
    InvalidArgument,
    /// The caller did not say who it is, or could not prove it.
    Unauthenticated,
    /// The caller is known and may not do this.
    PermissionDenied,
    /// The named resource does not exist.
    NotFound,
    /// The resource that was to be created is there already.
    AlreadyExists,
    /// The state of the system forbids it: fix the state first.
    FailedPrecondition,
    /// Somebody was faster: read again, then decide again.
    Aborted,
    /// The position asked for lies outside what is kept.
    OutOfRange,
    /// A quota or a limit is used up.
    ResourceExhausted,
    /// The same request may succeed a moment later.
    Unavailable,
    /// A defect of the server; the details are in its log.
    Internal,
}

/// One field of a request that is wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field in the request, as `model.owner.team`.
    pub field: String,
    /// What is wrong and what would be right, for a person.
    pub description: String,
    /// The same for a program: `UPPER_SNAKE`, never changed once published.
    pub reason: &'static str,
}

impl Violation {
    /// A violation of `field`.
    pub fn new(field: impl Into<String>, reason: &'static str, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into(), reason }
    }
}

/// One condition of the system that must change before the request can succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precondition {
    /// Which rule is broken, `UPPER_SNAKE`.
    pub kind: &'static str,
    /// The resource it is broken by.
    pub subject: String,
    /// What to do about it, for a person.
    pub description: String,
}

/// A fact about a subject that a caller can act upon.
///
/// Every crate's `Error` implements it; the wire status is built from these answers alone.
pub trait Fault: std::error::Error {
    /// What the caller can do about it.
    fn kind(&self) -> Kind;

    /// The name of the fact for programs: `UPPER_SNAKE`, for ever.
    fn reason(&self) -> &'static str;

    /// The particulars, for programs: pairs of `lower_snake` key and value.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The fields that are wrong, all of them.
    fn violations(&self) -> &[Violation] {
        &[]
    }

    /// The conditions that are not met, all of them.
    fn preconditions(&self) -> Vec<Precondition> {
        Vec::new()
    }

    /// How long to wait before the same request is worth a new try.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
