//! One service on its two sockets, from the first connection to the last answer: gRPC with reflection and health, and
//! HTTP for operators.

mod activity;
mod certificates;
mod connection;
mod door;
mod listeners;
mod ops;
mod standard;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;

use crate::access::Access;
use crate::env::Env;
use crate::layers::{Layers, Limits, Stop};
use crate::methods::Methods;
use crate::metrics::Metrics;
use crate::readiness::Readiness;

pub(crate) use activity::{Busy, Untaken};
pub use certificates::Certificates;
pub use connection::Peer;
pub use door::Connections;
use door::Door;
pub use listeners::{Error as ListenError, Listeners};

/// What a peer may send unread on one stream, and on one connection, in bytes: enough for columns of observations to
/// flow without waiting. (Windows that adapt begin at 64 KiB whatever is said here.)
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// How many calls may be under way on one connection.
const CALLS_PER_CONNECTION: u32 = 1024;

/// How long a connection may be silent before the server asks whether its peer is alive, and how long it waits for the
/// answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// How many connections operators may have open, whose pages need none but those of probes and of one that collects
/// figures: so few that they take no files from the store.
const OPERATORS: u32 = 256;

/// The most headers of one call, in bytes.
const MOST_HEADERS: u32 = 32 << 10;

/// How many streams of one connection may have been taken back by its peer before anybody looked at them, and how many
/// may have been broken off by us because they broke the protocol; with one more, the connection ends. Without the first,
/// a peer that begins and takes back keeps us busy at no cost of its own (CVE-2023-44487); without the second, which the
/// transport leaves open unless it is told, one that breaks the rules has us write for ever (RUSTSEC-2024-0003).
const MOST_TAKEN_BACK: usize = 20;
const MOST_BROKEN_OFF: usize = 1024;

/// How long a call that was sent before the server stopped may be on its way in, and its answer on its way out.
const ON_THE_WAY: Duration = Duration::from_millis(250);

/// How long connections get to close after everything on them was ended.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// What a service answers, beside the standard services that every server has.
pub struct Served {
    /// The service's own routes.
    pub routes: Routes,
    /// Their full names, as `slipway.registry.v1.Registry`.
    pub services: &'static [&'static str],
    /// The encoded descriptor set that describes them.
    pub descriptors: &'static [u8],
}

/// How a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How much may go on at once, and for how long.
    pub limits: Limits,
    /// How many connections may be open, and for how long.
    pub connections: Connections,
    /// How long calls get to finish when the service stops, in real time.
    pub grace: Duration,
}

/// What the parts of one service share.
#[derive(Clone)]
pub struct Shared {
    /// Its clock.
    pub env: Env,
    /// Who may do what.
    pub access: Access,
    /// Its figures.
    pub metrics: Metrics,
    /// Whether it can do its work.
    pub readiness: Readiness,
    /// How it proves who it is; none: nothing is encrypted.
    pub certificates: Option<Certificates>,
}

