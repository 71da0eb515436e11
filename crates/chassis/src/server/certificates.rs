//! The certificates of a server's two sockets, which are read again when their files change.

use std::sync::Arc;

use opentelemetry::KeyValue;
use slipway_tls::{Error, HTTP_1, HTTP_2, Server, ServerFiles, ServerTexts};

use super::Shared;
use crate::follow::follow;
use crate::metrics::{Figure, Total};
use crate::settings::Tls;

const RELOADS: Figure<Total> = Figure::total(
    "certificate_reloads",
    "Changed files of certificates that were read again.",
    &[("outcome", "taken, or refused: then the certificates that held before still hold")],
);

/// The certificates of one service.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// For gRPC.
    pub grpc: Arc<Server>,
    /// For operators, who are not asked for certificates; none: they are served without TLS.
    pub ops: Option<Arc<Server>>,
    texts: ServerTexts,
}

impl Certificates {
    /// Reads the files that `settings` name.
    ///
    /// # Errors
    /// The file that can't be used.
    pub fn open(settings: &Tls) -> Result<Self, Error> {
        let Tls { files, ops } = settings;
        let texts = files.read()?;
        let for_ops = || Server::open(ServerFiles { clients: None, ..files.clone() }, HTTP_1);
        let ops = ops.then(for_ops).transpose()?.map(Arc::new);
        Ok(Self { grpc: Arc::new(Server::open(files.clone(), HTTP_2)?), ops, texts })
    }

    /// Follows the files for ever: handshakes that begin after a change take what they say then, if it can be used.
    pub async fn follow(self, shared: Shared) {
        let reloads = RELOADS.counter(&shared.metrics);
        // What is there from the start is seen to grow at its first one.
        ["taken", "refused"].iter().for_each(|outcome| reloads.add(0, &[KeyValue::new("outcome", *outcome)]));
        let files = self.grpc.files().clone();
        let changed = |texts: &Result<ServerTexts, Error>| {
            let outcome = match texts.as_ref().map_err(Error::clone).and_then(|texts| self.take(texts)) {
                Ok(()) => {
                    tracing::info!("the certificates were read again");
                    "taken"
                }
                Err(error) => {
                    tracing::error!(%error, "the change is not taken, and the certificates that held before still hold");
                    "refused"
                }
            };
            reloads.add(1, &[KeyValue::new("outcome", outcome)]);
        };
        follow(&shared.env, Ok(self.texts.clone()), move || files.read(), changed).await;
    }

    fn take(&self, texts: &ServerTexts) -> Result<(), Error> {
        self.grpc.take(texts)?;
        self.ops.as_ref().map_or(Ok(()), |ops| ops.take(texts))
    }
}
