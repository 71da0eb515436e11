//! Why a call failed, for programs by reason and for people in words.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use slipway_domain::fault::CODE_NAMES;
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::obstacle::Obstacle;

/// One field of a request that is wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field in the request, as `model.owner`.
    pub field: String,
    /// What is wrong and what would be right, for a person.
    pub description: String,
    /// The same for a program, `UPPER_SNAKE`.
    pub reason: String,
}

/// One condition of the system that must change before the request can succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precondition {
    /// Which rule is broken, `UPPER_SNAKE`.
    pub kind: String,
    /// The resource it is broken by.
    pub subject: String,
    /// What to do about it, for a person.
    pub description: String,
}

/// Why a call failed.
///
/// Programs ask for [`reason`](Self::reason) and [`code`](Self::code); the text says what to do about it to a person.
/// Cheap to clone.
#[derive(Clone, PartialEq)]
pub struct Error(std::sync::Arc<Failure>);

#[derive(Debug, Clone, PartialEq)]
struct Failure {
    code: Code,
    reason: String,
    message: String,
    advice: String,
    facts: BTreeMap<String, String>,
    violations: Vec<Violation>,
    preconditions: Vec<Precondition>,
    request_id: String,
    retry_after: Option<Duration>,
    /// Who calls may say it better the next time.
    renewable: bool,
    /// What is in the way, where the service could not be reached.
    obstacle: Option<Obstacle>,
}

impl Error {
    /// What a caller can do about it, in the wire's closed list.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The fact for programs, `UPPER_SNAKE`, as the service published it, as `MODEL_NOT_FOUND`. Failures that no
    /// service told of are `UNAVAILABLE`, `DEADLINE_EXCEEDED`, or named by the method that returns them.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The fact for a person, in one sentence, without advice.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, for a person; empty where the message says all there is to say.
    #[must_use]
    pub fn advice(&self) -> &str {
        &self.0.advice
    }

    /// The particulars of the reason, for programs.
    #[must_use]
    pub fn facts(&self) -> &BTreeMap<String, String> {
        &self.0.facts
    }

    /// The fields of the request that are wrong, all of them.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// The conditions that are not met, all of them.
    #[must_use]
    pub fn preconditions(&self) -> &[Precondition] {
        &self.0.preconditions
    }

