//! A running server of the tiny service on free ports.

use std::time::Duration;

use slipway_chassis::access::{Access, Sources};
use slipway_chassis::env::Env;
use slipway_chassis::layers::{Deadlines, Limits, Rates};
use slipway_chassis::metrics::Metrics;
use slipway_chassis::readiness::Readiness;
use slipway_chassis::server::{Certificates, Config, Connections, Listeners, Ops, Server, Shared};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::echo::Echo;
use super::ruled;

pub struct Fixture {
    pub channel: Channel,
    pub address: std::net::SocketAddr,
    pub ops: std::net::SocketAddr,
    pub echo: Echo,
    pub readiness: Readiness,
    pub metrics: Metrics,
    pub stop: CancellationToken,
    pub running: JoinHandle<()>,
    _ops: Ops,
}

pub fn config() -> Config {
    let deadlines = Deadlines { default: Duration::from_secs(10), max: Duration::from_secs(60) };
    Config {
        limits: Limits { requests: 100, streams: 100, deadlines, rates: Rates::default() },
        connections: Connections { most: 1000, handshake: Duration::from_secs(10), idle: Duration::from_secs(3600) },
        grace: Duration::from_secs(5),
    }
}

impl Fixture {
    pub async fn start(config: Config) -> Self {
        Self::start_under(config, Env::system(), None).await
    }

    /// The same by a clock, with certificates, and a policy in a file.
    pub async fn start_under(config: Config, env: Env, guarded: Option<(Certificates, Sources)>) -> Self {
        let listeners = Listeners::loopback().await.unwrap();
        let ops = listeners.ops.local_addr().unwrap();
        let readiness = Readiness::new();
        let metrics = Metrics::new().unwrap();
        let (access, certificates) = match guarded {
            Some((certificates, sources)) => (Access::guarded(sources, &env, &metrics).unwrap(), Some(certificates)),
            None => (Access::open(&env, &metrics), None),
        };
        let shared = Shared { env, access, metrics, readiness: readiness.clone(), certificates };
        if let Some(certificates) = shared.certificates.clone() {
            certificates.show_ends(&shared.env, &shared.metrics);
            tokio::spawn(certificates.follow(shared.clone()));
        }
        let metrics = shared.metrics.clone();
        let ops_server = Ops::start(listeners.ops, config.connections, &shared);
        let echo = Echo::default();
        let served = if shared.access.is_guarded() { ruled::served(echo.clone()) } else { echo.clone().served() };
        let server = Server::build(config, listeners.grpc, served, &shared).unwrap();
        let address = server.address().unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let running = tokio::spawn(async move { server.run(stopped.cancelled_owned()).await });
        let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        Self { channel, address, ops, echo, readiness, metrics, stop, running, _ops: ops_server }
    }

    /// Status and body of a page for operators.
    pub async fn page(&self, path: &str) -> (u16, String) {
        page(self.ops, path).await
    }
}

/// Status and body of a page for operators at `ops`.
pub async fn page(ops: std::net::SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(ops).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The output of `work`, which must come long before a test would be called hanging.
pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("within 20 seconds")
}
