//! Counts every call by service, method and code, times it, and knows how many are under way.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, BoundHistogram, Counter, Histogram};
use slipway_domain::fault::CODE_NAMES;
use tonic::Code;

use super::end::End;
use crate::env::Stopwatch;
use crate::methods::{Method, Methods, Shape};
use crate::metrics::{Durations, Figure, Gauge, Metrics, Reading, Total};

const REQUESTS: Figure<Total> = Figure::total(
    "rpc_server_requests",
    "Calls that have ended.",
    &[
        ("service", "a service of the API"),
        ("method", "a method of it; unknown for what is none"),
        ("code", "a code of gRPC"),
    ],
);
const DURATION: Figure<Durations> = Figure::durations(
    "rpc_server_duration_seconds",
    "From the first byte of a call to its answer; for a stream to its end.",
    &[("service", "a service of the API"), ("method", "a method of it; unknown for what is none")],
);
const IN_FLIGHT: Figure<Gauge> = Figure::gauge(
    "rpc_server_in_flight",
    "Calls under way. Those of kind stream are watchers and reporters.",
    &[
        ("service", "a service of the API"),
        ("method", "a method of it; unknown for what is none"),
        ("kind", "unary or stream; probe for a question about health"),
    ],
);
const REFUSALS: Figure<Total> = Figure::total(
    "rpc_server_refusals",
    "Calls that ended without their handler's word.",
    &[("reason", "the reason that the caller is told")],
);

/// The instruments of a server, each bound to its labels once.
pub(super) struct Measures {
    requests: Counter<u64>,
    duration: Histogram<f64>,
    refusals: Counter<u64>,
    /// By the number of the method.
    methods: Vec<OfMethod>,
}

/// The figures of one method. They are bound when its first call ends, so that a method that nobody calls is not shown.
struct OfMethod {
    /// Its service and its name.
    labels: [KeyValue; 2],
    kind: &'static str,
    in_flight: AtomicU32,
    duration: OnceLock<BoundHistogram<f64>>,
    by_code: [OnceLock<BoundCounter<u64>>; CODE_NAMES.len()],
}

impl Measures {
    pub(super) fn new(metrics: &Metrics, methods: &Methods) -> Arc<Self> {
        let measures = Arc::new(Self {
            requests: REQUESTS.counter(metrics),
            duration: DURATION.histogram(metrics),
            refusals: REFUSALS.counter(metrics),
            methods: methods.all().iter().map(OfMethod::new).collect(),
        });
        // What is there from the start is seen to grow at its first one.
        End::REASONS.iter().for_each(|reason| measures.refusals.add(0, &[KeyValue::new("reason", *reason)]));
        let shown = Arc::clone(&measures);
        IN_FLIGHT.show(metrics, move || shown.in_flight());
        measures
    }

    fn in_flight(&self) -> Reading {
        // A method that was never called is not shown here either.
        let called = |method: &&OfMethod| method.duration.get().is_some() || method.under_way() > 0;
        let reading = |method: &OfMethod| {
            let [service, name] = method.labels.clone();
            (f64::from(method.under_way()), vec![service, name, KeyValue::new("kind", method.kind)])
        };
        self.methods.iter().filter(called).map(reading).collect()
    }

    /// Begins to measure a call of the method with the number `method`, which came when `stopwatch` was started.
    pub(super) fn begin(self: &Arc<Self>, stopwatch: Stopwatch, method: usize) -> Measure {
        self.methods[method].in_flight.fetch_add(1, Ordering::Relaxed);
        Measure { measures: self.clone(), method, stopwatch, code: Code::Cancelled }
    }
}

impl OfMethod {
    fn new(method: &Method) -> Self {
        let service = KeyValue::new("service", method.service.clone());
        let name = KeyValue::new("method", method.name.clone());
        let kind = match method.shape {
            Shape::Unary => "unary",
            Shape::Stream => "stream",
            Shape::Probe => "probe",
        };
        let in_flight = AtomicU32::new(0);
        Self { labels: [service, name], kind, in_flight, duration: OnceLock::new(), by_code: Default::default() }
    }

    fn under_way(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
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

    /// The call ended without its handler's word.
    pub(super) fn broke(&mut self, reason: &'static str, code: Code) {
        self.measures.refusals.add(1, &[KeyValue::new("reason", reason)]);
        self.code = code;
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        let Measures { requests, duration, methods, .. } = &*self.measures;
        let method = &methods[self.method];
        method.in_flight.fetch_sub(1, Ordering::Relaxed);
        method.counter(requests, self.code).add(1);
        let duration = method.duration.get_or_init(|| duration.bind(&method.labels));
        duration.record(self.stopwatch.elapsed().as_secs_f64());
    }
}
