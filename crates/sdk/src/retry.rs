//! How long to wait before a call or a stream is tried again.

use std::time::Duration;

use rand::Rng as _;

/// How a call is repeated that its service could not take (code UNAVAILABLE, nothing else).
///
/// The wait before repetition *n* is drawn evenly from zero to `first · 2ⁿ`, at most `longest` ("full jitter"), so
/// that the clients of a service that comes back do not come back all at once. A service that says how long to wait
/// (RetryInfo) is waited for at least that long. The deadline of the call bounds it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a call is tried at most, the first time included; at least once.
    pub attempts: u32,
    /// The upper end of the first wait.
    pub first: Duration,
    /// The upper end of every wait.
    pub longest: Duration,
}

impl RetryPolicy {
    /// Every call is tried once.
    pub const NEVER: Self = Self { attempts: 1, first: Duration::ZERO, longest: Duration::ZERO };
}

impl Default for RetryPolicy {
    /// Six attempts, with waits of up to 100 ms, 200 ms, … and 2 s.
    fn default() -> Self {
        Self { attempts: 6, first: Duration::from_millis(100), longest: Duration::from_secs(2) }
    }
}

/// No service is obeyed that asks for a longer wait than this.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// The waits of one call or stream.
#[derive(Debug)]
pub(crate) struct Backoff {
    policy: RetryPolicy,
    failures: u32,
}

impl Backoff {
    pub fn new(policy: RetryPolicy) -> Self {
        Self { policy, failures: 0 }
    }

    /// The wait after one more failure, of which the service asks for `asked` at least; none once the policy's
    /// attempts are used up.
    pub fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let another = self.failures.saturating_add(1) < self.policy.attempts;
        another.then(|| self.wait(asked))
    }

    /// The same without an end, for streams that are kept up as long as somebody wants them.
    pub fn wait(&mut self, asked: Option<Duration>) -> Duration {
        let doublings = self.failures.min(30);
        self.failures = self.failures.saturating_add(1);
        let ceiling = self.policy.first.saturating_mul(1 << doublings).min(self.policy.longest);
        let drawn = ceiling.mul_f64(rand::rng().random::<f64>());
        drawn + asked.unwrap_or_default().min(LONGEST_ASKED)
    }

    /// Begins anew after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_ceiling_and_no_further() {
        let policy = RetryPolicy::default();
        for _ in 0..200 {
            let mut backoff = Backoff::new(policy);
            for failure in 0..40 {
                let ceiling = policy.first.saturating_mul(1 << failure.min(20)).min(policy.longest);
                assert!(backoff.wait(None) <= ceiling);
            }
        }
    }

    #[test]
    fn waits_are_spread_over_their_whole_range() {
        let policy = RetryPolicy::default();
        let waits: Vec<_> = (0..1000).map(|_| Backoff::new(policy).wait(None)).collect();
        assert!(waits.iter().any(|wait| *wait < policy.first / 10), "none in the lowest tenth");
        assert!(waits.iter().any(|wait| *wait > policy.first * 9 / 10), "none in the highest tenth");
    }

    #[test]
    fn after_a_success_waits_begin_anew() {
        let policy = RetryPolicy { longest: Duration::from_secs(1 << 20), ..RetryPolicy::default() };
        for _ in 0..50 {
            let mut backoff = Backoff::new(policy);
            for _ in 0..20 {
                backoff.wait(None);
            }
            backoff.reset();
            assert!(backoff.wait(None) <= policy.first);
        }
    }

    #[test]
    fn what_the_service_asks_for_is_waited_at_least_but_not_for_ever() {
        let mut backoff = Backoff::new(RetryPolicy::default());
        assert!(backoff.wait(Some(Duration::from_secs(7))) >= Duration::from_secs(7));
        assert!(backoff.wait(Some(Duration::MAX)) < Duration::from_secs(400));
    }

    #[test]
    fn attempts_are_counted_with_the_first() {
        let mut backoff = Backoff::new(RetryPolicy { attempts: 3, ..RetryPolicy::default() });
        assert_eq!((0..5).filter(|_| backoff.next(None).is_some()).count(), 2);
        assert_eq!(Backoff::new(RetryPolicy::NEVER).next(None), None);
    }
}
