//! Laws 6 and 7: every change once, in order, whole, from any revision that is kept.

use std::time::Duration;

use slipway_store::{Error, KeyRange, Txn, Watch};

use crate::subject::{Subject, next, take, text};

async fn watch(subject: &Subject, range: KeyRange, after: u64) -> Watch {
    subject.store.watch(range, after).await.expect("kept")
}

/// Polls once for the next commit, and drops the wait.
async fn is_quiet(watch: &mut Watch) -> bool {
    tokio::time::timeout(Duration::from_millis(20), watch.next()).await.is_err()
}

pub async fn a_watch_gives_every_change_once_and_in_order(subject: Subject) {
    let mut watch = watch(&subject, KeyRange::all(), 0).await;
    for number in 1..=300 {
        subject.put(&format!("k{}", number % 3), &number.to_string()).await;
    }
    for number in 1..=300 {
        let commit = next(&mut watch).await;
        let changes: Vec<_> = commit.changes.iter().map(text).collect();
        assert_eq!((commit.revision, changes), (number, vec![format!("k{}={number}", number % 3)]));
    }
    assert!(is_quiet(&mut watch).await);
}

pub async fn what_a_watch_has_read_already_is_given_without_waiting(subject: Subject) {
    for number in 1..=300 {
        subject.put(if number % 2 == 0 { "even" } else { "odd" }, &number.to_string()).await;
    }
    let mut watch = watch(&subject, KeyRange::prefix("even"), 0).await;
    assert_eq!(watch.ready(), None, "nothing was read yet");
    let mut revisions = Vec::new();
    while revisions.last() != Some(&300) {
        revisions.push(next(&mut watch).await.revision);
        revisions.extend(std::iter::from_fn(|| watch.ready()).map(|commit| commit.revision));
        assert_eq!(Some(&watch.progress()), revisions.last());
    }
    assert_eq!(revisions, (2..=300).step_by(2).collect::<Vec<_>>());
    assert_eq!(watch.ready(), None);
}

pub async fn a_watch_gives_a_transaction_whole(subject: Subject) {
    let mut watch = watch(&subject, KeyRange::all(), 0).await;
    subject.put("gone", "1").await;
    subject.commit(Txn::new().put("b", "2").delete("gone").put("a", "1").delete("absent")).await;
    let commits = take(&mut watch, 2).await;
    assert_eq!(commits[1], (2, vec!["a=1".to_owned(), "b=2".to_owned(), "-gone".to_owned()]));
}

pub async fn a_watch_gives_only_what_is_in_its_range(subject: Subject) {
    let mut watch = watch(&subject, KeyRange::new("b", "c"), 0).await;
    subject.put("a", "1").await;
    subject.commit(Txn::new().put("a", "2").put("b", "2").put("c", "2")).await;
    subject.put("c", "3").await;
    subject.put("bz", "4").await;
    let commits = take(&mut watch, 2).await;
    assert_eq!(commits, [(2, vec!["b=2".to_owned()]), (4, vec!["bz=4".to_owned()])]);
}

pub async fn a_watch_replays_from_a_past_revision(subject: Subject) {
    for number in 1..=5 {
        subject.put("key", &number.to_string()).await;
    }
    let mut watch = watch(&subject, KeyRange::all(), 3).await;
    subject.delete("key").await;
    let expected = [(4, "key=4"), (5, "key=5"), (6, "-key")].map(|(revision, text)| (revision, vec![text.to_owned()]));
    assert_eq!(take(&mut watch, 3).await, expected);
}

pub async fn a_watch_replays_every_revision_that_is_kept(subject: Subject) {
    for number in 1..=60 {
        subject.put("key", &format!("{number:0150}")).await;
    }
    for after in 0..=60 {
        let mut watch = watch(&subject, KeyRange::all(), after).await;
        for revision in after + 1..=60 {
            let commit = next(&mut watch).await;
            assert_eq!(commit.revision, revision, "watching after {after}");
            assert_eq!(text(&commit.changes[0]), format!("key={revision:0150}"));
        }
        assert_eq!(watch.progress(), 60);
    }
}

