//! Which trace a piece of work belongs to: what is begun later, by another task, goes on in the trace of what caused it.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// What caused something that will be done later.
#[derive(Debug, Clone)]
pub struct Cause(SpanContext);

impl Cause {
    /// The work that goes on here; none while nobody collects traces.
    #[must_use]
    pub fn here() -> Option<Self> {
        let context = Span::current().context().span().span_context().clone();
        context.is_valid().then_some(Self(context))
    }

    /// Puts `span` into the trace of this cause. To be called before `span` is entered.
    pub fn leads_to(&self, span: &Span) {
        if span.set_parent(Context::new().with_remote_span_context(self.0.clone())).is_err() {
            tracing::trace!("traces are not collected here");
        }
    }
}

/// Records the id of the trace that `span` belongs to in its field `trace_id`, which it must have been made with. To be
/// called when its parent is known; while nobody collects traces it has none.
pub fn record_id(span: &Span) {
    let context = span.context();
    let context = context.span().span_context().clone();
    if context.is_valid() {
        span.record("trace_id", tracing::field::display(context.trace_id()));
    }
}
