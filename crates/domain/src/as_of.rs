//! The moment that a question asks about: what is known is kept, and so is what was.

use jiff::Timestamp;

/// As of when something is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AsOf {
    /// As it is.
    #[default]
    Now,
    /// As it was at this revision.
    Revision(u64),
    /// As it was at the last revision at or before this moment.
    Time(Timestamp),
}