pub async fn a_watch_from_a_compacted_revision_says_the_oldest(subject: Subject) {
    subject.forget().await;
    let refused = subject.store.watch(KeyRange::all(), 0).await;
    let Err(Error::Compacted { oldest }) = refused else { panic!("{refused:?}") };
    assert!(oldest > 1);
    let refused = subject.store.watch(KeyRange::all(), oldest - 2).await;
    assert_eq!(refused.err(), Some(Error::Compacted { oldest }));
    let mut watch = watch(&subject, KeyRange::all(), oldest - 1).await;
    assert_eq!(next(&mut watch).await.revision, oldest);
}

pub async fn a_watch_that_fell_behind_says_compacted(subject: Subject) {
    let mut watch = watch(&subject, KeyRange::all(), 0).await;
    subject.forget().await;
    // What it had at hand it may still give, in order; then it must say that the rest is gone.
    let mut expected = 1;
    let error = loop {
        match watch.next().await {
            Ok(commit) => assert_eq!(commit.revision, expected),
            Err(error) => break error,
        }
        expected += 1;
    };
    let Error::Compacted { oldest } = error else { panic!("{error:?}") };
    assert!(oldest > expected);
}

pub async fn a_watch_after_a_revision_to_come_is_refused(subject: Subject) {
    subject.put("a", "1").await;
    let refused = subject.store.watch(KeyRange::all(), 2).await;
    assert_eq!(refused.err(), Some(Error::Ahead { asked: 2, current: 1 }));
    watch(&subject, KeyRange::all(), 1).await;
}

pub async fn a_listing_and_a_watch_after_it_miss_nothing(subject: Subject) {
    let writer = subject.store.clone();
    let writing = tokio::spawn(async move {
        for number in 0..300 {
            let key = format!("key {}", number % 11);
            let txn = if number % 4 == 3 { Txn::new().delete(key) } else { Txn::new().put(key, number.to_string()) };
            writer.txn(txn).await.expect("writable");
            tokio::task::yield_now().await;
        }
    });
    // Begins in the middle of the writes, and must end with what is there in the end.
    let listing = subject.store.range(&KeyRange::all(), 0).await.expect("readable");
    let mut watch = watch(&subject, KeyRange::all(), listing.revision).await;
    let mut entries: std::collections::BTreeMap<_, _> =
        listing.entries.into_iter().map(|entry| (entry.key, (entry.value, entry.mod_revision))).collect();
    writing.await.expect("no panic");
    let last = subject.put("the end", "").await;
    while watch.progress() < last {
        let commit = next(&mut watch).await;
        for change in commit.changes {
            match change.value() {
                Some(value) => entries.insert(change.key().clone(), (value.clone(), commit.revision)),
                None => entries.remove(change.key()),
            };
        }
    }
    let listing = subject.store.range(&KeyRange::all(), 0).await.expect("readable");
    let found: Vec<_> =
        listing.entries.into_iter().map(|entry| (entry.key, (entry.value, entry.mod_revision))).collect();
    assert_eq!(entries.into_iter().collect::<Vec<_>>(), found);
}

pub async fn a_watch_waits_for_what_comes(subject: Subject) {
    let mut watch = watch(&subject, KeyRange::all(), 0).await;
    let waiting = tokio::spawn(async move { next(&mut watch).await });
    tokio::task::yield_now().await;
    subject.put("a", "1").await;
    assert_eq!(waiting.await.expect("no panic").revision, 1);
}

pub async fn a_dropped_wait_loses_nothing(subject: Subject) {
    let mut watch = watch(&subject, KeyRange::all(), 0).await;
    let mut seen = Vec::new();
    for number in 1..=100u64 {
        subject.put("key", &format!("{number:0200}")).await;
        // A wait that is given up after a random number of polls.
        tokio::select! {
            biased;
            commit = watch.next() => seen.push(commit.expect("the watch is whole").revision),
            () = yields(number % 4) => {}
        }
    }
    while seen.len() < 100 {
        seen.push(next(&mut watch).await.revision);
    }
    assert_eq!(seen, (1..=100).collect::<Vec<_>>());
}

