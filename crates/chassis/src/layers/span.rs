//! The span in which a call runs: every line that is logged inside of it names the method and the request id, and it
//! continues the trace of the caller.

use http::HeaderMap;
use opentelemetry::propagation::Extractor;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::caller::RequestId;
use crate::trace;

/// The span of a call at `path`, a child of the caller's span when the headers name one.
pub(super) fn of_call(path: &str, headers: &HeaderMap, request_id: &RequestId) -> Span {
    let name = path.strip_prefix('/').unwrap_or(path);
    let (request_id, principal, trace_id) = (request_id.as_str(), tracing::field::Empty, tracing::field::Empty);
    let span = tracing::info_span!("rpc", otel.kind = "server", otel.name = name, request_id, principal, trace_id);
    if !span.is_disabled() && headers.contains_key("traceparent") {
        let parent = opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)));
        if span.set_parent(parent).is_err() {
            tracing::trace!("traces are not collected here");
        }
    }
    trace::record_id(&span);
    span
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
