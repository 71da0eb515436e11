//! One service on its two sockets, from the first connection to the last answer: gRPC with reflection and health, and
//! HTTP for operators.

mod activity;
mod certificates;
mod connection;
mod door;
mod listeners;
mod ops;
mod queue;
mod serving;
mod standard;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;
use tonic::service::Routes;

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

/// How long a connection may be silent before the server asks whether its peer is alive, and how long it waits for the
/// answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// How many connections operators may have open, whose pages need none but those of probes and of one that collects
/// figures: so few that they take no files from the store.
const OPERATORS: u32 = 256;

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
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { listener, routes, layers, stop: steps, config, shared, reporter } = self;
        let Config { connections, grace, .. } = config;
        let tls = shared.certificates.as_ref().map(|certificates| certificates.grpc.clone());
        let door = Door::open(listener, tls, connections, &shared);
        let mut serving = std::pin::pin!(serving::serve(door, routes, layers.clone(), steps.drain.clone()));
        tokio::select! {
            () = &mut serving => return,
            () = stop => {}
        }
        tracing::info!(?grace, "stopping");
        shared.readiness.drain();
        steps.drain.cancel();
        let mut finished = std::pin::pin!(async {
            tokio::select! {
                () = &mut serving => {}
                () = idle(&shared.env, layers) => {}
            }
        });
        let end = shared.env.patience(grace, &mut finished).await;
        if end.is_err() {
            tracing::warn!(?grace, "calls are broken off: they did not finish within the grace period");
            steps.cut.cancel();
            let _ = shared.env.patience(LAST_PATIENCE, &mut finished).await;
        }
        drop(reporter);
    }
}

/// Waits until nothing is left to answer, although connections may be open whose peers do not answer us either.
async fn idle(env: &Env, calls: Layers) {
    env.pause(ON_THE_WAY).await;
    calls.finished().await;
    env.pause(ON_THE_WAY).await;
}
