//! The handlers: who calls, what is asked, what is done, what is answered. Nothing is decided here.

use futures_util::TryStreamExt;
use slipway_chassis::access::Credentials;
use slipway_chassis::handle::{Answer, Messages, handle, messages};
use slipway_proto::operations::v1 as pb;
use slipway_proto::operations::v1::operations_server::{Operations as Service, OperationsServer};
use tonic::Request;

use crate::{Asking, Error, Operations, convert};

/// The handlers of `operations`.
pub(crate) fn server(operations: Operations, most: usize) -> OperationsServer<Operations> {
    OperationsServer::new(operations).max_decoding_message_size(most).max_encoding_message_size(most)
}

impl Operations {
    fn asking_by<T>(&self, request: &Request<T>) -> Result<Asking, Error> {
        self.asking(&Credentials::of_request(request)?)
    }
}

#[tonic::async_trait]
impl Service for Operations {
    async fn get_caller(&self, request: Request<pb::GetCallerRequest>) -> Answer<pb::GetCallerResponse> {
        let asking = self.asking_by(&request);
        handle(request, async |_, message| {
            let pb::GetCallerRequest {} = message;
            asking.map(|asking| convert::who(self.who(&asking)))
        })
        .await
    }

    async fn explain_access(&self, request: Request<pb::ExplainAccessRequest>) -> Answer<pb::ExplainAccessResponse> {
        let asking = self.asking_by(&request);
        handle(request, async |caller, message| {
            let question = convert::question(message)?;
            self.explain(&caller, &asking?, &question).map(convert::explained)
        })
        .await
    }

    type BackupStream = Messages<pb::BackupResponse>;

    async fn backup(&self, request: Request<pb::BackupRequest>) -> Answer<Self::BackupStream> {
        handle(request, async |caller, message| {
            let rate = convert::rate(message)?;
            let parts = self.back_up(&caller, rate)?;
            Ok::<_, Error>(messages(caller, parts.map_ok(convert::part)))
        })
        .await
    }
}
