//! How a unit finds its version: 100,000 buckets a model, shared out among its versions.
//!
//! A unit falls into a bucket by a hash, a bucket belongs to a range, and a range to a version. Start reading at
//! [`bucket`], then [`Traffic::route`]; [`split`] is what a launch asks for, [`Traffic::set`] is who may have it.

mod bucket;
mod check;
mod fence;
mod share;
mod split;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::VersionName;

pub use bucket::{BUCKETS, bucket};
pub use check::check;
pub use fence::{Refused, Writer, accept};
pub use share::Share;
pub use split::split;

/// A contiguous range of buckets that one version serves: `start` belongs to it, `end` does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The first bucket, 0 to 99,999.
    pub start: u32,
    /// One past the last bucket, 1 to 100,000, greater than `start`.
    pub end: u32,
    /// The version that serves it.
    pub version: VersionName,
}

/// The state of a model's serving split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Mixed into the hash of every unit, so that the splits of different models are independent.
    pub salt: String,
    /// Ordered by `start`. Empty while the model serves nothing; otherwise a partition of all buckets.
    #[serde(default)]
    pub ranges: Vec<Range>,
    /// Raised by one with every change; 0 while there never was one.
    #[serde(default)]
    pub generation: u64,
    /// The epoch of the last writer that stated one; 0 while none did.
    #[serde(default)]
    pub epoch: u64,
    /// When it was last changed; none while it never was.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

impl Traffic {
    /// The traffic of a model that serves nothing yet.
    #[must_use]
    pub fn new(salt: String) -> Self {
        Self { salt, ranges: Vec::new(), generation: 0, epoch: 0, updated_at: None }
    }

    /// The version that serves `bucket`; none while the model serves nothing.
    #[must_use]
    pub fn version_of(&self, bucket: u32) -> Option<&VersionName> {
        let at = self.ranges.partition_point(|range| range.end <= bucket);
        self.ranges.get(at).filter(|range| range.start <= bucket).map(|range| &range.version)
    }

    /// The version that serves the unit called `unit`; none while the model serves nothing.
    #[must_use]
    pub fn route(&self, unit: &str) -> Option<&VersionName> {
        self.version_of(bucket(&self.salt, unit))
    }

    /// The share of the units that `version` serves.
    #[must_use]
    pub fn share_of(&self, version: &VersionName) -> Share {
        let own = self.ranges.iter().filter(|range| range.version == *version);
        Share::of_buckets(own.map(|range| range.end.saturating_sub(range.start)).sum())
    }

    /// The traffic after `writer`, who read `generation`, has set `ranges` at `now`. The caller has checked the ranges.
    ///
    /// The generation rises even when the ranges are the same as before: whatever was decided on the older
    /// generation and is still on its way is refused from then on. A rollback rests on that.
    ///
    /// # Errors
    /// What [`accept`] refuses.
    pub fn set(&self, writer: Writer, generation: u64, ranges: Vec<Range>, now: Timestamp) -> Result<Self, Refused> {
        let epoch = accept(self, generation, writer)?;
        let generation = self.generation.saturating_add(1);
        Ok(Self { salt: self.salt.clone(), ranges, generation, epoch, updated_at: Some(now) })
    }
}
