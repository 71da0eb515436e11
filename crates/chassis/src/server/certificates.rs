//! The certificates of a server's two sockets, which are read again when their files change.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use opentelemetry::KeyValue;
use slipway_tls::{Ends, Error, HTTP_1, HTTP_2, Server, ServerFiles, ServerTexts};

use super::Shared;
use crate::env::Env;
use crate::follow::follow;
use crate::metrics::{Figure, Gauge, Metrics, Total};
use crate::settings::Tls;

/// How long before a certificate ends the log says so.
const NOTICE: SignedDuration = SignedDuration::from_hours(14 * 24);

const RELOADS: Figure<Total> = Figure::total(
    "certificate_reloads",
    "Changed files of certificates that were read again.",
    &[("outcome", "taken, or refused: then the certificates that held before still hold")],
);

const ENDS: Figure<Gauge> = Figure::gauge(
    "certificate_expiry_timestamp_seconds",
    "When the first of the certificates in a file ends, since 1970; nothing without TLS.",
    &[("which", "server: the service's own; or client_ca: those by which its callers are trusted")],
);

/// The certificates of one service.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// For gRPC.
    pub grpc: Arc<Server>,
    /// For operators, who are not asked for certificates; none: they are served without TLS.
    pub ops: Option<Arc<Server>>,
    texts: ServerTexts,
    ends: Arc<ArcSwap<Ends>>,
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
        let ends = Arc::new(ArcSwap::from_pointee(files.ends(&texts)?));
        Ok(Self { grpc: Arc::new(Server::open(files.clone(), HTTP_2)?), ops, texts, ends })
    }

    /// Shows when they end, and logs it if that is soon.
    pub fn show_ends(&self, env: &Env, metrics: &Metrics) {
        let ends = Arc::clone(&self.ends);
        ENDS.show(metrics, move || {
            let Ends { server, client_ca } = **ends.load();
            let reading = |which, end: Timestamp| (end.as_second() as f64, vec![KeyValue::new("which", which)]);
            let client_ca = client_ca.map(|end| reading("client_ca", end));
            std::iter::once(reading("server", server)).chain(client_ca).collect()
        });
        self.warn(env.now());
    }

    /// Logs which of them have ended or end soon.
    fn warn(&self, now: Timestamp) {
        let Ends { server, client_ca } = **self.ends.load();
        let ServerFiles { certificate, clients, .. } = self.grpc.files();
        warn_of_end(certificate, server, now);
        if let (Some((path, _)), Some(end)) = (clients, client_ca) {
            warn_of_end(path, end, now);
        }
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
                    self.warn(shared.env.now());
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
        let ends = self.grpc.files().ends(texts)?;
        self.grpc.take(texts)?;
        self.ops.as_ref().map_or(Ok(()), |ops| ops.take(texts))?;
        self.ends.store(Arc::new(ends));
        Ok(())
    }
}

fn warn_of_end(path: &Path, end: Timestamp, now: Timestamp) {
    let path = path.display();
    if end <= now {
        tracing::warn!(%path, %end, "a certificate has ended: connections by it are refused; renew it");
    } else if end.duration_since(now) <= NOTICE {
        tracing::warn!(%path, %end, "a certificate ends soon: renew it before");
    }
}
