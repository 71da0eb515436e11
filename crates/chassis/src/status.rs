//! The only place that builds a status of the wire: a fault's kind becomes the code, its reason and facts the
//! `ErrorInfo`, and every status names the request it answers.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use slipway_domain::fault::{Fault, Kind};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt};

use crate::caller::RequestId;
use crate::refusals;

/// The `domain` of every `ErrorInfo`: whose reasons they are.
pub const DOMAIN: &str = "slipway.dev";

/// What a caller is told who compresses what can't be read compressed, as in
/// <https://github.com/grpc/grpc/blob/master/doc/compression.md>.
const ACCEPTED_ENCODINGS: &str = "grpc-accept-encoding";

/// The longest single text in a status, in bytes.
const LONGEST_TEXT: usize = 512;

/// The most bytes of violations that one status lists, and the same again of preconditions and of facts. A status
/// travels in headers, written half as long again, and other implementations take no more than 16 KiB of headers.
const MOST_BYTES: usize = 2048;

/// The status that tells a client about `fault`. A defect of ours is logged here, with its causes, and the client
/// learns the request id alone; so is a permission that is lacking.
#[must_use]
pub fn from_fault(fault: &dyn Fault, request_id: &RequestId) -> Status {
    let code = code(fault.kind());
    let mut details = identified(fault.reason(), request_id);
    if code == Code::Internal {
        tracing::error!(%request_id, reason = fault.reason(), facts = ?fault.facts(), "{}", with_causes(fault));
        return build(code, &internal_message(request_id), details);
    }
    if code == Code::PermissionDenied {
        log_denial(fault, request_id);
    }
    details.set_error_info(fault.reason(), DOMAIN, facts(fault));
    add_violations(&mut details, fault);
    add_preconditions(&mut details, fault);
    if let Some(wait) = fault.retry_after() {
        details.set_retry_info(Some(wait));
    }
    build(code, &fault.to_string(), details)
}

fn log_denial(fault: &dyn Fault, request_id: &RequestId) {
    let (reason, facts) = (fault.reason(), fault.facts());
    let principal = facts.iter().find_map(|(name, value)| (*name == "principal").then_some(value.as_str()));
    if let Some(passed_over) = refusals::due(reason, principal.unwrap_or_default()) {
        tracing::info!(target: "slipway::access", %request_id, reason, ?facts, passed_over, "refused");
    }
}

/// The status of a call whose handler broke off in the middle.
#[must_use]
pub(crate) fn panicked(request_id: &RequestId) -> Status {
    build(Code::Internal, &internal_message(request_id), identified("INTERNAL", request_id))
}

/// The status of a call that was not answered by its deadline.
#[must_use]
pub(crate) fn deadline_exceeded(request_id: &RequestId) -> Status {
    let message = "the deadline of the call has passed";
    build(Code::DeadlineExceeded, message, identified("DEADLINE_EXCEEDED", request_id))
}

/// The status of a stream whose caller's proof has ended, or whose rights are others now: it may come again.
#[must_use]
pub(crate) fn access_changed(request_id: &RequestId) -> Status {
    let message = "the caller's token has ended, or its rights were changed; begin the stream again";
    build(Code::Unavailable, message, identified("ACCESS_CHANGED", request_id))
}

/// The status of a call that was not begun because its caller begins too many.
#[must_use]
pub(crate) fn too_fast(request_id: &RequestId, wait: Duration) -> Status {
    let mut details = identified("RATE_EXCEEDED", request_id);
    details.set_retry_info(Some(wait));
    build(
        Code::ResourceExhausted,
        "this caller begins more calls a second than it may; wait, then go on slower",
        details,
    )
}

/// The status of a call that was not begun because too many are under way.
#[must_use]
pub(crate) fn overloaded(request_id: &RequestId, wait: Duration) -> Status {
    let mut details = identified("OVERLOADED", request_id);
    details.set_retry_info(Some(wait));
    build(Code::ResourceExhausted, "too many calls are under way", details)
}

/// The status of a call or a stream that ends because the service stops.
#[must_use]
pub(crate) fn draining(request_id: &RequestId, wait: Duration) -> Status {
    let mut details = identified("DRAINING", request_id);
    details.set_retry_info(Some(wait));
    build(Code::Unavailable, "the service is stopping; go on with another or with its successor", details)
}

