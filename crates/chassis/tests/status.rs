//! How a fault looks on the wire.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fmt;
use std::time::Duration;

use slipway_chassis::env::Env;
use slipway_chassis::{RequestId, caller, status};
use slipway_domain::fault::{CODE_NAMES, Fault, Kind, Precondition, Violation};
use tonic::Code;
use tonic_types::StatusExt;

/// A fault of any kind with everything that a fault can carry.
#[derive(Debug)]
struct Sample {
    kind: Kind,
    message: String,
    violations: Vec<Violation>,
}

impl Sample {
    fn of(kind: Kind) -> Self {
        Self { kind, message: "the disk says no".to_owned(), violations: Vec::new() }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Sample {}

impl Fault for Sample {
    fn kind(&self) -> Kind {
        self.kind
    }
    fn reason(&self) -> &'static str {
        "SAMPLE"
    }
    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![("model", "flight-delay".to_owned())]
    }
    fn violations(&self) -> &[Violation] {
        &self.violations
    }
    fn preconditions(&self) -> Vec<Precondition> {
        vec![Precondition { kind: "FROZEN", subject: "pools/a".to_owned(), description: "thaw it".to_owned() }]
    }
    fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(3))
    }
}

fn id() -> RequestId {
    RequestId::proposed(&http::HeaderValue::from_static("abc-123")).unwrap()
}

#[test]
fn every_kind_has_its_own_code() {
    let kinds = [
        (Kind::InvalidArgument, Code::InvalidArgument),
        (Kind::Unauthenticated, Code::Unauthenticated),
        (Kind::PermissionDenied, Code::PermissionDenied),
        (Kind::NotFound, Code::NotFound),
        (Kind::AlreadyExists, Code::AlreadyExists),
        (Kind::FailedPrecondition, Code::FailedPrecondition),
        (Kind::Aborted, Code::Aborted),
        (Kind::OutOfRange, Code::OutOfRange),
        (Kind::ResourceExhausted, Code::ResourceExhausted),
        (Kind::Unavailable, Code::Unavailable),
        (Kind::Internal, Code::Internal),
    ];
    for (kind, code) in kinds {
        assert_eq!(status::from_fault(&Sample::of(kind), &id()).code(), code);
    }
}

#[test]
fn a_fault_carries_reason_facts_preconditions_and_when_to_come_back() {
    let status = status::from_fault(&Sample::of(Kind::FailedPrecondition), &id());
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("SAMPLE", "slipway.dev"));
    assert_eq!(info.metadata["model"], "flight-delay");
    assert_eq!(details.precondition_failure().unwrap().violations[0].r#type, "FROZEN");
    assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_secs(3)));
    assert_eq!(details.request_info().unwrap().request_id, "abc-123");
    assert!(details.bad_request().is_none());
}

#[test]
fn every_wrong_field_is_named_with_its_reason() {
    let violations =
        vec![Violation::new("model.owner", "REQUIRED", "name a team"), Violation::new("tier", "RANGE", "0 to 4")];
    let fault = Sample { violations, ..Sample::of(Kind::InvalidArgument) };
    let details = status::from_fault(&fault, &id()).get_error_details();
    let fields = &details.bad_request().unwrap().field_violations;
    assert_eq!(fields[0].field, "model.owner");
    assert_eq!(fields[1].reason, "RANGE");
}

#[test]
fn a_defect_of_ours_tells_the_client_the_request_id_and_nothing_else() {
    let status = status::from_fault(&Sample::of(Kind::Internal), &id());
    assert!(status.message().contains("abc-123"));
    assert!(!status.message().contains("disk"));
    let details = status.get_error_details();
    assert!(details.error_info().unwrap().metadata.is_empty());
    assert!(details.precondition_failure().is_none());
}

#[test]
fn a_status_stays_small_whatever_the_fault_repeats_of_the_request() {
    let violations = (0..5_000).map(|n| Violation::new(format!("items[{n}]"), "WRONG", "ü".repeat(n))).collect();
    let message = "ü".repeat(1_000_000);
    let fault = Sample { kind: Kind::InvalidArgument, message, violations };
    let status = status::from_fault(&fault, &id());
    let mut headers = http::HeaderMap::new();
    status.add_header(&mut headers).unwrap();
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    assert!(size < 12 << 10, "{size} bytes of headers");
    let listed = status.get_error_details().bad_request().unwrap().field_violations.clone();
    let last = listed.last().unwrap();
    assert_eq!(last.description, format!("and {} more violations", 5_000 - (listed.len() - 1)));
}

#[test]
fn a_request_id_is_taken_over_only_when_it_is_sane() {
    let propose = |text: &[u8]| RequestId::proposed(&http::HeaderValue::from_bytes(text).unwrap());
    assert_eq!(propose(b"trace-7/a").unwrap().as_str(), "trace-7/a");
    for bad in [&b""[..], b"two words", b"tab\there", "naïve".as_bytes(), &[b'a'; 129]] {
        assert_eq!(propose(bad), None);
    }
    assert_ne!(RequestId::new(&Env::system()), RequestId::new(&Env::system()));
}

#[test]
fn a_request_from_nowhere_is_anonymous() {
    let caller = caller(&tonic::Request::new(()));
    assert_eq!(caller.principal.as_str(), "anonymous");
    assert_eq!(caller.deadline, None);
}

#[test]
fn every_code_has_the_name_of_the_specification() {
    for (number, name) in CODE_NAMES.iter().enumerate() {
        let code = Code::from(i32::try_from(number).unwrap());
        let plain = name.replace('_', "");
        assert!(format!("{code:?}").eq_ignore_ascii_case(&plain), "{number} is {code:?} and called {name}");
    }
    assert_eq!(Code::from(i32::try_from(CODE_NAMES.len()).unwrap()), Code::Unknown, "there are no more");
}
