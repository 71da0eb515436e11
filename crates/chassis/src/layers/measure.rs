//! Counts every call by service, method and code, and times it.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use tonic::Code;

use crate::env::{Env, Stopwatch};
use crate::methods::{Method, Methods};
use crate::metrics::{Metrics, SECONDS};

/// How many codes gRPC has.
const CODES: i32 = 17;

/// The instruments of a server, with the labels of every method and code made once.
pub(super) struct Measures {
    requests: Counter<u64>,
    duration: Histogram<f64>,
    /// By the number of the method, then by code: service, method, code.
    labels: Vec<Vec<[KeyValue; 3]>>,
}

impl Measures {
    pub(super) fn new(metrics: &Metrics, methods: &Methods) -> Self {
        let requests = metrics.meter().u64_counter("rpc_server_requests");
        let duration = metrics.meter().f64_histogram("rpc_server_duration");
        Self {
            requests: requests.with_description("Calls that have ended, by service, method and gRPC code.").build(),
            duration: duration
                .with_unit("s")
                .with_boundaries(SECONDS.to_vec())
                .with_description("From the first byte of a call to its answer; for a stream to its end.")
                .build(),
            labels: methods.all().iter().map(labels).collect(),
        }
    }

    /// Begins to measure a call of the method with the number `method`.
    pub(super) fn begin(self: &Arc<Self>, env: &Env, method: usize) -> Measure {
        Measure { measures: self.clone(), method, stopwatch: env.stopwatch(), code: Code::Cancelled }
    }
}

fn labels(method: &Method) -> Vec<[KeyValue; 3]> {
    let of_code = |code| {
        [
            KeyValue::new("service", method.service.clone()),
            KeyValue::new("method", method.name.clone()),
            KeyValue::new("code", name(Code::from_i32(code))),
        ]
    };
    (0..CODES).map(of_code).collect()
}

/// One call that is being measured. It counts as cancelled when it is dropped before its code is known: then its caller
/// has gone away.
pub(super) struct Measure {
    measures: Arc<Measures>,
    method: usize,
    stopwatch: Stopwatch,
    code: Code,
}

impl Measure {
    /// How the call ended.
    pub(super) fn ended(&mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        let labels = &self.measures.labels[self.method][self.code as usize];
        self.measures.requests.add(1, labels);
        self.measures.duration.record(self.stopwatch.elapsed().as_secs_f64(), &labels[..2]);
    }
}

/// The name of a code as it is written in the specification of gRPC.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
