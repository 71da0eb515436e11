//! The trace of a caller goes on in the service it calls.

use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use slipway_sdk::Registry;
use slipway_sdk::name::ModelName;
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::fake_registry::FakeRegistry;
use crate::serving::Serving;

#[tokio::test]
async fn a_call_carries_the_trace_of_its_span() {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    let model = ModelName::parse("namespaces/default/models/m").unwrap();

    let span = tracing::info_span!("a request of ours");
    let trace = span.context().span().span_context().trace_id().to_string();
    Registry::new(&serving.endpoint()).get_model(&model).instrument(span).await.unwrap();

    let parent = fake.seen()[0].headers.get("traceparent").unwrap().to_str().unwrap().to_owned();
    assert_eq!(parent.split('-').nth(1), Some(trace.as_str()), "{parent}");
}
