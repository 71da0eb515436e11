//! Law 1: a read sees every transaction that was acknowledged before it began.

use slipway_store::KeyRange;

use crate::subject::Subject;

pub async fn a_new_store_is_empty_at_revision_0(subject: Subject) {
    let listing = subject.store.range(&KeyRange::all(), 0).await.expect("readable");
    assert_eq!((listing.revision, listing.entries.len(), listing.more), (0, 0, false));
}

pub async fn a_read_sees_what_was_acknowledged_before_it(subject: Subject) {
    for number in 0..200 {
        let key = format!("key {}", number % 7);
        let revision = subject.put(&key, &number.to_string()).await;
        let got = subject.store.get(key.as_bytes()).await.expect("readable");
        let entry = got.entry.expect("it was just put");
        assert_eq!((got.revision, entry.mod_revision), (revision, revision));
        assert_eq!((&entry.key[..], &entry.value[..]), (key.as_bytes(), number.to_string().as_bytes()));
        if number % 3 == 0 {
            subject.delete(&key).await;
            assert_eq!(subject.value(&key).await, None);
        }
    }
}

pub async fn a_read_of_an_absent_key_still_says_its_revision(subject: Subject) {
    let revision = subject.put("here", "1").await;
    let got = subject.store.get(b"not here").await.expect("readable");
    assert_eq!((got.revision, got.entry), (revision, None));
}

pub async fn a_get_and_a_range_agree(subject: Subject) {
    for number in 0..50 {
        subject.put(&format!("k{:02}", number % 20), &number.to_string()).await;
        if number % 4 == 0 {
            subject.delete(&format!("k{:02}", number % 5)).await;
        }
    }
    let listing = subject.store.range(&KeyRange::all(), 0).await.expect("readable");
    let mut listed = listing.entries.into_iter();
    for number in 0..20 {
        let got = subject.store.get(format!("k{number:02}").as_bytes()).await.expect("readable");
        if let Some(entry) = got.entry {
            assert_eq!(listed.next(), Some(entry));
        }
    }
    assert_eq!(listed.next(), None);
}

pub async fn readers_never_go_back_in_time(subject: Subject) {
    let (store, reader) = (subject.store.clone(), subject.store.clone());
    let reading = tokio::spawn(async move {
        let (mut revision, mut counter) = (0, 0);
        while counter < 300 {
            let got = reader.get(b"counter").await.expect("readable");
            let value: u64 =
                got.entry.map_or(0, |entry| String::from_utf8_lossy(&entry.value).parse().expect("a number"));
            assert!(
                got.revision >= revision && value >= counter,
                "{value} at {} after {counter} at {revision}",
                got.revision
            );
            assert_eq!(value, got.revision, "the counter is the revision");
            (revision, counter) = (got.revision, value);
            tokio::task::yield_now().await;
        }
    });
    for number in 1..=300 {
        subject.put("counter", &number.to_string()).await;
        tokio::task::yield_now().await;
    }
    drop(store);
    reading.await.expect("the reader saw no contradiction");
}
