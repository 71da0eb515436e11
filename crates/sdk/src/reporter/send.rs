//! Sends reports and takes their acknowledgements, across breaks of the connection.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Shared;
use super::pending::{Next, Outgoing};
use crate::context::Carried;
use crate::error::Error;
use crate::health::Health;
use crate::pb;
use crate::retry::Backoff;

/// How many reports are ready for the connection beyond what it has taken.
const AHEAD: usize = 4;

/// Reports until the task is aborted or the service refuses the producer.
pub(super) async fn run(shared: Arc<Shared>, health: Health) {
    let mut backoff = Backoff::new(health.terms().retry);
    let mut acked = 0;
    loop {
        // Nobody is bothered with a connection before there is something to say.
        let first = shared.following(shared.acked()).await;
        let failure = connection(&shared, &health, first).await;
        if shared.acked() > acked {
            acked = shared.acked();
            backoff.reset();
        }
        let wait = match failure {
            // The service ends streams of a great age in peace.
            None => backoff.wait(None),
            Some(failure) => match shared.failed(&failure) {
                Next::Retry => backoff.wait(failure.retry_after()),
                Next::Resend => backoff.wait(None),
                Next::Stop => return,
            },
        };
        tokio::time::sleep(wait).await;
    }
}

/// One connection, from the first report that is not acknowledged to its end.
async fn connection(shared: &Shared, health: &Health, first: Outgoing) -> Option<Error> {
    let carried = Carried::here();
    let (reports, outgoing) = mpsc::channel(AHEAD);
    let answers = async {
        let mut answers = health.report(&carried, ReceiverStream::new(outgoing)).await?;
        loop {
            match answers.message().await {
                Ok(Some(answer)) => shared.acknowledged(&answer),
                Ok(None) => return Ok(()),
                Err(status) => return Err(health.terms().failure(&carried, &status)),
            }
        }
    };
    tokio::select! {
        ended = answers => ended.err(),
        () = pump(shared, reports, first) => None,
    }
}

/// Hands reports to the connection, as fast as it takes them, until it takes no more.
async fn pump(shared: &Shared, reports: mpsc::Sender<pb::ReportRequest>, first: Outgoing) {
    let mut next = first;
    loop {
        let sent = next.ordinal;
        if reports.send(next.message()).await.is_err() {
            // The connection is gone; why, its answers are about to tell.
            return std::future::pending().await;
        }
        next = shared.following(sent).await;
    }
}
