//! Claim: the ranges of a model's traffic partition the 100,000 buckets exactly, or there are none.

use slipway_domain::traffic::{BUCKETS, Range};

use crate::history::History;

/// Checks every traffic that was ever written.
pub fn check(history: &History) -> Result<(), String> {
    for (at, write) in history.writes() {
        is_partition(&write.after.ranges).map_err(|what| format!("{at}: {}: {what}", write.model.traffic()))?;
    }
    Ok(())
}

fn is_partition(ranges: &[Range]) -> Result<(), String> {
    let mut next = 0;
    for range in ranges {
        if range.start != next || range.end <= range.start {
            return Err(format!("{range:?} stands where a range from {next} belongs"));
        }
        next = range.end;
    }
    if ranges.is_empty() || next == BUCKETS { Ok(()) } else { Err(format!("the ranges end at {next}")) }
}

#[test]
fn a_gap_between_ranges_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    let split = super::red::writes(&mut history).find(|write| write.after.ranges.len() == 2).unwrap();
    split.after.ranges[1].start += 1;
    assert!(check(&history).is_err());
}
