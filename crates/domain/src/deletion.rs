//! Soft deletion: what was deleted is kept for a while, so that it can be taken back.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How long what was deleted can be taken back.
pub const RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// That a resource is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// Since when.
    pub at: Timestamp,
    /// When it is forgotten for good.
    pub purge_at: Timestamp,
}

impl Deletion {
    /// A deletion that begins at `now`.
    #[must_use]
    pub fn begun(now: Timestamp) -> Self {
        let retention = jiff::SignedDuration::try_from(RETENTION).unwrap_or(jiff::SignedDuration::ZERO);
        Self { at: now, purge_at: now.saturating_add(retention).unwrap_or(now) }
    }

    /// Whether the time in which it can be taken back has passed.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.purge_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_can_be_taken_back_for_thirty_days() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let deletion = Deletion::begun(now);
        let later = |days: i64| now + jiff::SignedDuration::from_hours(24 * days);
        assert!(!deletion.is_over(later(29)) && deletion.is_over(later(30)));
    }
}
