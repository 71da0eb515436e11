//! What travels beside a message: the id of the request and the trace it belongs to.

use std::future::Future;
use std::time::Duration;

use opentelemetry::propagation::Injector;
use tonic::metadata::{MetadataKey, MetadataMap, MetadataValue};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

/// The header that names a call in the logs of everybody it passes.
const REQUEST_ID: &str = "x-request-id";

tokio::task_local! {
    static CURRENT: String;
}

/// Runs `work`, whose calls all carry `request_id` in place of a new one each: so a service that asks another on
/// behalf of a caller is found in both logs under one id. Of characters other than visible ASCII the id is stripped.
pub async fn with_request_id<F: Future>(request_id: &str, work: F) -> F::Output {
    let visible: String = request_id.chars().filter(char::is_ascii_graphic).collect();
    CURRENT.scope(visible, work).await
}

/// What one call carries, through all its repetitions.
#[derive(Debug)]
pub(crate) struct Carried {
    pub request_id: String,
}

impl Carried {
    /// What a call that begins here carries: the id of the surrounding request, or a new one.
    pub fn here() -> Self {
        let surrounding = CURRENT.try_with(String::clone).ok().filter(|id| !id.is_empty());
        Self { request_id: surrounding.unwrap_or_else(|| Uuid::new_v4().to_string()) }
    }

    /// A request that carries it, and must be answered within `patience` if there is one. The trace is the one of
    /// the current span.
    pub fn request<T>(&self, message: T, patience: Option<Duration>) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        if let Some(patience) = patience {
            request.set_timeout(patience);
        }
        let id = MetadataValue::try_from(&self.request_id).expect("visible ASCII is a header value");
        request.metadata_mut().insert(REQUEST_ID, id);
        let trace = tracing::Span::current().context();
        opentelemetry::global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&trace, &mut Headers(request.metadata_mut()));
        });
        request
    }
}

struct Headers<'a>(&'a mut MetadataMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        // Propagators write W3C headers, which are ASCII; anything else is not for the wire.
        if let (Ok(key), Ok(value)) = (MetadataKey::from_bytes(key.as_bytes()), MetadataValue::try_from(value)) {
            self.0.insert(key, value);
        }
    }
}
