//! The ranges of a launch: one version serves, another takes a growing share from it.

use super::{BUCKETS, Range, Share};
use crate::name::VersionName;

/// The ranges that give `candidate` the share `share` and the rest to `baseline`.
///
/// The candidate's range ends at the last bucket and grows downwards from there, so a unit that is on the candidate
/// stays there while the share rises, and one that has left it stays away while the share falls. Without a baseline
/// the candidate's share is all or nothing: any share above none is everything.
#[must_use]
pub fn split(baseline: Option<&VersionName>, candidate: &VersionName, share: Share) -> Vec<Range> {
    let Some(baseline) = baseline else {
        let whole = Range { start: 0, end: BUCKETS, version: candidate.clone() };
        return if share == Share::NONE { Vec::new() } else { vec![whole] };
    };
    let border = BUCKETS - share.buckets();
    let both = [
        Range { start: 0, end: border, version: baseline.clone() },
        Range { start: border, end: BUCKETS, version: candidate.clone() },
    ];
    both.into_iter().filter(|range| range.start < range.end).collect()
}
