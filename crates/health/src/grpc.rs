//! The handlers: who calls, what is asked, what is done, what is answered. Nothing is decided here.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{Stream, StreamExt, TryStreamExt, future, stream};
use slipway_chassis::handle::{Answer, Messages, handle, messages};
use slipway_proto::health::v1 as pb;
use slipway_proto::health::v1::health_server::{Health as Service, HealthServer};
use slipway_proto::r#type::v1::Evidence;
use tonic::service::Routes;
use tonic::{Request, Status, Streaming};

use crate::{Error, Health, convert};

/// The health service's handlers.
pub struct Handlers(Arc<Health>);

impl Handlers {
    /// Handlers over `health`.
    #[must_use]
    pub fn new(health: Arc<Health>) -> Self {
        Self(health)
    }

    /// The routes to them; a longer message than `most` bytes is refused.
    #[must_use]
    pub fn routes(self, most: usize) -> Routes {
        Routes::new(HealthServer::new(self).max_decoding_message_size(most).max_encoding_message_size(most))
    }
}

#[tonic::async_trait]
impl Service for Handlers {
    type ReportStream = Messages<pb::ReportResponse>;

    async fn report(&self, request: Request<Streaming<pb::ReportRequest>>) -> Answer<Self::ReportStream> {
        handle(request, async |caller, stream| {
            let (drafts, broken) = until_broken(stream);
            let answers = self.0.report_all(&caller, drafts.map(convert::report));
            let shown = messages(caller, answers.map_ok(convert::acknowledged));
            Ok::<_, Error>(Box::pin(shown.chain(broken)) as Self::ReportStream)
        })
        .await
    }

    async fn get_health(&self, request: Request<pb::GetHealthRequest>) -> Answer<pb::GetHealthResponse> {
        handle(request, async |caller, message| {
            let query = convert::health_query(message)?;
            self.0.get_health(&caller, &query).map(convert::version_health)
        })
        .await
    }

    async fn evaluate(&self, request: Request<pb::EvaluateRequest>) -> Answer<Evidence> {
        handle(request, async |caller, message| {
            let query = convert::gate_query(message)?;
            self.0.evaluate(&caller, &query).map(|found| slipway_sdk::evidence(&found))
        })
        .await
    }
}

/// The messages of a stream up to where it breaks, and, as a stream of its own, what broke it: everything before the
/// break is still counted and answered.
fn until_broken<T: Send + 'static>(
    messages: Streaming<T>,
) -> (impl Stream<Item = T> + Send, impl Stream<Item = Result<pb::ReportResponse, Status>> + Send) {
    let cause: Arc<Mutex<Option<Status>>> = Arc::default();
    let noted = Arc::clone(&cause);
    let whole = messages.scan((), move |(), message| {
        let message = message.map_err(|status| *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(status));
        future::ready(message.ok())
    });
    let broken = stream::once(async move { cause.lock().unwrap_or_else(PoisonError::into_inner).take() });
    (whole, broken.filter_map(async |status| status.map(Err)))
}
