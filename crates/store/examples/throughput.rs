//! Measures durable transactions a second at 1, 8, 64 and 256 writers, beside a bare loop that
//! appends and syncs, in a folder next to the build.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{Store, Txn};

const VALUE: [u8; 300] = [7; 300];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(4.0), |text| text.parse())?;
    let time = Duration::from_secs_f64(seconds);
    let dir = tempfile::tempdir_in(".")?;
    let mut out = std::io::stdout();
    writeln!(out, "bare append + sync: {:.0}/s", bare(&dir.path().join("bare"), time)?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for writers in [1, 8, 64, 256] {
        let store = Arc::new(Embedded::open(dir.path().join(writers.to_string()), Options::default())?);
        let rate = runtime.block_on(transactions(&store, writers, time));
        let stats = store.stats();
        let sync = stats.sync_time.as_secs_f64() / stats.syncs as f64;
        let group = stats.commits as f64 / stats.syncs as f64;
        writeln!(out, "{writers} writers: {rate:.0}/s, {group:.1} a group, {:.0} us a sync, {stats:?}", sync * 1e6)?;
        let began = Instant::now();
        runtime.block_on(store.close());
        writeln!(out, "closed in {:?}", began.elapsed())?;
    }
    Ok(())
}

/// Appends and syncs a second, one after the other.
fn bare(path: &Path, time: Duration) -> std::io::Result<f64> {
    let mut file = File::create(path)?;
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < time {
        file.write_all(&VALUE)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// Transactions a second, each task waiting for one before the next.
async fn transactions(store: &Arc<Embedded>, writers: u64, time: Duration) -> f64 {
    let began = Instant::now();
    let done = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (store, done) = (Arc::clone(store), Arc::clone(&done));
            tokio::spawn(async move {
                for number in 0u64.. {
                    if began.elapsed() >= time {
                        break;
                    }
                    let key = format!("writers/{writer:04}/{:012}", number % 100_000);
                    let txn = Txn::new().put(key, Bytes::from_static(&VALUE));
                    store.txn(txn).await.expect("the disk has room");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a writer does not panic");
    }
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}
