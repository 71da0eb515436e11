//! Connections served: HTTP/2 on each of them, until it ends or the server stops.

use std::pin::pin;

use hyper::server::conn::http2::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use super::KEEPALIVE;
use super::connection::Connection;
use super::door::Door;
use super::queue::Queue;
use crate::layers::Layers;

/// What a peer may send unread on one stream, and on one connection, in bytes: enough for columns of observations to
/// flow without waiting. (Windows that adapt begin at 64 KiB whatever is said here.)
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// How many calls may be under way on one connection.
const CALLS_PER_CONNECTION: u32 = 1024;

/// The most headers of one call, in bytes.
const MOST_HEADERS: u32 = 32 << 10;

/// How many streams of one connection may have been taken back by its peer before anybody looked at them, and how many
/// may have been broken off by us because they broke the protocol; with one more, the connection ends. Without the first,
/// a peer that begins and takes back keeps us busy at no cost of its own (CVE-2023-44487); without the second, which the
/// transport leaves open unless it is told, one that breaks the rules has us write for ever (RUSTSEC-2024-0003).
const MOST_TAKEN_BACK: usize = 20;
const MOST_BROKEN_OFF: usize = 1024;

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
