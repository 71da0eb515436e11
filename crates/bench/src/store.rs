//! Durable transactions a second on the embedded engine, beside a file that is appended to and synced.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{Store, Txn};

use crate::bare::Bare;
use crate::figures::{Figures, Goal, Line};
use crate::turns::{Compared, take_turns};

/// How many writers there are at once, each waiting for its transaction before it begins the next.
const WRITERS: [usize; 4] = [1, 8, 64, 256];

/// What a transaction writes, beside its key.
pub const VALUE: [u8; 300] = [7; 300];

/// How many keys a writer has.
const KEYS: u64 = 100_000;

/// What is to be reached with 64 writers.
const GOAL: (usize, f64) = (64, 40_000.0);

/// Measures all numbers of writers.
///
/// # Errors
/// When the store or the disk fails.
pub async fn measure(round: Duration, folder: &Path) -> Result<Figures> {
    let mut figures = Figures::default();
    let mut by_writers: [Map<String, Value>; 3] = Default::default();
    for writers in WRITERS {
        let figure = compare(round, folder, writers).await?;
        let Compared { ours, limit, ratio } = figure;
        for (map, number) in by_writers.iter_mut().zip([ours, limit, ratio]) {
            map.insert(writers.to_string(), json!(number));
        }
        figures.lines.push(Line {
            what: format!("durable transactions/s, {writers} at once"),
            figure,
            limit: "append + fdatasync",
            goal: (writers == GOAL.0).then_some(Goal::AtLeast(GOAL.1)),
        });
    }
    let bytes = key(0, 0).len() + VALUE.len();
    figures.notes.push(format!(
        "A transaction puts {bytes} bytes; the bare loop appends as many groups of one record a writer, a sync each."
    ));
    let [ours, limit, ratio] = by_writers.map(Value::Object);
    figures.json = Map::from_iter([
        ("txn_per_s".to_owned(), ours),
        ("bare_sync_per_s".to_owned(), limit),
        ("ratio".to_owned(), ratio),
        ("record_bytes".to_owned(), json!(bytes)),
    ]);
    Ok(figures)
}

async fn compare(round: Duration, folder: &Path, writers: usize) -> Result<Compared> {
    let store = Arc::new(Embedded::open(folder.join(format!("store-{writers}")), Options::default())?);
    let bare = Bare::new(folder, writers, key(0, 0).len() + VALUE.len());
    let ours = async || transactions_per_second(&store, writers, round).await;
    let turns = take_turns(ours, async || bare.records_per_second(round)).await?;
    store.close().await;
    Ok(turns.compare(|rate| *rate))
}

async fn transactions_per_second(store: &Arc<Embedded>, writers: usize, time: Duration) -> Result<f64> {
    let began = Instant::now();
    let write = |writer| {
        let store = Arc::clone(store);
        async move {
            let mut count = 0;
            while count == 0 || began.elapsed() < time {
                store.txn(Txn::new().put(key(writer, count % KEYS), Bytes::from_static(&VALUE))).await?;
                count += 1;
            }
            anyhow::Ok(count)
        }
    };
    let tasks: Vec<_> = (0..writers).map(|writer| tokio::spawn(write(writer))).collect();
    let mut count = 0;
    for task in tasks {
        count += task.await??;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

fn key(writer: usize, number: u64) -> String {
    format!("writers/{writer:04}/{number:012}")
}