pub async fn short_waits_get_on_as_well_as_long_ones(subject: Subject) {
    for number in 1..=100 {
        subject.put("key", &format!("{number:05000}")).await;
    }
    let mut watch = watch(&subject, KeyRange::all(), 0).await;
    let mut seen = Vec::new();
    let waits = async {
        while seen.len() < 100 {
            // Polled once, and given up.
            tokio::select! {
                biased;
                commit = watch.next() => seen.push(commit.expect("the watch is whole").revision),
                () = std::future::ready(()) => {}
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waits).await.expect("the watch gets to the end");
    assert_eq!(seen, (1..=100).collect::<Vec<_>>());
}

async fn yields(count: u64) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

pub async fn a_slow_watch_misses_nothing_and_stops_nobody(subject: Subject) {
    let mut slow = watch(&subject, KeyRange::all(), 0).await;
    let mut fast = watch(&subject, KeyRange::all(), 0).await;
    for number in 1..=3000u64 {
        subject.put(&format!("key {}", number % 10), &format!("{number:050}")).await;
        assert_eq!(next(&mut fast).await.revision, number);
    }
    for number in 1..=3000 {
        assert_eq!(next(&mut slow).await.revision, number);
    }
    assert!(is_quiet(&mut slow).await && is_quiet(&mut fast).await);
}

pub async fn what_a_watch_gave_can_be_read(subject: Subject) {
    let mut watch = watch(&subject, KeyRange::all(), 0).await;
    let writer = subject.store.clone();
    let writing = tokio::spawn(async move {
        for number in 0..100 {
            writer.txn(Txn::new().put("key", number.to_string())).await.expect("writable");
        }
    });
    for _ in 0..100 {
        let commit = next(&mut watch).await;
        let got = subject.store.get(b"key").await.expect("readable");
        assert!(got.revision >= commit.revision);
    }
    writing.await.expect("no panic");
}

pub async fn progress_passes_over_what_does_not_match(subject: Subject) {
    let mut watch = watch(&subject, KeyRange::prefix("mine/"), 0).await;
    subject.put("mine/1", "1").await;
    for number in 0..30 {
        subject.put("theirs", &format!("{number:0200}")).await;
    }
    assert_eq!(watch.progress(), 0);
    assert_eq!(next(&mut watch).await.revision, 1);
    // Everything that is there is looked at in one wait, though nothing of it is given.
    let waited = async {
        while watch.progress() < 31 {
            let _ = tokio::time::timeout(Duration::from_millis(5), watch.next()).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.expect("the watch gets to the end");
    assert_eq!(subject.put("mine/2", "2").await, 32);
    assert_eq!(next(&mut watch).await.revision, 32);
    assert_eq!(watch.progress(), 32);
}

pub async fn many_watches_see_the_same(subject: Subject) {
    let mut watching = Vec::new();
    for _ in 0..50 {
        let mut watch = watch(&subject, KeyRange::prefix("k"), 0).await;
        watching.push(tokio::spawn(async move { take(&mut watch, 40).await }));
    }
    for number in 0..40 {
        subject.commit(Txn::new().put("k", number.to_string()).put("x", "")).await;
    }
    let expected: Vec<_> = (0..40).map(|number| (number + 1, vec![format!("k={number}")])).collect();
    for watch in watching {
        assert_eq!(watch.await.expect("no panic"), expected);
    }
}

pub async fn a_delete_of_an_absent_key_is_not_seen(subject: Subject) {
    let mut watch = watch(&subject, KeyRange::all(), 0).await;
    subject.delete("absent").await;
    subject.commit(Txn::new().delete("absent").put("a", "1")).await;
    assert_eq!(take(&mut watch, 1).await, [(1, vec!["a=1".to_owned()])]);
}

pub async fn a_dropped_watch_stops_nobody(subject: Subject) {
    let mut kept = watch(&subject, KeyRange::all(), 0).await;
    for number in 0..20 {
        let mut dropped = watch(&subject, KeyRange::all(), 0).await;
        subject.put("a", &number.to_string()).await;
        next(&mut dropped).await;
    }
    assert_eq!(take(&mut kept, 20).await.len(), 20);
}
