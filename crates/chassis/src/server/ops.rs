//! HTTP for operators: the figures, whether the process lives, and whether it is ready.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::{StatusCode, header};
use tokio::net::TcpListener;

use super::connection::Connection;
use super::{Connections, Door, Shared};

/// Answers on `listener` for as long as it is polled.
pub(super) async fn serve(listener: TcpListener, connections: Connections, shared: Shared) {
    let address = listener.local_addr();
    let tls = shared.certificates.as_ref().and_then(|certificates| certificates.ops.clone());
    let entrance = Entrance { door: Door::open(listener, tls, connections, &shared), address };
    let app = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .with_state(shared);
    if let Err(error) = axum::serve(entrance, app).await {
        tracing::error!(%error, "the operators' socket failed");
    }
}

async fn metrics(State(shared): State<Shared>) -> Result<impl axum::response::IntoResponse, (StatusCode, String)> {
    let text = shared.metrics.text().map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text))
}

async fn readyz(State(shared): State<Shared>) -> (StatusCode, String) {
    let report = shared.readiness.report();
    if report.is_ready() {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, report.to_string())
    }
}

/// A door as the HTTP server wants one.
struct Entrance {
    door: Door,
    address: io::Result<SocketAddr>,
}

impl axum::serve::Listener for Entrance {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.door.next().await {
            Some(connection) => {
                let address = connection.peer().address;
                (connection, address)
            }
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address.as_ref().copied().map_err(|error| error.kind().into())
    }
}
