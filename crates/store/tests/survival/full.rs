//! Full disks, failing syncs, and room again.

use std::sync::Arc;

use futures_util::future::{FutureExt, join_all};
use slipway_store::disk::Simulated;
use slipway_store::embedded::Embedded;
use slipway_store::{Error, KeyRange, Outcome, Store, Txn};

use crate::history::{Bed, assert_prefix, held, nth, roomy, tiny, write};

#[tokio::test]
async fn a_full_disk_refuses_writes_and_goes_on_when_there_is_room() {
    let bed = Bed::new();
    let store = bed.open(tiny()).expect("an empty disk opens");
    write(&store, 20).await;
    for round in 0..10 {
        bed.disk.set_quota(bed.disk.used() + round * 100);
        let mut refused = 0;
        while refused < 3 {
            let revision = store.stats().revision;
            match store.txn(nth(revision + 1)).await {
                Ok(outcome) => assert_eq!(outcome, Outcome::Committed(revision + 1)),
                Err(error @ Error::Full { .. }) => {
                    assert!(error.is_definite());
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        // Reads go on, and see nothing of what was refused.
        assert_eq!(assert_prefix(&store).await, store.stats().revision);
        bed.disk.set_quota(u64::MAX);
        let last = store.stats().revision + 5;
        write(&store, last).await;
    }
    let last = store.stats().revision;
    drop(store);
    assert_eq!(assert_prefix(&bed.open(tiny()).expect("nothing is damaged")).await, last);
}

#[tokio::test]
async fn a_kill_on_a_full_disk_brings_back_nothing_that_was_refused() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    write(&store, 10).await;
    bed.disk.set_quota(bed.disk.used() + 700);
    // Larger than the spare room that the journal has: refused half way.
    let large = Txn::new().put("large", vec![1; 3 << 20]);
    assert!(matches!(store.txn(large).await, Err(Error::Full { .. })));
    for seed in 0..5 {
        let after = Bed::on(if seed == 0 { bed.disk.after_kill() } else { bed.disk.after_power_cut(seed) });
        after.disk.set_quota(u64::MAX);
        assert_eq!(assert_prefix(&after.open(roomy()).expect("nothing is damaged")).await, 10);
    }
}

#[tokio::test]
async fn a_failed_sync_is_unknown_and_leaves_no_trace_once_writes_work_again() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    write(&store, 5).await;
    let mut watch = store.watch(KeyRange::all(), 5).await.expect("kept");
    bed.disk.fail_syncs(0, 1);
    let unknown = store.txn(Txn::new().put("unknown", "1")).await;
    assert!(matches!(&unknown, Err(error @ Error::Unknown { .. }) if !error.is_definite()), "{unknown:?}");
    assert_eq!(assert_prefix(&store).await, 5);
    write(&store, 8).await;
    assert_eq!(watch.next().await.expect("the watch is whole").revision, 6);
    for seed in 0..5 {
        let after = Bed::on(bed.disk.after_power_cut(seed));
        assert_eq!(assert_prefix(&after.open(roomy()).expect("nothing is damaged")).await, 8);
    }
}

#[tokio::test]
async fn while_a_failed_sync_cannot_be_mended_writes_are_refused_for_certain() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    write(&store, 5).await;
    bed.disk.fail_syncs(0, 4);
    let unknown = store.txn(nth(6)).await;
    assert!(matches!(unknown, Err(Error::Unknown { .. })), "{unknown:?}");
    for _ in 0..3 {
        let refused = store.txn(Txn::new().put("refused", "1")).await;
        assert!(matches!(&refused, Err(error) if error.is_definite()), "{refused:?}");
    }
    write(&store, 7).await;
    drop(store);
    assert_eq!(assert_prefix(&bed.open(roomy()).expect("nothing is damaged")).await, 7);
}

#[tokio::test]
async fn an_unknown_transaction_may_be_there_after_a_kill_but_never_by_halves() {
    let mut found = [0, 0];
    for seed in 0..40 {
        let bed = Bed::new();
        let store = bed.open(roomy()).expect("an empty disk opens");
        write(&store, 5).await;
        bed.disk.fail_syncs(0, 1);
        assert!(matches!(store.txn(nth(6)).await, Err(Error::Unknown { .. })));
        let after = Bed::on(bed.disk.after_power_cut(seed));
        let revision = assert_prefix(&after.open(roomy()).expect("nothing is damaged")).await;
        found[usize::from(revision == 6)] += 1;
        assert!((5..=6).contains(&revision));
    }
    assert!(found[0] > 0 && found[1] > 0, "both must happen: {found:?}");
}

/// Makes `txns` one group: they wait while the one before them is synced. `before_release` happens when
/// all of them wait.
async fn grouped(
    bed: &Bed,
    store: &Embedded,
    txns: Vec<Txn>,
    before_release: impl FnOnce(),
) -> Vec<Result<Outcome, Error>> {
    bed.disk.hold_syncs();
    let mut busy = store.txn(Txn::new().put("busy", "1"));
    assert!((&mut busy).now_or_never().is_none());
    bed.disk.wait_for_held_sync();
    let mut waiting = join_all(txns.into_iter().map(|txn| store.txn(txn)));
    assert!((&mut waiting).now_or_never().is_none());
    before_release();
    bed.disk.release_syncs();
    let _ = busy.await;
    waiting.await
}

