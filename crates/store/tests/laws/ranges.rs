//! Law 5: `range` is half-open, in the order of bytes, and of one revision.

use bytes::Bytes;
use slipway_store::{KeyRange, Txn};

use crate::subject::Subject;

async fn keys(subject: &Subject, range: KeyRange) -> Vec<Bytes> {
    let listing = subject.store.range(&range, 0).await.expect("readable");
    listing.entries.into_iter().map(|entry| entry.key).collect()
}

async fn with_keys(subject: &Subject, keys: &[&'static [u8]]) {
    for key in keys {
        subject.commit(Txn::new().put(*key, "value")).await;
    }
}

pub async fn a_range_is_half_open_and_in_the_order_of_bytes(subject: Subject) {
    with_keys(&subject, &[b"b", b"\xff", b"a", b"B", b"c", b"b\x00", b"bb", b"\x00"]).await;
    assert_eq!(keys(&subject, KeyRange::new("b", "c")).await, [&b"b"[..], b"b\x00", b"bb"]);
    let all: [&[u8]; 8] = [b"\x00", b"B", b"a", b"b", b"b\x00", b"bb", b"c", b"\xff"];
    assert_eq!(keys(&subject, KeyRange::all()).await, all);
}

pub async fn an_empty_range_has_no_entries(subject: Subject) {
    with_keys(&subject, &[b"a", b"b", b"c"]).await;
    for range in [KeyRange::new("b", "b"), KeyRange::new("c", "a"), KeyRange::new("aa", "b"), KeyRange::new("", "")] {
        assert_eq!(keys(&subject, range.clone()).await, Vec::<Bytes>::new(), "{range:?}");
    }
}

pub async fn a_prefix_of_highest_bytes_reaches_to_the_end(subject: Subject) {
    with_keys(&subject, &[b"\xfe", b"\xff", b"\xff\x00", b"\xff\xff"]).await;
    assert_eq!(keys(&subject, KeyRange::prefix(&b"\xff"[..])).await, [&b"\xff"[..], b"\xff\x00", b"\xff\xff"]);
}

pub async fn a_limit_says_whether_there_is_more(subject: Subject) {
    with_keys(&subject, &[b"a", b"b", b"c", b"d"]).await;
    subject.delete("d").await;
    for (limit, expected) in [(0, (3, false)), (2, (2, true)), (3, (3, false)), (4, (3, false))] {
        let listing = subject.store.range(&KeyRange::all(), limit).await.expect("readable");
        assert_eq!((listing.entries.len(), listing.more), expected, "limit {limit}");
    }
}

pub async fn pages_lead_through_all_entries(subject: Subject) {
    with_keys(&subject, &[b"a", b"a\x00", b"a\x00\x00", b"b", b"c"]).await;
    let (mut range, mut found) = (KeyRange::all(), Vec::new());
    loop {
        let page = subject.store.range(&range, 2).await.expect("readable");
        found.extend(page.entries.into_iter().map(|entry| entry.key));
        if !page.more {
            break;
        }
        range = range.after(found.last().expect("a page with more behind it is not empty"));
    }
    assert_eq!(found, keys(&subject, KeyRange::all()).await);
    assert_eq!(found.len(), 5);
}

pub async fn a_range_is_of_one_revision_while_others_write(subject: Subject) {
    // Each transaction moves a token: at every revision exactly one of the keys exists, and its value says which
    // revision that is.
    subject.commit(Txn::new().put("token 00", "1")).await;
    let writer = subject.store.clone();
    let writing = tokio::spawn(async move {
        for revision in 2..=400u32 {
            let txn = Txn::new().delete(format!("token {:02}", (revision - 2) % 40));
            let txn = txn.put(format!("token {:02}", (revision - 1) % 40), revision.to_string());
            writer.txn(txn).await.expect("writable");
            tokio::task::yield_now().await;
        }
    });
    let mut revision = 0;
    while revision < 400 {
        let listing = subject.store.range(&KeyRange::prefix("token"), 0).await.expect("readable");
        let values: Vec<_> = listing.entries.iter().map(|entry| entry.value.clone()).collect();
        assert_eq!(values, [listing.revision.to_string()], "at revision {}", listing.revision);
        revision = listing.revision;
        tokio::task::yield_now().await;
    }
    writing.await.expect("no panic");
}
