//! The two sockets of a service, bound before anything else, so that a port in use is an early and clear error and a
//! test can hand over a port that nobody else has.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// The bound sockets of one service.
#[derive(Debug)]
pub struct Listeners {
    /// For gRPC.
    pub grpc: TcpListener,
    /// For operators, over HTTP.
    pub ops: TcpListener,
}

/// Why a socket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not one of this machine.
    #[error("cannot listen on {address}: {cause}")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// The socket does not say where it is.
    #[error("the socket has no address: {0}")]
    Address(io::Error),
}

impl Listeners {
    /// Listens on both addresses; port 0 takes a free one.
    ///
    /// # Errors
    /// [`Error::Bind`] with the address that cannot be had.
    pub async fn bind(grpc: SocketAddr, ops: SocketAddr) -> Result<Self, Error> {
        Ok(Self { grpc: bind(grpc).await?, ops: bind(ops).await? })
    }

    /// Listens on two free ports of the loopback address.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn loopback() -> Result<Self, Error> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::bind(any, any).await
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|cause| Error::Bind { address, cause })
}
