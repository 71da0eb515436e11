//! From a commit to its arrival at a thousand watchers, in turn with one watcher alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde_json::{Map, json};
use slipway_chassis::process;
use slipway_proto::registry::v1 as pb;
use slipway_proto::registry::v1::watch_response::Event;
use slipway_registry::config::{DECLARATION, serve};
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{KeyRange, Store};
use tokio::task::JoinHandle;
use tonic::Streaming;

use super::{Client, clients, create_all, model_name};
use crate::figures::{Figures, Goal, Line};
use crate::running::Running;
use crate::turns::{Turns, take_turns};

/// How many watch at once.
const WATCHERS: usize = 1000;
/// On how many connections.
const CONNECTIONS: usize = 20;
/// How many changes are made in a second: one reaches everybody before the next is made.
const CHANGES_A_SECOND: f64 = 20.0;
/// How long the last change may be on its way before it is taken for lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most milliseconds within which 99 of 100 arrivals are to be.
const GOAL: Goal = Goal::AtMost(10.0);

/// How long changes took to arrive.
struct Arrived {
    p50_ms: f64,
    p99_ms: f64,
    /// How long the last watcher of each change waited, in the middle of all changes.
    last_p50_ms: f64,
}

/// What one watcher read: each revision, and when.
type Read = Vec<(u64, Instant)>;

/// Measures how long changes take to arrive at those who watch.
///
/// # Errors
/// When the service fails.
pub async fn measure(round: Duration, folder: &Path) -> Result<Figures> {
    let folder = folder.join("watched");
    let store: Arc<dyn Store> = Arc::new(Embedded::open(folder.join("store"), Options::default())?);
    let kept = Arc::clone(&store);
    let serving = Running::start(&DECLARATION, &folder, |plan, _| {
        process::serve(plan, (), async move |(), start| serve(kept, start).await)
    });
    let running = serving.await?;
    let clients = clients(&running.address).await?;
    create_all(&clients[0], 1).await?;
    let address = running.address.as_str();
    let arrivals = async |watchers| {
        let patience = 10 * round + PATIENCE;
        tokio::time::timeout(patience, arrivals(address, &*store, watchers, round)).await.context("a change is lost")?
    };
    let turns = take_turns(async || arrivals(WATCHERS).await, async || arrivals(1).await).await?;
    running.stop().await?;
    Ok(figures(&turns))
}

/// Changes a model for so long while so many watch.
async fn arrivals(address: &str, store: &dyn Store, watchers: usize, round: Duration) -> Result<Arrived> {
    let channels = crate::load::connect(address, CONNECTIONS.min(watchers)).await?;
    let channels: Vec<Client> = channels.into_iter().map(Client::new).collect();
    let first = store.range(&KeyRange::new("none", "none"), 0).await?.revision;
    let changes = ((round.as_secs_f64() * CHANGES_A_SECOND) as u64).max(1);
    let mut reading: Vec<JoinHandle<Result<Read>>> = Vec::new();
    for number in 0..watchers {
        let request = pb::WatchRequest { after_revision: i64::try_from(first).ok(), ..Default::default() };
        let mut client = channels[number % channels.len()].clone();
        let stream = client.watch(request).await?.into_inner();
        reading.push(tokio::spawn(read(stream, first + changes)));
    }
    let committed = tokio::spawn(commits(store.watch(KeyRange::all(), first).await?, first + changes));
    let mut writer = channels[0].clone();
    for number in 0..changes {
        let next = Instant::now() + Duration::from_secs_f64(1.0 / CHANGES_A_SECOND);
        writer.update_model(change(first + number)).await?;
        tokio::time::sleep_until(next.into()).await;
    }
    let committed = committed.await??;
    let mut arrived = Vec::new();
    for task in reading {
        arrived.push(task.await??);
    }
    summary(&committed, &arrived)
}

/// When each revision became durable, up to `last`.
async fn commits(mut watch: slipway_store::Watch, last: u64) -> Result<BTreeMap<u64, Instant>> {
    let mut committed = BTreeMap::new();
    while !committed.contains_key(&last) {
        let commit = watch.next().await?;
        committed.insert(commit.revision, Instant::now());
    }
    Ok(committed)
}

/// When each revision arrived, up to `last`.
async fn read(mut stream: Streaming<pb::WatchResponse>, last: u64) -> Result<Read> {
    let mut arrived = Vec::new();
    loop {
        let message = stream.message().await?.context("a watch ended")?;
        let Some(Event::Changes(changes)) = message.event else { continue };
        let revision = u64::try_from(changes.revision)?;
        arrived.push((revision, Instant::now()));
        if revision >= last {
            return Ok(arrived);
        }
    }
}

fn summary(committed: &BTreeMap<u64, Instant>, arrived: &[Read]) -> Result<Arrived> {
    let (mut all, mut last) = (Histogram::<u64>::new(3)?, BTreeMap::<u64, u64>::new());
    for (revision, at) in arrived.iter().flatten() {
        let commit = committed.get(revision).context("a revision that nobody committed")?;
        let took = at.saturating_duration_since(*commit).as_micros() as u64;
        all.record(took.max(1))?;
        let slowest = last.entry(*revision).or_default();
        *slowest = (*slowest).max(took);
    }
    let mut last: Vec<u64> = last.into_values().collect();
    last.sort_unstable();
    let ms = |micros: u64| micros as f64 / 1000.0;
    Ok(Arrived {
        p50_ms: ms(all.value_at_quantile(0.5)),
        p99_ms: ms(all.value_at_quantile(0.99)),
        last_p50_ms: ms(last[last.len() / 2]),
    })
}

/// A change that no other has made: what changes nothing arrives nowhere.
fn change(number: u64) -> pb::UpdateModelRequest {
    let model = pb::Model { name: model_name(0), description: format!("change {number}"), ..Default::default() };
    pb::UpdateModelRequest { model: Some(model), reason: "measured".to_owned(), ..Default::default() }
}

fn figures(turns: &Turns<Arrived>) -> Figures {
    let p99 = turns.compare(|arrived| arrived.p99_ms);
    let line = |what: &str, figure, goal| Line { what: what.to_owned(), figure, limit: "one watcher alone", goal };
    let p50 = turns.compare(|arrived| arrived.p50_ms);
    let last = turns.compare(|arrived| arrived.last_p50_ms);
    let lines = vec![
        line("Commit to arrival at 1,000 watchers, p99, ms", p99, Some(GOAL)),
        line("The same, p50, ms", p50, None),
        line("Commit to the last of 1,000 watchers, p50, ms", last, None),
    ];
    let notes = vec![format!(
        "{WATCHERS} watchers on {CONNECTIONS} connections, {CHANGES_A_SECOND} changes of one model a second; all of them \
         share the cores with the service."
    )];
    let json = [
        ("watch_1000_p99_ms", json!(p99.ours)),
        ("watch_1000_p50_ms", json!(p50.ours)),
        ("watch_1000_last_p50_ms", json!(last.ours)),
        ("watch_1_p99_ms", json!(p99.limit)),
    ];
    Figures { lines, notes, json: Map::from_iter(json.map(|(name, value)| (name.to_owned(), value))) }
}
