//! Laws 2, 3 and 4: revisions, all or nothing, and compares.

use bytes::Bytes;
use slipway_store::{KeyRange, Outcome, Store, Txn};

use crate::subject::Subject;

pub async fn each_commit_raises_the_revision_by_one(subject: Subject) {
    for expected in 1..=20 {
        assert_eq!(subject.put("key", "the same value").await, expected);
    }
    assert_eq!(subject.delete("key").await, 21);
}

pub async fn a_failed_compare_raises_and_writes_nothing(subject: Subject) {
    let revision = subject.put("a", "1").await;
    let txn = Txn::new().compare("a", revision + 1).put("a", "2").put("b", "2").delete("a");
    let outcome = subject.store.txn(txn).await.expect("a conflict is no error");
    assert_eq!(outcome, Outcome::Conflict { key: "a".into(), mod_revision: revision });
    assert_eq!((subject.value("a").await.as_deref(), subject.value("b").await), (Some("1"), None));
    assert_eq!(subject.put("c", "3").await, revision + 1);
}

pub async fn a_transaction_that_changes_nothing_raises_nothing(subject: Subject) {
    let revision = subject.put("a", "1").await;
    assert_eq!(subject.commit(Txn::new()).await, revision);
    assert_eq!(subject.commit(Txn::new().compare("a", revision)).await, revision);
    assert_eq!(subject.commit(Txn::new().delete("absent")).await, revision);
    assert_eq!(subject.put("a", "2").await, revision + 1);
}

pub async fn all_that_a_transaction_writes_carries_one_revision(subject: Subject) {
    subject.put("old", "1").await;
    let revision = subject.commit(Txn::new().put("a", "1").put("b", "2").delete("old").delete("absent")).await;
    let listing = subject.store.range(&KeyRange::all(), 0).await.expect("readable");
    let written: Vec<_> = listing.entries.iter().map(|entry| (&entry.key[..], entry.mod_revision)).collect();
    assert_eq!(written, [(&b"a"[..], revision), (&b"b"[..], revision)]);
    assert_eq!((listing.revision, revision), (2, 2));
}

pub async fn readers_see_all_of_a_transaction_or_nothing(subject: Subject) {
    let reader = subject.store.clone();
    let reading = tokio::spawn(async move {
        let mut seen = 0;
        while seen < 200 {
            let listing = reader.range(&KeyRange::prefix("part"), 0).await.expect("readable");
            let revisions: Vec<_> = listing.entries.iter().map(|entry| entry.mod_revision).collect();
            assert!(
                revisions.iter().all(|revision| *revision == listing.revision),
                "{revisions:?} at {}",
                listing.revision
            );
            assert!(revisions.is_empty() || revisions.len() == 3, "{revisions:?}");
            seen = listing.revision;
            tokio::task::yield_now().await;
        }
    });
    for number in 0..200u32 {
        let parts = (0..3).map(|part| Bytes::from(format!("part {part}")));
        let absent = number % 5 == 4;
        let txn = parts.fold(Txn::new(), |txn, key| {
            if absent { txn.delete(key) } else { txn.put(key, Bytes::copy_from_slice(&number.to_le_bytes())) }
        });
        subject.commit(txn).await;
        tokio::task::yield_now().await;
    }
    reading.await.expect("the reader saw no contradiction");
}

pub async fn a_compare_with_0_holds_only_for_an_absent_key(subject: Subject) {
    let create = || Txn::new().compare("a", 0).put("a", "1");
    assert_eq!(subject.store.txn(create()).await, Ok(Outcome::Committed(1)));
    let conflict = Outcome::Conflict { key: "a".into(), mod_revision: 1 };
    assert_eq!(subject.store.txn(create()).await, Ok(conflict));
}

pub async fn a_compare_is_on_the_last_modification(subject: Subject) {
    let first = subject.put("a", "1").await;
    let second = subject.put("a", "1").await;
    let stale = subject.store.txn(Txn::new().compare("a", first).put("a", "2")).await;
    assert_eq!(stale, Ok(Outcome::Conflict { key: "a".into(), mod_revision: second }));
    subject.put("b", "another key does not matter").await;
    assert_eq!(subject.commit(Txn::new().compare("a", second).put("a", "2")).await, second + 2);
}

pub async fn a_compare_holds_again_after_a_delete(subject: Subject) {
    let revision = subject.put("a", "1").await;
    subject.delete("a").await;
    let gone = subject.store.txn(Txn::new().compare("a", revision).put("a", "2")).await;
    assert_eq!(gone, Ok(Outcome::Conflict { key: "a".into(), mod_revision: 0 }));
    subject.commit(Txn::new().compare("a", 0).put("a", "2")).await;
}

pub async fn a_conflict_names_the_first_key_that_failed(subject: Subject) {
    let revision = subject.put("b", "1").await;
    let txn = Txn::new().compare("b", revision).compare("c", 9).compare("a", 9).put("d", "1");
    let outcome = subject.store.txn(txn).await.expect("a conflict is no error");
    assert_eq!(outcome, Outcome::Conflict { key: "c".into(), mod_revision: 0 });
}

pub async fn of_two_writes_of_a_key_the_last_counts(subject: Subject) {
    subject.commit(Txn::new().put("a", "1").put("a", "2").put("b", "1").delete("b")).await;
    assert_eq!((subject.value("a").await.as_deref(), subject.value("b").await), (Some("2"), None));
}

pub async fn of_many_who_create_one_key_exactly_one_wins(subject: Subject) {
    let attempts = (0..50).map(|number| {
        let store = subject.store.clone();
        tokio::spawn(async move {
            let txn = Txn::new().compare("the one", 0).put("the one", number.to_string());
            (number, store.txn(txn).await.expect("writable"))
        })
    });
    let mut winners = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        match attempt.await.expect("no panic") {
            (number, Outcome::Committed(_)) => winners.push(number.to_string()),
            (_, Outcome::Conflict { key, mod_revision }) => assert_eq!((&key[..], mod_revision), (&b"the one"[..], 1)),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(subject.value("the one").await, winners.pop());
}

pub async fn concurrent_increments_are_all_counted(subject: Subject) {
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = subject.store.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    increment(&*store).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(subject.value("counter").await.as_deref(), Some("160"));
    assert_eq!(subject.revision().await, 160);
}

async fn increment(store: &dyn Store) {
    loop {
        let entry = store.get(b"counter").await.expect("readable").entry;
        let (value, mod_revision) = entry.map_or((0, 0), |entry| {
            (String::from_utf8_lossy(&entry.value).parse::<u32>().expect("a number"), entry.mod_revision)
        });
        let txn = Txn::new().compare("counter", mod_revision).put("counter", (value + 1).to_string());
        if let Outcome::Committed(_) = store.txn(txn).await.expect("writable") {
            return;
        }
    }
}
