//! sled failing while the store is open: its file may not grow, and the journal's may.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use slipway_store::embedded::{Embedded, Options};
use slipway_store::{KeyRange, Outcome, Revision, Store, Txn};

/// Names the data folder of the process whose files are bounded; without it, that process does nothing.
const FOLDER: &str = "SLIPWAY_STORE_BOUNDED_FOLDER";

/// The most bytes that a file of the bounded process may have: enough for a segment and not for the state.
const BOUND: &str = "1500000";

/// So many transactions make a state that is larger than the bound.
const LAST: Revision = 8000;

fn options() -> Options {
    Options { segment_bytes: 200_000, compact_bytes: u64::MAX, cache_bytes: 1 << 20, ..Options::default() }
}

fn nth(revision: Revision) -> Txn {
    Txn::new().put(format!("key {revision:06}"), vec![u8::try_from(revision % 251).expect("small"); 300])
}

async fn assert_all_is_there(store: &Embedded) {
    let listing = store.range(&KeyRange::all(), 0).await.expect("readable");
    assert_eq!((listing.revision, listing.entries.len() as u64), (LAST, LAST));
    for (entry, revision) in listing.entries.iter().zip(1..) {
        assert_eq!(entry.mod_revision, revision);
        assert!(entry.value.iter().all(|byte| u64::from(*byte) == revision % 251));
    }
    for revision in (1..=LAST).step_by(97) {
        let got = store.get(format!("key {revision:06}").as_bytes()).await.expect("readable");
        assert_eq!(got.entry.map(|entry| entry.mod_revision), Some(revision));
    }
}

/// The process whose files are bounded, until it frees itself.
#[tokio::test]
async fn the_process_with_bounded_files() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = Embedded::open(Path::new(&folder), options()).expect("an empty folder opens");
    for revision in 1..=LAST {
        assert_eq!(store.txn(nth(revision)).await, Ok(Outcome::Committed(revision)));
    }
    // sled has failed by now, and nobody notices.
    assert_all_is_there(&store).await;
    assert!(store.stats().state_in_memory, "sled has not failed");
    let pid = std::process::id().to_string();
    let freed = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().expect("prlimit");
    assert!(freed.success());
    // The state is tried again from time to time.
    while store.stats().state_in_memory {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_all_is_there(&store).await;
}

#[tokio::test]
async fn a_state_that_fails_is_not_noticed_and_is_made_again_when_it_can_be() {
    let dir = crate::history::folder();
    let mut command = Command::new("prlimit");
    // A process is killed for a file too large, unless it ignores the signal: then the write fails.
    command.arg(format!("--fsize={BOUND}:unlimited")).args(["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command.arg(std::env::current_exe().expect("this test"));
    command.args(["--exact", "broken::the_process_with_bounded_files", "--nocapture"]).env(FOLDER, dir.path());
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("a process");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let store = Embedded::open(dir.path(), options()).expect("it was closed");
    assert_all_is_there(&store).await;
}
