//! The handlers: who calls, what is asked, what is done, what is answered. Nothing is decided here.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{Stream, StreamExt, future, stream};
use slipway_chassis::{Caller, caller};
use slipway_proto::health::v1 as pb;
use slipway_proto::health::v1::health_server::{Health as Service, HealthServer};
use slipway_proto::r#type::v1::Evidence;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use crate::{Error, Health, convert};

/// The health service's handlers.
pub struct Handlers(Arc<Health>);

type Answer<T> = Result<Response<T>, Status>;

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

/// The way of every call: the answer, or the status that tells the caller what is wrong.
fn answer<T>(caller: &Caller, result: Result<T, Error>) -> Answer<T> {
    result.map(Response::new).map_err(|error| caller.status(&error))
}

#[tonic::async_trait]
impl Service for Handlers {
    type ReportStream = Pin<Box<dyn Stream<Item = Result<pb::ReportResponse, Status>> + Send>>;

    async fn report(&self, request: Request<Streaming<pb::ReportRequest>>) -> Answer<Self::ReportStream> {
        let caller = caller(&request);
        let (messages, broken) = until_broken(request.into_inner());
        let answers = self.0.report_all(&caller, messages.map(convert::report));
        let shown = answers.map(move |answer| answer.map(convert::acknowledged).map_err(|error| caller.status(&error)));
        Ok(Response::new(Box::pin(shown.chain(broken))))
    }

    async fn get_health(&self, request: Request<pb::GetHealthRequest>) -> Answer<pb::GetHealthResponse> {
        let caller = caller(&request);
        let query = convert::health_query(request.into_inner());
        let found = query.and_then(|query| self.0.get_health(&caller, &query));
        answer(&caller, found.map(convert::version_health))
    }

    async fn evaluate(&self, request: Request<pb::EvaluateRequest>) -> Answer<Evidence> {
        let caller = caller(&request);
        let query = convert::gate_query(request.into_inner());
        let found = query.and_then(|query| self.0.evaluate(&caller, &query));
        answer(&caller, found.map(|found| slipway_sdk::evidence(&found)))
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
