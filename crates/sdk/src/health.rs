//! The client of the health monitor. Observations are reported through [`crate::Reporter`].

use futures_util::Stream;
use slipway_proto::health::v1::health_client::HealthClient;
use tonic::Streaming;

use crate::authorize::Wire;
use crate::call::{LARGEST_MESSAGE, Terms, unary};
use crate::context::Carried;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::pb;

/// Calls the health monitor.
///
/// Cheap to clone; clones share a connection. Every call has the endpoint's deadline.
///
/// # Errors
/// Every method fails as the service says by [`Error::reason`], with `UNAVAILABLE` if it can't be reached, and with
/// `DEADLINE_EXCEEDED` if it does not answer in time.
#[derive(Debug, Clone)]
pub struct Health {
    stub: HealthClient<Wire>,
    terms: Terms,
}

impl Health {
    /// A client of the health monitor at `endpoint`, which is connected at the first call.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(endpoint: &Endpoint) -> Self {
        let stub = HealthClient::new(endpoint.wire()).max_decoding_message_size(LARGEST_MESSAGE);
        Self { stub, terms: Terms::of(endpoint) }
    }

    /// The same client with another deadline for each call.
    #[must_use]
    pub fn with_deadline(&self, deadline: std::time::Duration) -> Self {
        Self { stub: self.stub.clone(), terms: Terms { deadline, ..self.terms.clone() } }
    }

    /// Returns the metrics of a version over a window, the verdict, and why.
    pub async fn get_health(&self, request: pb::GetHealthRequest) -> Result<pb::GetHealthResponse, Error> {
        unary!(self.get_health(request)).await
    }

    /// Judges a candidate against a baseline.
    pub async fn evaluate(&self, request: pb::EvaluateRequest) -> Result<pb::Evidence, Error> {
        unary!(self.evaluate(request)).await
    }

    /// Opens a stream of reports.
    pub(crate) async fn report(
        &self,
        carried: &Carried,
        reports: impl Stream<Item = pb::ReportRequest> + Send + 'static,
    ) -> Result<Streaming<pb::ReportResponse>, Error> {
        let mut stub = self.stub.clone();
        self.terms.open(carried, stub.report(carried.request(reports, None))).await
    }

    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }
}
