//! Whether ranges may become a model's traffic.

use super::{BUCKETS, Range};
use crate::fault::Violation;
use crate::name::ModelName;

/// Everything that is wrong with `ranges` as the traffic of `model`: empty if nothing is.
///
/// They must partition the buckets 0 to 99,999 exactly, in order, among versions of that model, or be none at all.
#[must_use]
pub fn check(model: &ModelName, ranges: &[Range]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut reached = 0;
    for (index, range) in ranges.iter().enumerate() {
        check_version(model, index, range, &mut found);
        check_bounds(index, range, &mut found);
        if range.start != reached {
            let wanted = format!("must be {reached}, where the range before it ends: no gap, no overlap, in order");
            found.push(Violation::new(format!("ranges[{index}].start"), "RANGES_NOT_A_PARTITION", wanted));
        }
        reached = range.end;
    }
    if !ranges.is_empty() && reached != BUCKETS {
        let last = ranges.len() - 1;
        let wanted = format!("the last range must end at {BUCKETS}");
        found.push(Violation::new(format!("ranges[{last}].end"), "RANGES_NOT_A_PARTITION", wanted));
    }
    found
}

fn check_version(model: &ModelName, index: usize, range: &Range, found: &mut Vec<Violation>) {
    if range.version.model != *model {
        let wanted = format!("{} is not a version of {model}", range.version);
        found.push(Violation::new(format!("ranges[{index}].version"), "VERSION_OF_ANOTHER_MODEL", wanted));
    }
}

fn check_bounds(index: usize, range: &Range, found: &mut Vec<Violation>) {
    if range.end > BUCKETS {
        let wanted = format!("must be at most {BUCKETS}");
        found.push(Violation::new(format!("ranges[{index}].end"), "BUCKET_OUT_OF_BOUNDS", wanted));
    }
    if range.start >= range.end {
        let wanted = format!("must be greater than start, which is {}", range.start);
        found.push(Violation::new(format!("ranges[{index}].end"), "RANGE_EMPTY", wanted));
    }
}
