//! The client of what whoever runs a service asks of it, whichever it is.

use slipway_proto::operations::v1::backup_response::Part;
use slipway_proto::operations::v1::operations_client::OperationsClient;
use tonic::{Code, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::authorize::Wire;
use crate::call::{LARGEST_MESSAGE, Terms, unary};
use crate::context::Carried;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::pb;

/// Asks any of the services who one is, who may what, whether it can do its work, and for a backup.
///
/// Cheap to clone; clones share a connection. Every call has the endpoint's deadline.
///
/// # Errors
/// Every method fails as the service says by [`Error::reason`], with `UNAVAILABLE` if it can't be reached, and with
/// `DEADLINE_EXCEEDED` if it does not answer in time.
#[derive(Debug, Clone)]
pub struct Operations {
    stub: OperationsClient<Wire>,
    probe: Probe,
    terms: Terms,
}

#[derive(Debug, Clone)]
struct Probe {
    stub: HealthClient<Wire>,
    terms: Terms,
}

impl Operations {
    /// A client of the service at `endpoint`, which is connected at the first call.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(endpoint: &Endpoint) -> Self {
        let (wire, terms) = (endpoint.wire(), Terms::of(endpoint));
        let probe = Probe { stub: HealthClient::new(wire.clone()), terms: terms.clone() };
        let stub = OperationsClient::new(wire).max_decoding_message_size(LARGEST_MESSAGE);
        Self { stub, probe, terms }
    }

    /// Says who the caller is, as the service sees it.
    pub async fn get_caller(&self) -> Result<pb::GetCallerResponse, Error> {
        unary!(self.get_caller(pb::GetCallerRequest {})).await
    }

    /// Says whether somebody may call a method on a resource, and by which lines of the policy.
    pub async fn explain_access(&self, request: pb::ExplainAccessRequest) -> Result<pb::ExplainAccessResponse, Error> {
        unary!(self.explain_access(request)).await
    }

    /// Whether the service says that it can do its work. Nobody has to prove who they are for that.
    pub async fn is_serving(&self) -> Result<bool, Error> {
        let probe = &self.probe;
        let answer = unary!(probe.check(HealthCheckRequest { service: String::new() })).await?;
        Ok(answer.status == i32::from(ServingStatus::Serving))
    }

    /// Begins a backup, which comes no faster than `max_bytes_per_second`; as fast as the service says if that is 0.
    pub async fn backup(&self, max_bytes_per_second: i64) -> Result<Backup, Error> {
        let (carried, mut stub) = (Carried::here(), self.stub.clone());
        let request = carried.request(pb::BackupRequest { max_bytes_per_second }, None);
        let parts = self.terms.open(&carried, stub.backup(request)).await?;
        let mut backup = Backup { parts, carried, terms: self.terms.clone(), header: None, trailer: None };
        match backup.part().await? {
            Some(Part::Header(header)) => backup.header = Some(header),
            Some(Part::Piece(_) | Part::Trailer(_)) | None => return Err(backup.cut()),
        }
        Ok(backup)
    }
}

/// A backup under way. Dropping it ends it.
#[derive(Debug)]
pub struct Backup {
    parts: Streaming<pb::BackupResponse>,
    carried: Carried,
    terms: Terms,
    header: Option<pb::BackupHeader>,
    trailer: Option<pb::BackupTrailer>,
}

impl Backup {
    /// What it will be of.
    #[must_use]
    pub fn header(&self) -> pb::BackupHeader {
        self.header.clone().unwrap_or_default()
    }

    /// What it has become; none before its last piece was taken.
    #[must_use]
    pub fn trailer(&self) -> Option<pb::BackupTrailer> {
        self.trailer
    }

    /// Its next bytes; none when it is complete.
    ///
    /// # Errors
    /// As the service says; `BACKUP_CUT` if it ends before its end. What was taken is no backup then.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.part().await? {
            Some(Part::Piece(bytes)) => Ok(Some(bytes)),
            Some(Part::Trailer(trailer)) => {
                self.trailer = Some(trailer);
                Ok(None)
            }
            None if self.trailer.is_some() => Ok(None),
            Some(Part::Header(_)) | None => Err(self.cut()),
        }
    }

    async fn part(&mut self) -> Result<Option<Part>, Error> {
        let message = self.parts.message().await.map_err(|status| self.terms.failure(&self.carried, &status))?;
        Ok(message.and_then(|message| message.part))
    }

    fn cut(&self) -> Error {
        let message = "the backup ended before its end, and what has come is none: begin another one";
        Error::local(Code::DataLoss, "BACKUP_CUT", message)
    }
}
