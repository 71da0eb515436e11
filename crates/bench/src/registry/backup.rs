//! The same calls while backups of the service are taken, one after the other, in turn with the same calls alone.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Map, json};
use slipway_chassis::process;
use slipway_registry::config::{DECLARATION, start};
use slipway_sdk::{Endpoint, Operations};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Client, MODELS, clients, create, create_all, get, requests};
use crate::figures::{Figures, Goal, Line};
use crate::load::{self, Served};
use crate::running::Running;
use crate::turns::{Compared, Turns, median, take_turns};

/// How many times longer a backup may make the slowest of a hundred calls.
const GOAL: Goal = Goal::Factor(2.0);

/// Measures reading and creating models while backups are taken.
///
/// # Errors
/// When the service fails.
pub async fn measure(round: Duration, folder: &Path) -> Result<Figures> {
    let folder = folder.join("backed-up");
    let running = Running::start(&DECLARATION, &folder, |plan, own| process::serve(plan, own, start)).await?;
    let clients = clients(&running.address).await?;
    create_all(&clients[0], MODELS).await?;
    let operations = Operations::new(&Endpoint::new(&running.address)?);
    let next = Arc::new(AtomicUsize::new(MODELS));
    let create = move |client, _| create(client, next.fetch_add(1, Ordering::Relaxed));
    let requests = requests();
    let get = move |client, number: usize| get(client, requests[number % MODELS].clone());
    // So that there is something to copy.
    load::run(&clients, 2 * round, create.clone()).await?;
    let (reading, mut taken) = compare(round, &clients, &operations, get).await?;
    let (creating, more) = compare(round, &clients, &operations, create).await?;
    taken.extend(more);
    running.stop().await?;
    Ok(figures([&reading, &creating], &taken))
}

/// A load while backups are taken, in turn with the same load alone; and what was taken in each round.
async fn compare<F>(
    round: Duration,
    clients: &[Client],
    operations: &Operations,
    call: impl Fn(Client, usize) -> F + Clone + Send + 'static,
) -> Result<(Turns<Served>, Vec<Taken>)>
where
    F: Future<Output = Result<()>> + Send,
{
    let mut taken = Vec::new();
    let ours = async || {
        let backups = Backups::begin(operations.clone());
        let served = load::run(clients, round, call.clone()).await;
        taken.push(backups.end().await?);
        served
    };
    let turns = take_turns(ours, async || load::run(clients, round, call.clone()).await).await?;
    Ok((turns, taken))
}

/// Backups that are taken one after the other.
struct Backups {
    stop: CancellationToken,
    task: JoinHandle<Result<Taken>>,
}

/// What was taken in a while.
#[derive(Debug, Clone, Copy)]
struct Taken {
    backups: u64,
    bytes: u64,
    time: Duration,
}

impl Backups {
    fn begin(operations: Operations) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(take(operations, stop.clone()));
        Self { stop, task }
    }

    /// Waits for the one under way, and takes no more.
    async fn end(self) -> Result<Taken> {
        self.stop.cancel();
        self.task.await?.context("a backup failed")
    }
}

/// Takes backups as fast as the service gives them unless it is asked for another speed, until `stop`.
async fn take(operations: Operations, stop: CancellationToken) -> Result<Taken> {
    let began = Instant::now();
    let (mut backups, mut bytes) = (0, 0);
    while backups == 0 || !stop.is_cancelled() {
        let mut backup = operations.backup(0).await?;
        while let Some(piece) = backup.piece().await? {
            bytes += piece.len() as u64;
        }
        // To the end of the stream: only then is there a place for the next.
        backup.piece().await?;
        backups += 1;
    }
    Ok(Taken { backups, bytes, time: began.elapsed() })
}

fn figures([reading, creating]: [&Turns<Served>; 2], taken: &[Taken]) -> Figures {
    let (get, create) = (p99(reading), p99(creating));
    let mib_per_s =
        median(taken.iter().map(|taken| taken.bytes as f64 / f64::from(1 << 20) / taken.time.as_secs_f64()));
    let size_mib = median(taken.iter().map(|taken| taken.bytes as f64 / f64::from(1 << 20) / taken.backups as f64));
    let line = |what: &str, figure| Line {
        what: what.to_owned(),
        figure,
        limit: "the same without a backup",
        goal: Some(GOAL),
    };
    let lines = vec![line("GetModel p99 under a backup, ms", get), line("CreateModel p99 under a backup, ms", create)];
    let notes = vec![format!("Backups of {size_mib:.1} MiB one after the other, {mib_per_s:.1} MiB/s through gRPC.")];
    let json = [
        ("get_model_p99_ms_under_backup", json!(get.ours)),
        ("get_model_p99_ms_without_backup", json!(get.limit)),
        ("get_model_p99_backup_factor", json!(get.ratio)),
        ("create_model_p99_ms_under_backup", json!(create.ours)),
        ("create_model_p99_ms_without_backup", json!(create.limit)),
        ("create_model_p99_backup_factor", json!(create.ratio)),
        ("backup_mib_per_s", json!(mib_per_s)),
        ("backup_mib", json!(size_mib)),
    ];
    Figures { lines, notes, json: Map::from_iter(json.map(|(name, value)| (name.to_owned(), value))) }
}

fn p99(turns: &Turns<Served>) -> Compared {
    turns.compare(|served| served.p99_ms)
}
