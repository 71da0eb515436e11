//! A change of traffic is refused unless its writer knows the present generation and comes from no older epoch.

use jiff::Timestamp;
use slipway_domain::fault::{Fault, Kind};
use slipway_domain::traffic::{Refused, Share, Traffic, Writer, accept, split};

use super::version;

fn traffic(generation: u64, epoch: u64) -> Traffic {
    Traffic { generation, epoch, ..Traffic::new("salt".to_owned()) }
}

#[test]
fn whoever_read_the_present_generation_may_write() {
    assert_eq!(accept(&traffic(3, 0), 3, Writer::Unstated), Ok(0));
    assert_eq!(accept(&traffic(3, 4), 3, Writer::Launcher { epoch: 4 }), Ok(4));
    assert_eq!(accept(&traffic(3, 4), 3, Writer::Launcher { epoch: 9 }), Ok(9));
}

#[test]
fn whoever_read_another_generation_is_told_to_read_again() {
    for stated in [2, 4] {
        let refused = accept(&traffic(3, 0), stated, Writer::Unstated).unwrap_err();
        assert_eq!(refused, Refused::Generation { stated, current: 3 });
        assert_eq!((refused.kind(), refused.reason()), (Kind::Aborted, "TRAFFIC_GENERATION_CHANGED"));
    }
}

#[test]
fn an_older_epoch_is_refused_whatever_it_read() {
    for generation in [2, 3] {
        let refused = accept(&traffic(3, 7), generation, Writer::Launcher { epoch: 6 }).unwrap_err();
        assert_eq!(refused, Refused::Epoch { stated: 6, current: 7 });
        assert_eq!(refused.kind(), Kind::FailedPrecondition);
    }
}

#[test]
fn no_epoch_is_refused_once_a_launcher_has_stated_one() {
    assert_eq!(accept(&traffic(3, 1), 3, Writer::of_epoch(0)), Err(Refused::Held { current: 1 }));
}

#[test]
fn a_person_who_takes_over_fences_the_launcher_out() {
    let now = Timestamp::UNIX_EPOCH;
    let ranges = split(Some(&version(1)), &version(2), Share::NONE);
    let taken = traffic(3, 7).set(Writer::Override, 3, ranges, now).unwrap();
    assert_eq!((taken.generation, taken.epoch), (4, 8));
    assert_eq!(accept(&taken, 4, Writer::Launcher { epoch: 7 }), Err(Refused::Epoch { stated: 7, current: 8 }));
}

#[test]
fn taking_over_still_asks_for_the_present_generation() {
    assert_eq!(accept(&traffic(3, 7), 2, Writer::Override), Err(Refused::Generation { stated: 2, current: 3 }));
}

#[test]
fn setting_the_same_ranges_again_fences_what_is_on_its_way() {
    let now = Timestamp::UNIX_EPOCH;
    let writer = Writer::Launcher { epoch: 1 };
    let before = traffic(3, 1);
    let after = before.set(writer, 3, before.ranges.clone(), now).unwrap();
    assert_eq!(after.generation, 4);
    assert!(after.set(writer, 3, Vec::new(), now).is_err());
}
