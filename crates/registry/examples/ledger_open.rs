//! Measures how long a registry with a long ledger takes to start, beside reading its store alone; the tree over the
//! ledger is made anew each time.
//!
//! `cargo run --release -p slipway-registry --example ledger_open -- 1000000`

#![allow(clippy::print_stdout, reason = "an example that prints its measurement")]

use std::sync::Arc;
use std::time::Instant;

use slipway_chassis::env::Env;
use slipway_registry::record::ROWS;
use slipway_registry::{Error, Registry, keys};
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{KeyRange, Store, Txn};

/// What a change of a model comes to.
const RECORD: usize = 1000;
/// How many entries a transaction writes while the store is filled.
const GROUP: u64 = 500;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let entries: u64 = std::env::args().nth(1).and_then(|number| number.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let options = || Options { rows: ROWS, ..Options::default() };
    let (env, store) = (Env::system(), Arc::new(Embedded::open(folder.path(), options())?));
    for group in 0..entries.div_ceil(GROUP) {
        let numbers = group * GROUP..entries.min((group + 1) * GROUP);
        let put = |txn: Txn, number: u64| {
            let name = format!("namespaces/default/models/m-{}", number * 7919 % entries);
            txn.put(keys::ledger(&name, env.new_id()), vec![b'x'; RECORD])
        };
        store.txn(numbers.fold(Txn::new(), put)).await?;
    }
    store.close().await;
    let begun = Instant::now();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(folder.path(), options())?);
    println!("{entries} entries: the store opens in {:.2} s", begun.elapsed().as_secs_f64());
    for _ in 0..2 {
        let begun = Instant::now();
        let read = store.range(&KeyRange::all(), 0).await?.entries.len();
        println!("  read, {read} rows: {:.2} s", begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        Registry::open(Arc::clone(&store), "measured", env.clone()).await?;
        println!("  a registry on it, with its tree: {:.2} s", begun.elapsed().as_secs_f64());
    }
    Ok(())
}
