//! Connections served: HTTP/2 on each of them, until it ends or the server stops.

use std::pin::pin;

use hyper::server::conn::http2::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use super::connection::Connection;
use super::door::Door;
use super::queue::Queue;
use super::{
    CALLS_PER_CONNECTION, CONNECTION_WINDOW, KEEPALIVE, MOST_BROKEN_OFF, MOST_HEADERS, MOST_TAKEN_BACK, STREAM_WINDOW,
};
use crate::layers::Layers;

/// Serves the connections of `door` until `stop`; then no more are taken, and their peers are told to go elsewhere with
/// the next call. Ends with the last connection; when it is dropped, they end with it.
pub(super) async fn serve(mut door: Door, routes: Routes, layers: Layers, stop: CancellationToken) {
    let http = http();
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = open.join_next() => {}
            connection = door.next() => {
                let Some(connection) = connection else { break };
                open.spawn(serve_one(connection, http.clone(), routes.clone(), layers.clone(), stop.clone()));
            }
        }
    }
    drop(door);
    while open.join_next().await.is_some() {}
}

async fn serve_one(
    connection: Connection,
    http: Builder<Queue>,
    routes: Routes,
    layers: Layers,
    stop: CancellationToken,
) {
    let peer = connection.peer();
    let address = peer.address;
    let mut serving = pin!(http.serve_connection(TokioIo::new(connection), layers.around(routes, peer)));
    let ended = tokio::select! {
        biased;
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%address, %error, "a connection broke off");
    }
}

fn http() -> Builder<Queue> {
    let (interval, patience) = KEEPALIVE;
    let mut http = Builder::new(Queue::new());
    http.timer(TokioTimer::new())
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .max_concurrent_streams(CALLS_PER_CONNECTION)
        .keep_alive_interval(interval)
        .keep_alive_timeout(patience)
        .max_header_list_size(MOST_HEADERS)
        .max_pending_accept_reset_streams(MOST_TAKEN_BACK)
        .max_local_error_reset_streams(MOST_BROKEN_OFF)
        .auto_date_header(false);
    http
}
