//! Simulated power cuts at random moments: of what was not synced, a random part is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slipway_store::disk::Disk;
use slipway_store::embedded::Embedded;
use slipway_store::{Outcome, Store};

use crate::history::{Bed, assert_prefix, copy_folder, nth, tiny, write};

/// Writes in groups of random size until the store closes, noting the last revision that was acknowledged.
async fn write_groups(store: Arc<Embedded>, acknowledged: Arc<AtomicU64>, seed: u64) {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut last = acknowledged.load(Ordering::SeqCst);
    loop {
        let group = last + 1..=last + chance.random_range(1..12);
        // All are first polled, and so queued, in this order.
        let outcomes = join_all(group.map(|revision| store.txn(nth(revision)))).await;
        for outcome in outcomes {
            let Ok(Outcome::Committed(revision)) = outcome else { return };
            last = revision;
            acknowledged.fetch_max(revision, Ordering::SeqCst);
        }
    }
}

/// What the power cut made of the state's folder, which is on another disk.
fn ruin(from: &Bed, to: &Bed, seed: u64) {
    let (live, state) = (from.states.path().join("state"), to.states.path().join("state"));
    match seed % 4 {
        0 => {}
        1 => copy_folder(&live, &state),
        2 => {
            copy_folder(&live, &state);
            rubbish(&state, seed);
        }
        _ => std::fs::create_dir_all(state.join("1")).expect("writable"),
    }
}

/// Overwrites the middle of every file below `dir`.
pub fn rubbish(dir: &std::path::Path, seed: u64) {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    for entry in std::fs::read_dir(dir).expect("readable").flatten() {
        if entry.path().is_dir() {
            rubbish(&entry.path(), seed);
        } else {
            let mut bytes = std::fs::read(entry.path()).expect("readable");
            let at = chance.random_range(0..=bytes.len() / 2);
            chance.fill(&mut bytes[at..]);
            std::fs::write(entry.path(), bytes).expect("writable");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_moment_loses_nothing_acknowledged() {
    let mut bed = Bed::new();
    for seed in 0..40 {
        let store = Arc::new(bed.open(tiny()).expect("what a power cut leaves can be opened"));
        let acknowledged = Arc::new(AtomicU64::new(assert_prefix(&*store).await));
        let writing = tokio::spawn(write_groups(Arc::clone(&store), Arc::clone(&acknowledged), seed));
        tokio::time::sleep(Duration::from_micros(seed * seed * 20)).await;
        // In this order: what is acknowledged before the cut must be there after it.
        let before = acknowledged.load(Ordering::SeqCst);
        let after = Bed::on(bed.disk.after_power_cut(seed));
        ruin(&bed, &after, seed);
        store.close().await;
        writing.await.expect("no panic");
        let recovered = after.open(tiny()).expect("what a power cut leaves can be opened");
        let revision = assert_prefix(&recovered).await;
        assert!(revision >= before, "seed {seed}: {revision} is left of {before}");
        drop(recovered);
        bed = after;
    }
    assert!(assert_prefix(&bed.open(tiny()).expect("it was closed")).await > 100, "something was written");
}

#[tokio::test]
async fn a_power_cut_after_a_clean_stop_leaves_the_state_believable() {
    let bed = Bed::new();
    let store = bed.open(tiny()).expect("an empty disk opens");
    write(&store, 50).await;
    store.close().await;
    let after = Bed { disk: bed.disk.after_power_cut(1), states: bed.states };
    let folder = after.states.path().join("state");
    let store = after.open(tiny()).expect("it was closed");
    assert_eq!(assert_prefix(&store).await, 50);
    assert!(folder.join("1").exists() && !folder.join("2").exists(), "it was made again");
}

#[tokio::test]
async fn after_a_power_cut_a_state_is_not_believed_even_if_it_looks_whole() {
    let bed = Bed::new();
    let store = bed.open(tiny()).expect("an empty disk opens");
    write(&store, 30).await;
    let after = bed.disk.after_power_cut(1);
    drop(store);
    lose_an_entry(&bed);
    let after = Bed { disk: after, states: bed.states };
    assert_eq!(assert_prefix(&after.open(tiny()).expect("the journal is whole")).await, 30);
}

#[tokio::test]
async fn what_was_found_after_a_kill_survives_a_power_cut() {
    for seed in 0..20 {
        let bed = Bed::new();
        let store = bed.open(tiny()).expect("an empty disk opens");
        write(&store, 5).await;
        // Written, not synced, and then the process is killed.
        bed.disk.fail_syncs(0, 1);
        store.txn(nth(6)).await.expect_err("the sync failed");
        let killed = Bed::on(bed.disk.after_kill());
        let store = killed.open(tiny()).expect("what a kill leaves can be opened");
        assert_eq!(assert_prefix(&store).await, 6);
        let after = Bed::on(killed.disk.after_power_cut(seed));
        assert_eq!(assert_prefix(&after.open(tiny()).expect("it can be opened")).await, 6, "seed {seed}");
    }
}

#[tokio::test]
async fn a_power_cut_while_opening_does_no_harm() {
    let bed = Bed::new();
    let store = bed.open(tiny()).expect("an empty disk opens");
    write(&store, 30).await;
    drop(store);
    let mut disk = bed.disk;
    for seed in 0..20 {
        let bed = Bed::on(disk.after_power_cut(seed));
        let store = bed.open(tiny()).expect("what a power cut leaves can be opened");
        // Cut again at once, before anything was written.
        disk = bed.disk.after_power_cut(seed + 100);
        assert_eq!(assert_prefix(&store).await, 30);
    }
}

/// As if a page had been lost: an entry is gone from the state that `bed` was using, and the mark of the last revision is
/// there.
fn lose_an_entry(bed: &Bed) {
    let path = bed.states.path().join("state").join("1");
    let until = Instant::now() + Duration::from_secs(20);
    let db = loop {
        match sled::open(&path) {
            Ok(db) => break db,
            // A process that another test starts has this one's locks for the instant before it becomes another program.
            Err(error) => assert!(Instant::now() < until, "it was closed: {error}"),
        }
    };
    db.remove("key 1").expect("writable");
}

#[tokio::test]
async fn a_state_that_was_closed_and_opened_again_is_not_believed_after_a_power_cut() {
    for seed in 0..8 {
        let bed = Bed::new();
        let store = bed.open(crate::history::roomy()).expect("an empty disk opens");
        write(&store, 10).await;
        store.close().await;
        // The system may write names whenever it likes.
        bed.disk.sync().expect("it is simulated");
        let store = bed.open(crate::history::roomy()).expect("it was closed");
        write(&store, 30).await;
        let after = bed.disk.after_power_cut(seed);
        drop(store);
        lose_an_entry(&bed);
        let after = Bed { disk: after, states: bed.states };
        let store = after.open(crate::history::roomy()).expect("the journal is whole");
        assert_eq!(assert_prefix(&store).await, 30, "seed {seed}");
    }
}

#[tokio::test]
async fn where_the_boot_is_not_known_only_a_clean_stop_is_believed() {
    let bed = Bed::new();
    bed.disk.hide_boot();
    let store = bed.open(tiny()).expect("an empty disk opens");
    write(&store, 30).await;
    let after = bed.disk.after_kill();
    drop(store);
    lose_an_entry(&bed);
    let after = Bed { disk: after, states: bed.states };
    assert_eq!(assert_prefix(&after.open(tiny()).expect("the journal is whole")).await, 30);
}
