//! Real processes, killed in the middle of writes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slipway_store::embedded::backup::verify;
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{Error, KeyRange, Outcome, Revision, Store, Txn};

/// Names the data folder of the process that is to be killed; without it, that process does nothing.
const FOLDER: &str = "SLIPWAY_STORE_KILLED_FOLDER";

/// The file beside the journal into which that process copies the store all the time.
const BACKUP: &str = "a backup";

const WRITERS: usize = 4;

fn options() -> Options {
    Options {
        segment_bytes: 20_000,
        compact_bytes: 40_000,
        history: 500,
        tail_bytes: 10_000,
        cache_bytes: 1 << 20,
        ..Options::default()
    }
}

/// An acknowledged transaction: a writer set its counter.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Acknowledged {
    writer: usize,
    count: u64,
    revision: Revision,
}

/// The process that is killed: counts in several tasks, and prints each acknowledgement.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Arc::new(Embedded::open(&folder, options()).expect("what a kill leaves can be opened"));
        let out = Arc::new(Mutex::new(std::io::stdout()));
        let copied = Arc::clone(&store);
        let backup = Path::new(&folder).join(BACKUP);
        std::thread::spawn(move || {
            loop {
                copy(&copied, &backup);
            }
        });
        let writers = (0..WRITERS).map(|writer| tokio::spawn(count(Arc::clone(&store), Arc::clone(&out), writer)));
        for writer in writers.collect::<Vec<_>>() {
            writer.await.expect("no panic");
        }
    });
}

/// Writes a backup of `store` into the file `path`.
fn copy(store: &Embedded, path: &Path) {
    let mut file = std::fs::File::create(path).expect("writable");
    for piece in store.backup().expect("readable") {
        file.write_all(&piece.expect("readable")).expect("there is room");
    }
}

async fn count(store: Arc<Embedded>, out: Arc<Mutex<std::io::Stdout>>, writer: usize) {
    let key = format!("counter {writer}");
    let entry = store.get(key.as_bytes()).await.expect("readable").entry;
    let (mut count, mut mod_revision) = entry.map_or((0, 0), |entry| (parse(&entry.value), entry.mod_revision));
    loop {
        count += 1;
        // The compare would tell if anything acknowledged had been lost.
        let txn = Txn::new().compare(key.clone(), mod_revision).put(key.clone(), count.to_string());
        let txn = txn.put(format!("log {writer} {:03}", count % 200), format!("{count:0100}"));
        match store.txn(txn).await.expect("writable") {
            Outcome::Committed(revision) => mod_revision = revision,
            Outcome::Conflict { mod_revision, .. } => panic!("somebody else wrote at {mod_revision}"),
        }
        let line = format!("acknowledged {writer} {count} {mod_revision}\n");
        out.lock().expect("no panic").write_all(line.as_bytes()).expect("somebody listens");
    }
}

fn parse(value: &[u8]) -> u64 {
    String::from_utf8_lossy(value).parse().expect("a number")
}

fn start(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "kill::the_process_that_is_killed", "--nocapture"]).env(FOLDER, folder);
    command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("a process")
}

/// Lets a process write until it has acknowledged `count` transactions, kills it, and answers all
/// that it had acknowledged.
fn write_and_kill(folder: &Path, count: usize) -> Vec<Acknowledged> {
    let mut child = start(folder);
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut acknowledged = Vec::new();
    while acknowledged.len() < count {
        let line = lines.next().expect("the process writes until it is killed").expect("readable");
        acknowledged.extend(acknowledgement(&line));
    }
    child.kill().expect("it runs");
    child.wait().expect("it is dead");
    acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| acknowledgement(&line)));
    acknowledged
}

fn acknowledgement(line: &str) -> Option<Acknowledged> {
    let mut words = line.strip_prefix("acknowledged ")?.split(' ');
    let writer = words.next()?.parse().ok()?;
    let count = words.next()?.parse().ok()?;
    // A pipe takes a line as short as these whole or not at all.
    Some(Acknowledged { writer, count, revision: words.next()?.parse().ok()? })
}

async fn assert_all_is_there(folder: &Path, acknowledged: &[Acknowledged]) {
    let store = Embedded::open(folder, options()).expect("what a kill leaves can be opened");
    let last: BTreeMap<_, _> = acknowledged.iter().map(|one| (one.writer, *one)).collect();
    for (writer, last) in &last {
        let got = store.get(format!("counter {writer}").as_bytes()).await.expect("readable");
        let entry = got.entry.expect("it was acknowledged");
        let ahead = parse(&entry.value) - last.count;
        // One more may have been on its way.
        assert!(ahead <= 1 && entry.mod_revision >= last.revision, "{last:?} became {entry:?}");
    }
    assert_history(&store, acknowledged).await;
    store.close().await;
}

/// The kept history has every acknowledged transaction at its revision, and ends in the state.
async fn assert_history(store: &Embedded, acknowledged: &[Acknowledged]) {
    let listing = store.range(&KeyRange::prefix("counter"), 0).await.expect("readable");
    let oldest = store.stats().oldest_revision;
    let mut watch = store.watch(KeyRange::prefix("counter"), oldest - 1).await.expect("kept");
    let mut seen = BTreeMap::new();
    while watch.progress() < listing.revision {
        let commit = watch.next().await.expect("whole");
        let value = commit.changes[0].value().expect("counters are not deleted");
        seen.insert(commit.revision, (commit.changes[0].key().clone(), parse(value)));
    }
    for one in acknowledged.iter().filter(|one| one.revision >= oldest) {
        assert_eq!(seen.get(&one.revision), Some(&(format!("counter {}", one.writer).into(), one.count)));
    }
    for entry in listing.entries.iter().filter(|entry| entry.mod_revision >= oldest) {
        assert_eq!(seen.get(&entry.mod_revision), Some(&(entry.key.clone(), parse(&entry.value))));
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_acknowledged() {
    let dir = crate::history::folder();
    let mut chance = ChaCha8Rng::seed_from_u64(7);
    let mut all = 0;
    let mut cut = 0;
    for round in 1..=50 {
        let acknowledged = write_and_kill(dir.path(), chance.random_range(1..120));
        all += acknowledged.len();
        // It may have been killed before it began the first one.
        let backup = std::fs::File::open(dir.path().join(BACKUP));
        match backup.map(verify) {
            // A transaction of each writer may not have been acknowledged, each time.
            Ok(Ok(whole)) => assert!(whole.revision as usize <= all + round * WRITERS),
            Ok(Err(Error::BadBackup { .. })) => cut += 1,
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => {}
        }
        assert_all_is_there(dir.path(), &acknowledged).await;
    }
    let store = Embedded::open(dir.path(), options()).expect("it was closed");
    assert!(store.stats().revision as usize >= all);
    assert!(store.stats().snapshot_revision > 0, "some were killed while they compacted");
    assert!(cut > 0, "some were killed in the middle of a backup");
}

#[tokio::test]
async fn a_second_process_is_told_that_the_folder_is_in_use() {
    let dir = crate::history::folder();
    let mut child = start(dir.path());
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    while acknowledgement(&lines.next().expect("it writes").expect("readable")).is_none() {}
    let error = Embedded::open(dir.path(), options()).err().expect("the other process has it");
    assert!(matches!(error, slipway_store::Error::InUse { .. }), "{error}");
    child.kill().expect("it runs");
    child.wait().expect("it is dead");
    Embedded::open(dir.path(), options()).expect("the lock died with its holder");
}
