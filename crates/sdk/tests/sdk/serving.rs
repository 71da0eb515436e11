//! Servers that a test can kill and bring back at the same address.

use std::net::SocketAddr;
use std::time::Duration;

use slipway_sdk::{Endpoint, RetryPolicy};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::Server;

/// How long a test waits for what must happen before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a runtime of its own, so that killing it cuts every connection at once, as the end of a process does.
pub struct Serving {
    runtime: Option<Runtime>,
    pub address: SocketAddr,
}

impl Serving {
    /// Serves `routes` at a free port.
    pub fn start(routes: Routes) -> Self {
        Self::start_at(routes, "127.0.0.1:0".parse().unwrap())
    }

    /// Serves `routes` at `address`.
    pub fn start_at(routes: Routes, address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            let incoming = TcpListenerStream::new(TcpListener::from_std(listener).unwrap());
            Server::builder().add_routes(routes).serve_with_incoming(incoming).await.unwrap();
        });
        Self { runtime: Some(runtime), address }
    }

    /// Where it is, with waits short enough for tests.
    pub fn endpoint(&self) -> Endpoint {
        endpoint(self.address)
    }

    /// Cuts every connection and closes the port. Returns where it was.
    pub fn kill(self) -> SocketAddr {
        self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let runtime = self.runtime.take().expect("it is taken here alone");
        // A runtime ends when its threads have; they are joined elsewhere, since a test may itself be asynchronous.
        std::thread::spawn(move || runtime.shutdown_timeout(PATIENCE)).join().unwrap();
    }
}

pub fn endpoint(address: SocketAddr) -> Endpoint {
    let retry = RetryPolicy { attempts: 6, first: Duration::from_millis(2), longest: Duration::from_millis(20) };
    Endpoint::new(&address.to_string()).unwrap().with_retry(retry).with_deadline(PATIENCE)
}

/// An address at which nobody listens.
pub fn nowhere() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
