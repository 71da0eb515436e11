//! Claim: the ranges of a model's traffic partition the 100,000 buckets exactly after every write of a launch.

use slipway_domain::traffic::check;

use super::HISTORIES;
use crate::case::version;
use crate::world::{STORM, log_is_whole, over_histories};

#[test]
fn every_write_partitions_the_buckets() {
    over_histories(HISTORIES, STORM, |world| {
        for write in world.writes().filter(|write| write.own) {
            assert_eq!(check(&version(1).model, &write.after.ranges), []);
            assert!(write.after.ranges.is_empty() <= world.launch.baseline.is_none());
        }
        log_is_whole(world);
    });
}
