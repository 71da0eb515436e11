//! Observations a second from the SDK's reporters to a durable acknowledgement, beside the loop that folds them.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use serde_json::{Map, json};
use slipway_chassis::process;
use slipway_domain::stats::{self, Cell, fold};
use slipway_health::config::{Config, DECLARATION, start};
use slipway_sdk::name::{ModelName, VersionName};
use slipway_sdk::{Columns, Endpoint, Health, Reporter, ReporterSettings};

use crate::figures::{Figures, Goal, Line};
use crate::running::Running;
use crate::turns::{Compared, take_turns};

/// How many processes report at once, each through a reporter and a connection of its own.
const PRODUCERS: usize = 2;

/// How many models each reports on, two versions of each.
const MODELS: usize = 4;

/// How many rows are handed over at once.
const ROWS: usize = 8192;

/// How many bytes of rows a reporter holds at most: few, so that a round is over soon after its time.
const PENDING: usize = 8 << 20;

/// How long the last rows of a round may take to become durable.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be reached, in observations a second.
const GOAL: Goal = Goal::AtLeast(5e6);

/// Measures reporting.
///
/// # Errors
/// When the service fails, or drops or refuses a row.
pub async fn measure(round: Duration, folder: &Path) -> Result<Figures> {
    let serving =
        Running::start(&DECLARATION, folder, |plan, own| process::serve(plan, Config { registry: None, ..own }, start));
    let running = serving.await?;
    let endpoint = Endpoint::new(&running.address)?;
    let reporters: Vec<Reporter> = (0..PRODUCERS).map(|number| reporter(&endpoint, number)).collect();
    let batches = batches()?;
    let ours = async || observations_per_second(&reporters, &batches, round).await;
    let turns = take_turns(ours, async || Ok(folded_per_second(&batches, round))).await?;
    for reporter in &reporters {
        let stats = reporter.stats();
        ensure!(stats.taken_rows == stats.accepted_rows, "rows were lost: {stats:?}");
    }
    running.stop().await?;
    Ok(figures(turns.compare(|rate| *rate)))
}

fn reporter(endpoint: &Endpoint, number: usize) -> Reporter {
    let settings = ReporterSettings::new(&format!("bench-{number}"));
    Reporter::start(&Health::new(endpoint), ReporterSettings { most_pending_bytes: PENDING, ..settings })
}

fn figures(figure: Compared) -> Figures {
    let what = "observations/s, durable".to_owned();
    let line = Line { what, figure, limit: "the folding loop, one core", goal: Some(GOAL) };
    let notes = vec![
        format!("{PRODUCERS} of the SDK's reporters hand over columns of {ROWS} rows of {} versions each.", 2 * MODELS),
        "They send them by Report to the service on its store; clients and service share the cores.".to_owned(),
    ];
    let json = [
        ("observations_per_s", json!(figure.ours)),
        ("bare_fold_per_s", json!(figure.limit)),
        ("ratio", json!(figure.ratio)),
        ("path", json!("the SDK's Reporter, bulk columns, over gRPC")),
        ("producers", json!(PRODUCERS)),
        ("rows_per_column", json!(ROWS)),
    ];
    Figures { lines: vec![line], notes, json: Map::from_iter(json.map(|(name, value)| (name.to_owned(), value))) }
}

/// One version's rows, as they are handed over again and again.
#[derive(Clone)]
struct Batch {
    version: VersionName,
    columns: Columns,
}

/// Columns of all versions, each of its own numbers.
fn batches() -> Result<Vec<Batch>> {
    let mut batches = Vec::new();
    for number in 0..MODELS {
        let model: ModelName = format!("namespaces/default/models/ranker-{number}").parse()?;
        for version in [1, 2] {
            let seed = 2 * number + version as usize;
            let predictions = (0..ROWS).map(|row| ((row * 7919 + seed) % 9973) as f32 / 9973.0 * 0.3).collect();
            let outcomes = (0..ROWS).map(|row| (row * 31 + seed).is_multiple_of(7)).collect();
            let columns = Columns { predictions, outcomes, weights: Vec::new() };
            batches.push(Batch { version: model.version(version), columns });
        }
    }
    Ok(batches)
}

/// Hands rows over for `time` and waits until the last of them is durable.
async fn observations_per_second(reporters: &[Reporter], batches: &[Batch], time: Duration) -> Result<f64> {
    let began = Instant::now();
    let tasks: Vec<_> = reporters
        .iter()
        .map(|reporter| tokio::spawn(report(reporter.clone(), batches.to_vec(), began + time)))
        .collect();
    let mut rows = 0;
    for task in tasks {
        rows += task.await??;
    }
    Ok(rows as f64 / began.elapsed().as_secs_f64())
}

/// Reports until the instant `until`, as fast as the reporter has room; the rows, all of them durable.
async fn report(reporter: Reporter, batches: Vec<Batch>, until: Instant) -> Result<usize> {
    let (mut rows, mut turn) = (0, batches.iter().cycle());
    while rows == 0 || Instant::now() < until {
        let Some(Batch { version, columns }) = turn.next() else { break };
        reporter.room().await;
        reporter.observed_columns(version, Timestamp::now(), columns.clone())?;
        rows += columns.predictions.len();
    }
    reporter.flush(PATIENCE).await?;
    Ok(rows)
}

/// Folds the same columns, each version's into a cell of its own, on this thread.
fn folded_per_second(batches: &[Batch], time: Duration) -> f64 {
    let mut cells = vec![Cell::new(); batches.len()];
    let (began, mut rows) = (Instant::now(), 0);
    while rows == 0 || began.elapsed() < time {
        for (cell, Batch { columns, .. }) in cells.iter_mut().zip(batches) {
            let Columns { predictions, outcomes, weights } = columns;
            let columns = stats::Columns { predictions, outcomes, weights };
            fold(black_box(cell), black_box(&columns)).expect("the columns were made of one length");
            rows += predictions.len();
        }
    }
    black_box(cells);
    rows as f64 / began.elapsed().as_secs_f64()
}
