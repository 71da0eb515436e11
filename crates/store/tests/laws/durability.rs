//! Law 8, as far as reopening goes; kills, power cuts and full disks have tests of their own.

use slipway_store::{KeyRange, Txn};

use crate::subject::{Subject, next, text};

pub async fn what_was_acknowledged_is_there_after_reopening(mut subject: Subject) {
    for round in 0..4u64 {
        for number in 0..20 {
            subject.put(&format!("key {number}"), &format!("{round} {number:0100}")).await;
        }
        subject = subject.reopen().await;
        assert_eq!(subject.revision().await, (round + 1) * 20);
        for number in 0..20 {
            assert_eq!(subject.value(&format!("key {number}")).await, Some(format!("{round} {number:0100}")));
        }
    }
}

pub async fn history_is_there_after_reopening(subject: Subject) {
    for number in 1..=50 {
        subject.put("key", &format!("{number:0200}")).await;
    }
    let subject = subject.reopen().await;
    subject.delete("key").await;
    let mut watch = subject.store.watch(KeyRange::all(), 0).await.expect("kept");
    for revision in 1..=50 {
        let commit = next(&mut watch).await;
        assert_eq!((commit.revision, text(&commit.changes[0])), (revision, format!("key={revision:0200}")));
    }
    assert_eq!(text(&next(&mut watch).await.changes[0]), "-key");
}

pub async fn what_was_deleted_stays_deleted_after_reopening(subject: Subject) {
    subject.commit(Txn::new().put("a", "1").put("b", "1")).await;
    let subject = subject.reopen().await;
    subject.delete("a").await;
    let subject = subject.reopen().await;
    assert_eq!((subject.value("a").await, subject.value("b").await.as_deref()), (None, Some("1")));
    assert_eq!(subject.revision().await, 2);
}

pub async fn compacted_entries_are_there_after_reopening(subject: Subject) {
    subject.put("kept", "1").await;
    subject.forget().await;
    let revision = subject.put("after", "2").await;
    let subject = subject.reopen().await;
    assert_eq!(subject.revision().await, revision);
    assert_eq!(subject.value("kept").await.as_deref(), Some("1"));
    assert_eq!(subject.value("after").await.as_deref(), Some("2"));
    let entry = subject.store.get(b"kept").await.expect("readable").entry.expect("it was put");
    assert_eq!(entry.mod_revision, 1);
}