    /// The id under which the service's log tells more; empty if there was no call.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// How long the service asks to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What stands between this side and a service that can't be reached; none if it answered.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        self.0.obstacle
    }

    /// Whether the same request, unchanged, may succeed later. Whether it had an effect is not known if the code is
    /// UNAVAILABLE or DEADLINE_EXCEEDED: repeat a mutation with a `request_id` of your own.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let waits = self.0.retry_after.is_some() || self.0.renewable;
        waits || matches!(self.0.code, Code::Unavailable | Code::DeadlineExceeded)
    }

    /// Why the service at `address` did not do what it was asked under `request_id`.
    pub(crate) fn from_status(status: &Status, address: &str, request_id: &str) -> Self {
        match status.source() {
            Some(source) if chain(source).iter().any(|cause| cause.is::<TimeoutExpired>()) => {
                Self::deadline_exceeded(address, request_id)
            }
            // The transport made this status: the service did not answer.
            Some(source) => Self::unreachable(address, request_id, source),
            None => Self::answered(status, request_id),
        }
    }

    fn answered(status: &Status, request_id: &str) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let asked = details.retry_info().and_then(|info| info.retry_delay);
        let named = details.request_info().map_or(request_id, |info| info.request_id.as_str()).to_owned();
        Self::new(Failure {
            code: status.code(),
            // An answer that names no reason, as a proxy's, is known by its code.
            reason: info.map_or(CODE_NAMES[status.code() as usize], |info| info.reason.as_str()).to_owned(),
            message: status.message().to_owned(),
            advice: advice(status.code()).to_owned(),
            facts: info.map(|info| info.metadata.clone().into_iter().collect()).unwrap_or_default(),
            violations: violations(&details),
            preconditions: preconditions(&details),
            request_id: named,
            retry_after: asked,
            renewable: false,
            obstacle: None,
        })
    }

    fn unreachable(address: &str, request_id: &str, source: &(dyn std::error::Error + 'static)) -> Self {
        let root = chain(source).pop().unwrap_or(source).to_string();
        let message = format!("{address} can't be reached ({root})");
        let obstacle = Obstacle::told_by(&root, address.split("://").next().unwrap_or_default());
        let failure = Self::local(Code::Unavailable, "UNAVAILABLE", message).called(request_id);
        let failure = failure.advising(obstacle.advice());
        Self::new(Failure { obstacle: Some(obstacle), ..(*failure.0).clone() })
    }

    pub(crate) fn deadline_exceeded(address: &str, request_id: &str) -> Self {
        let message = format!("{address} did not answer by the deadline");
        let advice = "Try again, or allow the call more time.";
        Self::local(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message).called(request_id).advising(advice)
    }

    pub(crate) fn bad_address(address: &str) -> Self {
        let message = format!("{address:?} is not the address of a service");
        let advice = "Write it as 127.0.0.1:7701 or http://registry.internal:7701.";
        Self::local(Code::InvalidArgument, "BAD_ADDRESS", message).advising(advice)
    }

    pub(crate) fn bad_token(message: &str) -> Self {
        let advice = "Get a new token, and write it alone into the file.";
        Self::local(Code::Unauthenticated, "BAD_TOKEN", message).advising(advice)
    }

    pub(crate) fn token_needs_tls(address: &str) -> Self {
        let message = format!("a token for {address} could be read by whoever carries it there");
        Self::local(Code::InvalidArgument, "TOKEN_NEEDS_TLS", message).advising("Write the address as https://…")
    }

    /// The same, where a token is read from a file, so that the next one may be accepted.
    pub(crate) fn renewable(&self) -> Self {
        Self::new(Failure { renewable: self.0.code == Code::Unauthenticated, ..(*self.0).clone() })
    }

    /// A failure on this side of the wire.
    pub(crate) fn local(code: Code, reason: &str, message: impl Into<String>) -> Self {
        Self::new(Failure {
            code,
            reason: reason.to_owned(),
            message: message.into(),
            advice: String::new(),
            facts: BTreeMap::new(),
            violations: Vec::new(),
            preconditions: Vec::new(),
            request_id: String::new(),
            retry_after: None,
            renewable: false,
            obstacle: None,
        })
    }

    pub(crate) fn advising(&self, advice: &str) -> Self {
        Self::new(Failure { advice: advice.to_owned(), ..(*self.0).clone() })
    }

    fn called(&self, request_id: &str) -> Self {
        Self::new(Failure { request_id: request_id.to_owned(), ..(*self.0).clone() })
    }

    fn new(failure: Failure) -> Self {
        Self(std::sync::Arc::new(failure))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = &*self.0;
        write!(f, "{} [{}", failure.message, failure.reason)?;
        if !failure.request_id.is_empty() {
            write!(f, ", request {}", failure.request_id)?;
        }
        f.write_str("]")?;
        for Violation { field, description, .. } in &failure.violations {
            if field.is_empty() { write!(f, "\n  {description}")? } else { write!(f, "\n  {field}: {description}")? }
        }
        for Precondition { subject, description, .. } in &failure.preconditions {
            if subject.is_empty() {
                write!(f, "\n  {description}")?
            } else {
                write!(f, "\n  {subject}: {description}")?
            }
        }
        if failure.advice.is_empty() { Ok(()) } else { write!(f, "\n{}", failure.advice) }
    }
}

impl fmt::Debug for Error {
    /// The same text: it is what a `main` that returns the error prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

/// An error and what caused it, down to the root.
fn chain<'a>(error: &'a (dyn std::error::Error + 'static)) -> Vec<&'a (dyn std::error::Error + 'static)> {
    let mut chain = vec![error];
    let mut next = error.source();
    while let Some(cause) = next {
        chain.push(cause);
        next = cause.source();
    }
    chain
}

fn violations(details: &ErrorDetails) -> Vec<Violation> {
    let listed = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    let violation = |v: &tonic_types::FieldViolation| Violation {
        field: v.field.clone(),
        description: v.description.clone(),
        reason: v.reason.clone(),
    };
    listed.iter().map(violation).collect()
}

fn preconditions(details: &ErrorDetails) -> Vec<Precondition> {
    let listed = details.precondition_failure().map(|failure| failure.violations.as_slice()).unwrap_or_default();
    let precondition = |v: &tonic_types::PreconditionViolation| Precondition {
        kind: v.r#type.clone(),
        subject: v.subject.clone(),
        description: v.description.clone(),
    };
    listed.iter().map(precondition).collect()
}

/// What a person can do about an answer with this code, beyond what the answer says itself.
fn advice(code: Code) -> &'static str {
    match code {
        Code::Aborted => "Somebody was faster: read it again, then decide again.",
        Code::DeadlineExceeded => "Try again, or allow the call more time.",
        Code::ResourceExhausted => "A limit is reached: ask for less, or try again later.",
        Code::Unavailable => "Try again in a moment.",
        Code::Unimplemented => "The service is of another version than this client: bring both to the same.",
        Code::Internal | Code::Unknown | Code::DataLoss => "The service's log tells more under the request's id.",
        Code::Unauthenticated => "Say who you are: check the credentials that are sent.",
        Code::PermissionDenied => "Ask somebody who may, or for the right to.",
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::OutOfRange => "",
    }
}
