//! HTTP for operators: the figures, whether the process lives, and whether it is ready.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::{StatusCode, header};
use tokio::net::TcpListener;

use super::Shared;

/// Answers on `listener` for as long as it is polled.
pub(super) async fn serve(listener: TcpListener, shared: Shared) {
    let app = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .with_state(shared);
    if let Err(error) = axum::serve(listener, app).await {
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
