//! Counts every call by service, method and code, and times it.

use std::sync::{Arc, OnceLock};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, BoundHistogram, Counter, Histogram};
use slipway_domain::fault::CODE_NAMES;
use tonic::Code;

use crate::env::{Env, Stopwatch};
use crate::methods::{Method, Methods};
use crate::metrics::{Metrics, SECONDS};

/// The instruments of a server, each bound to its labels once.
pub(super) struct Measures {
    requests: Counter<u64>,
    duration: Histogram<f64>,
    /// By the number of the method.
    methods: Vec<OfMethod>,
}

/// The figures of one method. They are bound when its first call ends, so that a method that nobody calls is not shown.
struct OfMethod {
    /// Its service and its name.
    labels: [KeyValue; 2],
    duration: OnceLock<BoundHistogram<f64>>,
    by_code: [OnceLock<BoundCounter<u64>>; CODE_NAMES.len()],
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
            methods: methods.all().iter().map(OfMethod::new).collect(),
        }
    }

    /// Begins to measure a call of the method with the number `method`.
    pub(super) fn begin(self: &Arc<Self>, env: &Env, method: usize) -> Measure {
        Measure { measures: self.clone(), method, stopwatch: env.stopwatch(), code: Code::Cancelled }
    }
}

impl OfMethod {
    fn new(method: &Method) -> Self {
        let service = KeyValue::new("service", method.service.clone());
        let name = KeyValue::new("method", method.name.clone());
        Self { labels: [service, name], duration: OnceLock::new(), by_code: Default::default() }
    }

    fn counter(&self, all: &Counter<u64>, code: Code) -> &BoundCounter<u64> {
        self.by_code[code as usize].get_or_init(|| {
            let [service, method] = self.labels.clone();
            all.bind(&[service, method, KeyValue::new("code", CODE_NAMES[code as usize])])
        })
    }
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
        let Measures { requests, duration, methods } = &*self.measures;
        let method = &methods[self.method];
        method.counter(requests, self.code).add(1);
        let duration = method.duration.get_or_init(|| duration.bind(&method.labels));
        duration.record(self.stopwatch.elapsed().as_secs_f64());
    }
}
