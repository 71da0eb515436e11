//! While a share grows nobody flips back, and the ranges are a partition at every share.

use proptest::prelude::*;
use slipway_domain::traffic::{BUCKETS, Share, Traffic, check, split};

use super::{model, version};

fn at(share: Share) -> Traffic {
    let ranges = split(Some(&version(1)), &version(2), share);
    Traffic { ranges, ..Traffic::new("salt".to_owned()) }
}

fn on_candidate(traffic: &Traffic, bucket: u32) -> bool {
    traffic.version_of(bucket) == Some(&version(2))
}

#[test]
fn nobody_and_everybody_are_one_range_each() {
    assert_eq!(at(Share::NONE).ranges.len(), 1);
    assert_eq!(at(Share::NONE).share_of(&version(1)), Share::ALL);
    assert_eq!(at(Share::ALL).ranges.len(), 1);
    assert_eq!(at(Share::ALL).share_of(&version(2)), Share::ALL);
}

#[test]
fn without_a_baseline_the_candidate_has_all_or_nothing() {
    assert_eq!(split(None, &version(2), Share::NONE), []);
    assert_eq!(split(None, &version(2), Share::ALL), split(Some(&version(1)), &version(2), Share::ALL));
}

#[test]
fn a_fraction_that_is_no_share_is_none() {
    for fraction in [f64::NAN, f64::INFINITY, -0.1, 1.000_001] {
        assert_eq!(Share::of_fraction(fraction), None, "{fraction}");
    }
    assert_eq!(Share::of_fraction(0.05).map(Share::buckets), Some(5_000));
    assert_eq!(Share::of_fraction(1.0), Some(Share::ALL));
}

proptest! {
    #[test]
    fn every_share_partitions_the_buckets(buckets in 0..=BUCKETS) {
        let share = Share::of_buckets(buckets);
        let traffic = at(share);
        prop_assert_eq!(check(&model(), &traffic.ranges), []);
        prop_assert_eq!(traffic.share_of(&version(2)), share);
    }

    #[test]
    fn whoever_is_on_the_candidate_stays_there_while_its_share_grows(
        mut shares in proptest::collection::vec(0..=BUCKETS, 2..8),
        units in proptest::collection::vec("[a-z0-9-]{1,20}", 50),
    ) {
        shares.sort_unstable();
        for unit in &units {
            let path: Vec<bool> = shares.iter()
                .map(|share| at(Share::of_buckets(*share)).route(unit) == Some(&version(2)))
                .collect();
            prop_assert!(path.is_sorted(), "{unit}: {path:?} at {shares:?}");
        }
    }

    #[test]
    fn the_candidate_has_exactly_its_share_of_the_buckets(buckets in 0..=BUCKETS) {
        let traffic = at(Share::of_buckets(buckets));
        let mut probes: Vec<u32> = (0..BUCKETS).step_by(997).collect();
        let border = BUCKETS - buckets;
        probes.extend([border.saturating_sub(1), border.min(BUCKETS - 1)]);
        for bucket in probes {
            prop_assert_eq!(on_candidate(&traffic, bucket), bucket >= border);
        }
    }
}
