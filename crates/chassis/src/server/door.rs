//! Takes connections: not more than there is room for, each with its own time for the handshake, so that a slow or silent
//! peer holds up nobody.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use slipway_tls as tls;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_stream::StreamExt;
use tokio_util::task::AbortOnDropHandle;
use tonic::transport::server::TcpIncoming;

use super::connection::{Connection, Peer, Stream};
use super::{KEEPALIVE, Shared};
use crate::access::Certificate;
use crate::env::Env;
use crate::metrics::{Figure, Total};

/// How long to wait when the system gives no connection, as when there are too many open files.
const BREATH: Duration = Duration::from_millis(50);

/// Connections that are ready and not yet served.
const READY: usize = 64;

const REFUSED: Figure<Total> = Figure::total(
    "connections_refused",
    "Connections that were refused before a call came by them.",
    &[("reason", "full, handshake or late")],
);

/// How many connections may be open, and how patient their server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Open at the same moment, those in their handshake included.
    pub most: u32,
    /// For a handshake, and again for the beginning of what a peer says after it.
    pub handshake: Duration,
    /// For a connection without a call.
    pub idle: Duration,
}

/// Connections as they become ready; none are taken any more once it is dropped.
pub(super) struct Door {
    ready: mpsc::Receiver<Connection>,
    _task: AbortOnDropHandle<()>,
}

/// What the door needs for each connection.
#[derive(Clone)]
struct Doorman {
    env: Env,
    tls: Option<Arc<tls::Server>>,
    terms: Connections,
    ended: Counter<u64>,
}

impl Door {
    /// Takes the connections of `listener`, under TLS if there is a configuration for it.
    pub fn open(listener: TcpListener, tls: Option<Arc<tls::Server>>, terms: Connections, shared: &Shared) -> Self {
        let (tell, ready) = mpsc::channel(READY);
        let ended = REFUSED.counter(&shared.metrics);
        // What is there from the start is seen to grow at its first one.
        ["full", "handshake", "late"].iter().for_each(|reason| ended.add(0, &[KeyValue::new("reason", *reason)]));
        let doorman = Doorman { env: shared.env.clone(), tls, terms, ended };
        Self { ready, _task: AbortOnDropHandle::new(tokio::spawn(doorman.run(listener, tell))) }
    }

    /// The next connection; none when no more are taken.
    pub async fn next(&mut self) -> Option<Connection> {
        self.ready.recv().await
    }
}

impl Doorman {
    async fn run(self, listener: TcpListener, ready: mpsc::Sender<Connection>) {
        let places = Arc::new(Semaphore::new(usize::try_from(self.terms.most).unwrap_or(Semaphore::MAX_PERMITS)));
        let mut sockets = TcpIncoming::from(listener).with_nodelay(Some(true)).with_keepalive(Some(KEEPALIVE.0));
        while let Some(socket) = sockets.next().await {
            let taken = socket.and_then(|socket| Ok((socket.peer_addr()?, socket)));
            let (address, socket) = match taken {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::debug!(%error, "no connection could be taken");
                    self.env.pause(BREATH).await;
                    continue;
                }
            };
            match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let (doorman, ready) = (self.clone(), ready.clone());
                    tokio::spawn(async move { doorman.welcome(socket, address, place, ready).await });
                }
                // To wait for room would leave the peer waiting, too: it learns at once that it has to come again.
                Err(_) => self.refuse("full", address, &"there are too many connections"),
            }
        }
    }

    async fn welcome(
        self,
        socket: TcpStream,
        address: SocketAddr,
        place: OwnedSemaphorePermit,
        ready: mpsc::Sender<Connection>,
    ) {
        let shaken = tokio::select! {
            shaken = self.env.patience(self.terms.handshake, self.shake_hands(socket)) => shaken,
            () = ready.closed() => return,
        };
        let (stream, certificate) = match shaken {
            Ok(Ok(shaken)) => shaken,
            Ok(Err(error)) => return self.refuse("handshake", address, &error),
            Err(late) => return self.refuse("late", address, &late),
        };
        let peer = Peer::new(address, certificate, &self.env);
        let connection = Connection::new(stream, peer, place, (&self.env, self.terms), self.ended.clone());
        // When nobody takes it the server has stopped.
        let _ = ready.send(connection).await;
    }

    async fn shake_hands(&self, socket: TcpStream) -> io::Result<(Stream, Option<Certificate>)> {
        let Some(tls) = &self.tls else { return Ok((Stream::Plain(socket), None)) };
        let stream = TlsAcceptor::from(tls.config()).accept(socket).await?;
        let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let certificate = certificate.map(|certificate| {
            let until = tls::not_after(certificate).ok_or_else(|| io::Error::other("when it ends can't be read"))?;
            Ok::<_, io::Error>(Certificate { name: tls::holder(certificate).unwrap_or_default().into(), until })
        });
        let certificate = certificate.transpose()?;
        Ok((Stream::Tls(Box::new(stream)), certificate))
    }

    fn refuse(&self, reason: &'static str, address: SocketAddr, error: &dyn std::fmt::Display) {
        self.ended.add(1, &[KeyValue::new("reason", reason)]);
        tracing::debug!(%address, reason, %error, "a connection was refused");
    }
}
