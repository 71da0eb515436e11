//! Ranges that are no partition are refused, with everything that is wrong with them at once.

use slipway_domain::name::ModelName;
use slipway_domain::traffic::{Range, Traffic, check};

use super::{model, version};

fn range(start: u32, end: u32, number: u64) -> Range {
    Range { start, end, version: version(number) }
}

fn wrong(ranges: &[Range]) -> Vec<(String, &'static str)> {
    check(&model(), ranges).into_iter().map(|violation| (violation.field, violation.reason)).collect()
}

#[test]
fn no_ranges_at_all_are_allowed() {
    assert_eq!(wrong(&[]), []);
}

#[test]
fn a_partition_in_order_is_allowed() {
    assert_eq!(wrong(&[range(0, 10, 1), range(10, 99_999, 2), range(99_999, 100_000, 1)]), []);
}

#[test]
fn a_gap_an_overlap_and_a_missing_end_are_all_named() {
    let found = wrong(&[range(0, 10, 1), range(20, 50, 2), range(40, 60, 1)]);
    let wanted = ["ranges[1].start", "ranges[2].start", "ranges[2].end"];
    assert_eq!(found, wanted.map(|field| (field.to_owned(), "RANGES_NOT_A_PARTITION")));
}

#[test]
fn a_first_bucket_that_is_missing_is_named() {
    assert_eq!(wrong(&[range(1, 100_000, 1)]), [("ranges[0].start".to_owned(), "RANGES_NOT_A_PARTITION")]);
}

#[test]
fn empty_and_backward_ranges_are_named() {
    let found = wrong(&[range(0, 0, 1), range(0, 100_000, 2)]);
    assert_eq!(found, [("ranges[0].end".to_owned(), "RANGE_EMPTY")]);
    assert!(wrong(&[range(5, 3, 1)]).contains(&("ranges[0].end".to_owned(), "RANGE_EMPTY")));
}

#[test]
fn a_bucket_beyond_the_last_is_named() {
    assert!(wrong(&[range(0, 100_001, 1)]).contains(&("ranges[0].end".to_owned(), "BUCKET_OUT_OF_BOUNDS")));
}

#[test]
fn a_version_of_another_model_is_named() {
    let other = ModelName::parse("namespaces/default/models/other").unwrap().version(1);
    let ranges = [Range { start: 0, end: 100_000, version: other }];
    assert_eq!(wrong(&ranges), [("ranges[0].version".to_owned(), "VERSION_OF_ANOTHER_MODEL")]);
}

#[test]
fn a_bucket_belongs_to_the_range_that_begins_with_it() {
    let ranges = vec![range(0, 10, 1), range(10, 100_000, 2)];
    let traffic = Traffic { ranges, ..Traffic::new("salt".to_owned()) };
    assert_eq!([9, 10, 99_999].map(|b| traffic.version_of(b).unwrap().number), [1, 2, 2]);
    assert_eq!(traffic.version_of(100_000), None);
}

#[test]
fn a_model_that_serves_nothing_routes_nobody() {
    assert_eq!(Traffic::new("salt".to_owned()).route("unit"), None);
}