#[tokio::test]
async fn nothing_is_seen_before_it_is_durable() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    write(&store, 5).await;
    let mut watch = store.watch(KeyRange::all(), 5).await.expect("kept");
    bed.disk.hold_syncs();
    let mut txn = store.txn(nth(6));
    for _ in 0..20 {
        let waited = tokio::time::timeout(std::time::Duration::from_millis(2), &mut txn).await;
        assert!(waited.is_err(), "acknowledged before it was synced");
        assert_eq!(assert_prefix(&store).await, 5);
    }
    assert!(tokio::time::timeout(std::time::Duration::from_millis(2), watch.next()).await.is_err());
    bed.disk.release_syncs();
    assert_eq!(txn.await, Ok(Outcome::Committed(6)));
    assert_eq!(watch.next().await.expect("whole").revision, 6);
}

#[tokio::test]
async fn who_lost_against_a_write_that_failed_is_not_told_a_conflict() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    let create = |value: &'static str| Txn::new().compare("once", 0).put("once", value);
    let txns = vec![create("first"), create("second"), Txn::new().compare("busy", 9)];
    let outcomes = grouped(&bed, &store, txns, || bed.disk.fail_syncs(1, 1)).await;
    assert!(matches!(outcomes[0], Err(Error::Unknown { .. })), "{outcomes:?}");
    assert!(matches!(&outcomes[1], Err(error) if error.is_definite()), "{outcomes:?}");
    assert!(matches!(&outcomes[2], Err(error) if error.is_definite()), "{outcomes:?}");
    assert_eq!(held(&store).await, (1, [(b"busy".to_vec(), (b"1".to_vec(), 1))].into()));
}

#[tokio::test]
async fn a_write_that_stops_half_way_leaves_nothing_behind() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    let txns = (0..4).map(|number| Txn::new().put(format!("half {number}"), vec![7; 100])).collect();
    // The first transactions of the group are whole in what was written.
    let outcomes = grouped(&bed, &store, txns, || bed.disk.fail_writes(1)).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_err_and(Error::is_definite)), "{outcomes:?}");
    let busy: crate::history::Entries = [(b"busy".to_vec(), (b"1".to_vec(), 1))].into();
    assert_eq!(held(&store).await, (1, busy.clone()));
    let after = Bed::on(bed.disk.after_kill());
    assert_eq!(held(&after.open(roomy()).expect("nothing is damaged")).await, (1, busy));
}

#[tokio::test]
async fn a_write_that_stopped_half_way_and_cannot_be_erased_is_unknown() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    write(&store, 3).await;
    bed.disk.fail_writes(1);
    bed.disk.fail_syncs(0, 1);
    let unknown = store.txn(nth(4)).await;
    assert!(matches!(unknown, Err(Error::Unknown { .. })), "{unknown:?}");
    write(&store, 5).await;
    drop(store);
    assert_eq!(assert_prefix(&bed.open(roomy()).expect("nothing is damaged")).await, 5);
}

#[tokio::test]
async fn a_group_is_decided_in_order_and_synced_once() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    let before = store.stats().syncs;
    let txns = vec![
        Txn::new().compare("a", 0).put("a", "1"),
        Txn::new().compare("a", 2).put("a", "2").delete("busy"),
        Txn::new().compare("a", 2).put("a", "lost"),
        Txn::new().delete("a"),
        Txn::new().delete("a"),
        Txn::new().compare("a", 0).put("b", "3"),
    ];
    let outcomes = grouped(&bed, &store, txns, || {}).await;
    let conflict = Outcome::Conflict { key: "a".into(), mod_revision: 3 };
    let committed = |revision| Ok(Outcome::Committed(revision));
    assert_eq!(outcomes, [committed(2), committed(3), Ok(conflict), committed(4), committed(4), committed(5)]);
    assert_eq!(held(&store).await, (5, [(b"b".to_vec(), (b"3".to_vec(), 5))].into()));
    assert_eq!(store.stats().syncs, before + 2);
}

#[tokio::test]
async fn large_transactions_that_wait_together_are_synced_in_groups_of_bounded_size() {
    let bed = Bed::new();
    let store = bed.open(roomy()).expect("an empty disk opens");
    let before = store.stats().syncs;
    let txns = (0..5).map(|number| Txn::new().put(format!("large {number}"), vec![7; 3 << 19])).collect();
    let outcomes = grouped(&bed, &store, txns, || {}).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    // The one that was busy, three of a megabyte and a half, and two.
    assert_eq!(store.stats().syncs, before + 3);
}

#[tokio::test]
async fn a_snapshot_that_does_not_fit_leaves_all_as_it_was() {
    let bed = Bed::new();
    let store = bed.open(crate::history::sealed()).expect("an empty disk opens");
    write(&store, 60).await;
    bed.disk.set_quota(bed.disk.used() + 50);
    assert!(matches!(store.compact(), Err(Error::Full { .. })));
    assert_eq!(crate::history::names(&bed.disk, "snapshot-"), Vec::<String>::new());
    bed.disk.set_quota(u64::MAX);
    write(&store, 70).await;
    store.compact().expect("there is room");
    drop(store);
    assert_eq!(assert_prefix(&bed.open(tiny()).expect("nothing is damaged")).await, 70);
}

#[tokio::test]
async fn a_disk_too_full_for_a_new_store_says_so() {
    let disk = Simulated::new();
    disk.set_quota(10);
    let bed = Bed::on(disk);
    assert!(matches!(bed.open(tiny()).err(), Some(Error::Full { .. })));
    bed.disk.set_quota(u64::MAX);
    let store = Arc::new(bed.open(tiny()).expect("there is room"));
    write(&store, 3).await;
}
