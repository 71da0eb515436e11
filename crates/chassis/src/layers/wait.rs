//! How long a call may wait for a processor before it is refused rather than begun.
//!
//! A long queue helps nobody. Its calls are answered when their callers have gone, and so are those that come behind
//! them: the service works, and what it does is worth nothing. If what has waited too long is refused, which costs next
//! to nothing, the others are begun in time, and the queue is gone as soon as fewer calls come.

use std::time::Duration;

/// The share of its patience that a call may spend on waiting.
const SHARE: u32 = 10;

/// It may always wait so long: a machine that stood still for a moment is not overloaded.
const LEAST: Duration = Duration::from_millis(20);

/// And never longer than this, however patient its caller is: others that come behind it are not.
const MOST: Duration = Duration::from_millis(500);

/// The longest wait of a call whose caller has so much `patience`.
pub(super) fn longest(patience: Duration) -> Duration {
    (patience / SHARE).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_waits_for_a_tenth_of_its_patience_within_bounds() {
        let ms = Duration::from_millis;
        assert_eq!(longest(ms(1000)), ms(100));
        assert_eq!(longest(ms(1)), LEAST);
        assert_eq!(longest(Duration::from_secs(3600)), MOST);
    }
}