/// Gives a status that the transport made (an unknown method, a message too long, compressed, or none at all) the reason
/// and the request id that all others have.
#[must_use]
pub(crate) fn of_transport(status: &Status, request_id: &RequestId) -> Status {
    let encodings = status.metadata().get(ACCEPTED_ENCODINGS);
    let (reason, message) = match status.code() {
        Code::Unimplemented if encodings.is_some() => ("ENCODING_UNSUPPORTED", status.message()),
        Code::Unimplemented => ("UNKNOWN_METHOD", "this service has no such method"),
        Code::OutOfRange | Code::ResourceExhausted => ("MESSAGE_TOO_LARGE", status.message()),
        Code::Internal | Code::InvalidArgument => ("MALFORMED_MESSAGE", status.message()),
        Code::Cancelled => ("CANCELLED", status.message()),
        Code::Unavailable => ("UNAVAILABLE", status.message()),
        Code::DeadlineExceeded => ("DEADLINE_EXCEEDED", status.message()),
        Code::Ok
        | Code::Unknown
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::DataLoss
        | Code::Unauthenticated => ("TRANSPORT", status.message()),
    };
    let mut told = build(status.code(), message, identified(reason, request_id));
    if let Some(encodings) = encodings {
        told.metadata_mut().insert(ACCEPTED_ENCODINGS, encodings.clone());
    }
    told
}

/// The code of the wire for a kind of fault.
#[must_use]
pub fn code(kind: Kind) -> Code {
    match kind {
        Kind::InvalidArgument => Code::InvalidArgument,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::FailedPrecondition => Code::FailedPrecondition,
        Kind::Aborted => Code::Aborted,
        Kind::OutOfRange => Code::OutOfRange,
        Kind::ResourceExhausted => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Internal => Code::Internal,
    }
}

fn build(code: Code, message: &str, details: ErrorDetails) -> Status {
    Status::with_error_details(code, clip(message), details)
}

fn identified(reason: &str, request_id: &RequestId) -> ErrorDetails {
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    details.set_request_info(request_id.as_str(), "");
    details
}

fn internal_message(request_id: &RequestId) -> String {
    format!("a defect of the service; its log tells more under request id {request_id}")
}

fn facts(fault: &dyn Fault) -> HashMap<String, String> {
    let mut room = MOST_BYTES;
    let facts = fault.facts().into_iter().map(|(key, value)| (key.to_owned(), clip(&value).to_owned()));
    facts.take_while(|(key, value)| take(&mut room, key.len() + value.len())).collect()
}

fn add_violations(details: &mut ErrorDetails, fault: &dyn Fault) {
    let violations = fault.violations();
    let mut room = MOST_BYTES;
    let entries = violations.iter().map(|violation| FieldViolation {
        field: clip(&violation.field).to_owned(),
        description: clip(&violation.description).to_owned(),
        reason: violation.reason.to_owned(),
        localized_message: None,
    });
    let mut listed: Vec<FieldViolation> =
        entries.take_while(|entry| take(&mut room, entry.field.len() + entry.description.len() + 32)).collect();
    if listed.len() < violations.len() {
        listed.push(FieldViolation::new("", format!("and {} more violations", violations.len() - listed.len())));
    }
    if !listed.is_empty() {
        details.set_bad_request(listed);
    }
}

fn add_preconditions(details: &mut ErrorDetails, fault: &dyn Fault) {
    let preconditions = fault.preconditions();
    let mut room = MOST_BYTES;
    let entries = preconditions
        .iter()
        .map(|broken| PreconditionViolation::new(broken.kind, clip(&broken.subject), clip(&broken.description)));
    let mut listed: Vec<PreconditionViolation> =
        entries.take_while(|entry| take(&mut room, entry.subject.len() + entry.description.len() + 32)).collect();
    if listed.len() < preconditions.len() {
        let more = format!("and {} more preconditions", preconditions.len() - listed.len());
        listed.push(PreconditionViolation::new("", "", more));
    }
    if !listed.is_empty() {
        details.set_precondition_failure(listed);
    }
}

/// Takes `bytes` out of the room that is left; false when there is not enough.
fn take(room: &mut usize, bytes: usize) -> bool {
    let left = room.checked_sub(bytes);
    *room = left.unwrap_or(0);
    left.is_some()
}

/// The longest beginning of `text` that may stand in a status.
fn clip(text: &str) -> &str {
    let end = (0..=LONGEST_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

fn with_causes(fault: &dyn Fault) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = Error::source(error);
    }
    text
}
