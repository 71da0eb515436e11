//! Random operations: the embedded engine answers whatever the memory engine answers, also across
//! reopening, kills, compaction and lost states.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use slipway_store::embedded::Embedded;
use slipway_store::memory::Memory;
use slipway_store::{KeyRange, Revision, Store, Txn};

use crate::history::{Bed, tiny};

#[derive(Clone, Debug)]
enum Step {
    Txn { compares: Vec<(u8, Against)>, puts: Vec<(u8, u16)>, deletes: Vec<u8> },
    Get(u8),
    Range { from: u8, to: u8, limit: usize },
    Watch { back: Revision, from: u8, to: u8 },
    Reopen,
    Kill,
    LoseState,
    Compact,
}

#[derive(Clone, Copy, Debug)]
enum Against {
    Absent,
    Current,
    Stale,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..12u8;
    let against = prop_oneof![1 => Just(Against::Absent), 4 => Just(Against::Current), 1 => Just(Against::Stale)];
    let txn = (vec((key(), against), 0..3), vec((key(), 0..300u16), 0..4), vec(key(), 0..2));
    prop_oneof![
        20 => txn.prop_map(|(compares, puts, deletes)| Step::Txn { compares, puts, deletes }),
        4 => key().prop_map(Step::Get),
        4 => (key(), key(), 0..4usize).prop_map(|(from, to, limit)| Step::Range { from, to, limit }),
        4 => (0..15u64, key(), key()).prop_map(|(back, from, to)| Step::Watch { back, from, to }),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        1 => Just(Step::LoseState),
        1 => Just(Step::Compact),
    ]
}

fn key(number: u8) -> String {
    format!("{number:02}")
}

/// Both engines, side by side.
struct Pair {
    memory: Memory,
    bed: Bed,
    embedded: Option<Embedded>,
}

impl Pair {
    fn new() -> Self {
        let bed = Bed::new();
        let embedded = Some(bed.open(tiny()).expect("an empty disk opens"));
        Self { memory: Memory::new(), bed, embedded }
    }

    fn embedded(&self) -> &Embedded {
        self.embedded.as_ref().expect("it is taken out only while it is reopened")
    }

    async fn run(&mut self, step: Step) {
        match step {
            Step::Txn { compares, puts, deletes } => self.txn(compares, puts, deletes).await,
            Step::Get(number) => {
                let key = key(number);
                assert_eq!(self.embedded().get(key.as_bytes()).await, self.memory.get(key.as_bytes()).await);
            }
            Step::Range { from, to, limit } => {
                let range = KeyRange::new(key(from), key(to));
                assert_eq!(self.embedded().range(&range, limit).await, self.memory.range(&range, limit).await);
            }
            Step::Watch { back, from, to } => self.watch(back, KeyRange::new(key(from), key(to))).await,
            Step::Reopen => {
                self.embedded().close().await;
                self.open();
            }
            Step::Kill => {
                // What a killed process leaves: all that was written, and sled's files as they are.
                let disk = self.bed.disk.after_kill();
                let killed = Bed::on(disk);
                let state = self.bed.states.path().join("state");
                crate::history::copy_folder(&state, &killed.states.path().join("state"));
                self.embedded = None;
                self.bed = killed;
                self.open();
            }
            Step::LoseState => {
                self.embedded = None;
                std::fs::remove_dir_all(self.bed.states.path().join("state")).expect("writable");
                self.open();
            }
            Step::Compact => self.embedded().compact().expect("the disk has room"),
        }
    }

    fn open(&mut self) {
        self.embedded = None;
        self.embedded = Some(self.bed.open(tiny()).expect("it was closed"));
    }

    async fn txn(&self, compares: Vec<(u8, Against)>, puts: Vec<(u8, u16)>, deletes: Vec<u8>) {
        let mut txn = Txn::new();
        for (number, against) in compares {
            let entry = self.memory.get(key(number).as_bytes()).await.expect("readable").entry;
            let current = entry.map_or(0, |entry| entry.mod_revision);
            txn = txn.compare(
                key(number),
                match against {
                    Against::Absent => 0,
                    Against::Current => current,
                    Against::Stale => current + 1,
                },
            );
        }
        txn = puts.into_iter().fold(txn, |txn, (number, size)| txn.put(key(number), vec![number; usize::from(size)]));
        txn = deletes.into_iter().fold(txn, |txn, number| txn.delete(key(number)));
        assert_eq!(self.embedded().txn(txn.clone()).await, self.memory.txn(txn).await);
    }

    /// The same changes come from both, as far as the embedded engine promised to keep them.
    async fn watch(&self, back: Revision, range: KeyRange) {
        let revision = self.embedded().stats().revision;
        let after = revision.saturating_sub(back.min(tiny().history));
        let mut ours = self.embedded().watch(range.clone(), after).await.expect("promised");
        let mut theirs = self.memory.watch(range, after).await.expect("all is kept");
        loop {
            // The memory engine has its answer at once or not at all.
            let expected = tokio::select! {
                biased;
                commit = theirs.next() => commit.expect("whole"),
                () = std::future::ready(()) => break,
            };
            assert_eq!(ours.next().await.expect("whole"), expected);
        }
    }

    async fn assert_same(&self) {
        let all = KeyRange::all();
        assert_eq!(self.embedded().range(&all, 0).await, self.memory.range(&all, 0).await);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn random_operations_end_as_in_memory(steps in vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut pair = Pair::new();
            for step in steps {
                pair.run(step).await;
            }
            pair.assert_same().await;
            pair.open();
            pair.assert_same().await;
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writers_leave_a_history_that_replays_to_the_state() {
    let bed = Bed::new();
    let store = Arc::new(bed.open(crate::history::sealed()).expect("an empty disk opens"));
    let writers: Vec<_> = (0..8u64)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..60 {
                    let key = format!("{:02}", (number * 7 + writer) % 13);
                    let txn = if number % 5 == 4 {
                        Txn::new().delete(key)
                    } else {
                        Txn::new().put(key, format!("{writer} {number}"))
                    };
                    store.txn(txn).await.expect("writable");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    let replica = Memory::new();
    let listing = store.range(&KeyRange::all(), 0).await.expect("readable");
    let mut watch = store.watch(KeyRange::all(), 0).await.expect("kept");
    while watch.progress() < listing.revision {
        let commit = watch.next().await.expect("whole");
        let txn = commit.changes.iter().fold(Txn::new(), |txn, change| match change.value() {
            Some(value) => txn.put(change.key().clone(), value.clone()),
            None => txn.delete(change.key().clone()),
        });
        replica.txn(txn).await.expect("writable");
    }
    assert_eq!(replica.range(&KeyRange::all(), 0).await, Ok(listing));
}
