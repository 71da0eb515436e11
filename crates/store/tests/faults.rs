//! The store with faults: each misfortune does what it says and nothing else, and a seed repeats it all.

use std::sync::Arc;
use std::time::Duration;

use slipway_store::faults::{Faults, Rates};
use slipway_store::memory::Memory;
use slipway_store::{Error, KeyRange, Outcome, Store, Txn};

fn faults(rates: Rates) -> (Memory, Faults) {
    let memory = Memory::new();
    let faults = Faults::new(Arc::new(memory.clone()), 1, rates);
    (memory, faults)
}

fn put() -> Txn {
    Txn::new().put("key", "value")
}

async fn is_applied(store: &dyn Store) -> bool {
    store.get(b"key").await.expect("the store behind has no faults").entry.is_some()
}

#[tokio::test]
async fn a_refused_transaction_is_definite_and_not_applied() {
    let (memory, faults) = faults(Rates { refuse: 1.0, ..Rates::default() });
    let error = faults.txn(put()).await.expect_err("always refused");
    assert!(error.is_definite());
    assert!(!is_applied(&memory).await);
    assert!(faults.get(b"key").await.is_err_and(|error| error.is_definite()));
    assert!(faults.range(&KeyRange::all(), 0).await.is_err_and(|error| error.is_definite()));
    assert!(faults.watch(KeyRange::all(), 0).await.is_err_and(|error| error.is_definite()));
}

#[tokio::test]
async fn a_lost_request_is_unknown_and_not_applied() {
    let (memory, faults) = faults(Rates { lose_request: 1.0, ..Rates::default() });
    let error = faults.txn(put()).await.expect_err("always lost");
    assert!(!error.is_definite());
    assert!(!is_applied(&memory).await);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_applied() {
    let (memory, faults) = faults(Rates { lose_answer: 1.0, ..Rates::default() });
    let error = faults.txn(put()).await.expect_err("always lost");
    assert!(!error.is_definite());
    assert!(is_applied(&memory).await);
}

#[tokio::test]
async fn a_lost_answer_does_not_hide_that_the_store_refused() {
    let (_, faults) = faults(Rates { lose_answer: 1.0, ..Rates::default() });
    let refused = faults.txn(Txn::new().put("", "value")).await;
    assert!(matches!(refused, Err(Error::BadKey { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_broken_watch_can_be_opened_again_where_it_was() {
    let (memory, faults) = faults(Rates { break_watch: 0.3, ..Rates::default() });
    for number in 0..1000 {
        memory.txn(Txn::new().put("key", number.to_string())).await.expect("no faults");
    }
    let (mut after, mut breaks) = (0, 0);
    while after < 1000 {
        let mut watch = faults.watch(KeyRange::all(), after).await.expect("never refused");
        while after < 1000 {
            match watch.next().await {
                Ok(commit) => assert_eq!(commit.revision, after + 1),
                Err(error) => {
                    assert!(error.is_definite());
                    breaks += 1;
                    break;
                }
            }
            after = watch.progress();
        }
    }
    assert!(breaks > 0, "it never broke");
}

#[tokio::test(start_paused = true)]
async fn a_delay_takes_its_time_and_changes_nothing() {
    let longest_delay = Duration::from_secs(60);
    let (memory, faults) = faults(Rates { delay: 1.0, longest_delay, ..Rates::default() });
    let began = tokio::time::Instant::now();
    assert_eq!(faults.txn(put()).await, Ok(Outcome::Committed(1)));
    assert!(began.elapsed() > Duration::ZERO && began.elapsed() <= 2 * longest_delay);
    assert!(is_applied(&memory).await);
}

#[tokio::test]
async fn healed_faults_never_happen_again() {
    let (_, faults) = faults(Rates { refuse: 1.0, lose_request: 1.0, lose_answer: 1.0, ..Rates::default() });
    assert!(faults.txn(put()).await.is_err());
    faults.set_rates(Rates::default());
    for revision in 1..100 {
        assert_eq!(faults.txn(put()).await, Ok(Outcome::Committed(revision)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_meets_the_same_faults() {
    let rates = Rates {
        refuse: 0.2,
        lose_request: 0.2,
        lose_answer: 0.2,
        break_watch: 0.2,
        delay: 0.5,
        longest_delay: Duration::from_secs(1),
    };
    let run = |seed| async move {
        let faults = Faults::new(Arc::new(Memory::new()), seed, rates);
        let began = tokio::time::Instant::now();
        let mut outcomes = Vec::new();
        for _ in 0..200 {
            outcomes.push((faults.txn(put()).await, began.elapsed()));
        }
        outcomes
    };
    let first = run(7).await;
    assert_eq!(first, run(7).await);
    assert_ne!(first, run(8).await);
}
