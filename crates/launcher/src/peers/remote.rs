//! The peers over the wire.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use slipway_chassis::env::Env;
use slipway_domain::gate::Evidence;
use slipway_domain::launch::Fence;
use slipway_domain::name::{ModelName, VersionName};
use slipway_domain::traffic::Traffic;
use slipway_sdk::{Code, Endpoint, Error, Health, Registry, parse_evidence, parse_traffic};

use super::{Candidate, Failure, Judged, News, Peers, Quarantine, Question, SetTraffic, news};
use crate::convert;

/// Registry and health monitor, each at its endpoint.
#[derive(Debug, Clone)]
pub struct Remote {
    registry: Registry,
    health: Health,
    env: Env,
}

impl Remote {
    /// Clients of both, which connect at their first call.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(registry: &Endpoint, health: &Endpoint, env: Env) -> Self {
        Self { registry: Registry::new(registry), health: Health::new(health), env }
    }
}

#[async_trait]
impl Peers for Remote {
    async fn version(&self, name: &VersionName) -> Result<Candidate, Failure> {
        self.registry.get_version(name).await.map(convert::candidate).map_err(failure)
    }

    async fn model(&self, name: &ModelName) -> Result<Judged, Failure> {
        self.registry.get_model(name).await.map(convert::judged).map_err(failure)
    }

    async fn traffic(&self, model: &ModelName) -> Result<Traffic, Failure> {
        let message = self.registry.get_traffic(model).await.map_err(failure)?;
        parse_traffic(&message).map(|(_, traffic)| traffic).map_err(failure)
    }

    async fn set_traffic(&self, change: SetTraffic) -> Result<Traffic, Failure> {
        let message = self.registry.set_traffic(convert::set_traffic(change)).await.map_err(failure)?;
        parse_traffic(&message).map(|(_, traffic)| traffic).map_err(failure)
    }

    async fn quarantine(&self, mark: Quarantine) -> Result<(), Failure> {
        self.registry.quarantine_version(convert::quarantine(mark)).await.map(drop).map_err(failure)
    }

    async fn evaluate(&self, question: Question) -> Result<Evidence, Failure> {
        let message = self.health.evaluate(convert::question(question)).await.map_err(failure)?;
        // Evidence that can't be read is no answer that another try would better: it holds the launch as an error does.
        let refused =
            |error: Error| Failure::Refused { reason: error.reason().to_owned(), message: error.message().to_owned() };
        parse_evidence(message).map_err(refused)
    }

    fn news(&self) -> BoxStream<'static, News> {
        news::follow(self.registry.clone(), self.env.clone())
    }
}

/// What a failed call means for a launch: fenced out, refused for good, or worth another try.
fn failure(error: Error) -> Failure {
    let message = error.message().to_owned();
    match error.reason() {
        "TRAFFIC_GENERATION_CHANGED" => return Failure::Fenced { cause: Fence::Generation },
        "TRAFFIC_EPOCH_FENCED" | "TRAFFIC_HELD_BY_LAUNCHER" => return Failure::Fenced { cause: Fence::Epoch },
        _ => {}
    }
    match error.code() {
        Code::NotFound => Failure::NotFound { message },
        Code::InvalidArgument
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented => Failure::Refused { reason: error.reason().to_owned(), message },
        // A defect of the peer, or its overload, is no word on the launch: it is asked again.
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => Failure::Unavailable { message },
    }
}
