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

/// The names of the codes of gRPC by their numbers, as its specification writes them.
pub const CODE_NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

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

/// The fields of a request that are wrong, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// One wrong field.
    #[must_use]
    pub fn one(violation: Violation) -> Self {
        Self(vec![violation])
    }

    /// All of them; none if there is nothing wrong.
    #[must_use]
    pub fn all(violations: Vec<Violation>) -> Option<Self> {
        (!violations.is_empty()).then_some(Self(violations))
    }

    /// Each of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Violation] {
        &self.0
    }
}

impl std::fmt::Display for Violations {
    /// The first ones as one sentence; who needs all of them reads [`Violations::as_slice`].
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 3;
        for (index, Violation { field, description, .. }) in self.0.iter().take(SHOWN).enumerate() {
            let joint = if index > 0 { "; " } else { "" };
            write!(f, "{joint}{field}: {description}")?;
        }
        let more = self.0.len().saturating_sub(SHOWN);
        if more > 0 { write!(f, "; and {more} more") } else { Ok(()) }
    }
}

impl std::error::Error for Violations {}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_violations_make_one_sentence() {
        let violations = |fields: &[&str]| {
            Violations::all(fields.iter().map(|field| Violation::new(*field, "BAD", "is bad")).collect())
                .map(|violations| violations.to_string())
        };
        assert_eq!(violations(&[]), None);
        assert_eq!(violations(&["a", "b"]).as_deref(), Some("a: is bad; b: is bad"));
        let five = violations(&["a", "b", "c", "d", "e"]);
        assert_eq!(five.as_deref(), Some("a: is bad; b: is bad; c: is bad; and 2 more"));
    }
}