/// Why a server could not be built or came to an end by itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The descriptor set is none.
    #[error("the descriptor set of the service is damaged: {0}")]
    Descriptors(#[from] prost::DecodeError),
    /// The descriptor set cannot be served by reflection.
    #[error("the descriptor set cannot be served by reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The gRPC socket failed.
    #[error("serving gRPC: {0}")]
    Serve(#[from] tonic::transport::Error),
    /// The sockets cannot be used.
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// The operators' HTTP of one service. It answers from the first moment of a service's life to the last.
pub struct Ops {
    _task: AbortOnDropHandle<()>,
}

impl Ops {
    /// Starts to answer `/metrics`, `/livez` and `/readyz` on `listener`.
    #[must_use]
    pub fn start(listener: tokio::net::TcpListener, connections: Connections, shared: &Shared) -> Self {
        let connections = Connections { most: connections.most.min(OPERATORS), ..connections };
        Self { _task: AbortOnDropHandle::new(tokio::spawn(ops::serve(listener, connections, shared.clone()))) }
    }
}

/// One service, ready to run on its gRPC socket.
pub struct Server {
    listener: tokio::net::TcpListener,
    routes: Routes,
    layers: Layers,
    stop: Stop,
    config: Config,
    shared: Shared,
    reporter: AbortOnDropHandle<()>,
}

impl Server {
    /// A server of `served`, with the standard services and all layers, on `listener`.
    ///
    /// # Errors
    /// When the descriptor set is damaged.
    pub fn build(
        config: Config,
        listener: tokio::net::TcpListener,
        served: Served,
        shared: &Shared,
    ) -> Result<Self, Error> {
        let Served { routes, services, descriptors } = served;
        let (routes, health) = standard::add(routes, services, descriptors)?;
        let methods = Methods::read(&standard::descriptor_sets(descriptors))?;
        let stop = Stop::default();
        let layers = Layers::new(shared, methods, config.limits, stop.clone());
        let report = standard::report(health, services, shared.readiness.clone());
        let reporter = AbortOnDropHandle::new(tokio::spawn(report));
        let shared = shared.clone();
        Ok(Self { listener, routes: routes.prepare(), layers, stop, config, shared, reporter })
    }

    /// Where the server listens.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn address(&self) -> Result<SocketAddr, Error> {
        Ok(self.listener.local_addr().map_err(ListenError::Address)?)
    }

    /// Serves until `stop`, then lets calls finish within the grace period: readiness goes first, streams are told to
    /// go elsewhere, no new call is taken, and what is left at the end is told UNAVAILABLE.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let Self { listener, routes, layers, stop: steps, config, shared, reporter } = self;
        let Config { connections, grace, .. } = config;
        let tls = shared.certificates.as_ref().map(|certificates| certificates.grpc.clone());
        let door = Door::open(listener, tls, connections, &shared);
        let closing = steps.drain.clone();
        let calls = layers.clone();
        let serving = transport().layer(layers).serve_with_incoming_shutdown(routes, door, closing.cancelled_owned());
        let mut serving = std::pin::pin!(serving);
        tokio::select! {
            ended = &mut serving => return Ok(ended?),
            () = stop => {}
        }
        tracing::info!(?grace, "stopping");
        shared.readiness.drain();
        steps.drain.cancel();
        let mut finished = std::pin::pin!(async {
            tokio::select! {
                ended = &mut serving => ended,
                () = idle(&shared.env, calls) => Ok(()),
            }
        });
        let mut end = shared.env.patience(grace, &mut finished).await;
        if end.is_err() {
            tracing::warn!(?grace, "calls are broken off: they did not finish within the grace period");
            steps.cut.cancel();
            end = shared.env.patience(LAST_PATIENCE, &mut finished).await;
        }
        drop(reporter);
        end.unwrap_or(Ok(()))?;
        Ok(())
    }
}

/// Serves `routes` on the transport of a [`Server`] until `stop`, with no layer around them and no standard service
/// beside them: what all of that costs is measured against it.
///
/// # Errors
/// When the socket fails.
pub async fn serve_bare(
    listener: tokio::net::TcpListener,
    routes: Routes,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true)).with_keepalive(Some(KEEPALIVE.0));
    Ok(transport().serve_with_incoming_shutdown(routes.prepare(), incoming, stop).await?)
}

/// Waits until nothing is left to answer, although connections may be open whose peers do not answer us either.
async fn idle(env: &Env, calls: Layers) {
    env.pause(ON_THE_WAY).await;
    calls.finished().await;
    env.pause(ON_THE_WAY).await;
}

fn transport() -> tonic::transport::Server {
    let (interval, patience) = KEEPALIVE;
    tonic::transport::Server::builder()
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .max_concurrent_streams(CALLS_PER_CONNECTION)
        .http2_keepalive_interval(Some(interval))
        .http2_keepalive_timeout(Some(patience))
        .http2_max_header_list_size(MOST_HEADERS)
        .http2_max_pending_accept_reset_streams(Some(MOST_TAKEN_BACK))
        .http2_max_local_error_reset_streams(Some(MOST_BROKEN_OFF))
}
