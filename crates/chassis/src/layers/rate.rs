//! How many calls a second each caller may begin, and how many bytes it may send. Too many calls are refused, with the
//! time to wait; bytes are taken in no faster than allowed, so that a caller that sends too fast waits by itself.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use governor::clock::{Clock, MonotonicClock};
use governor::{NotUntil, Quota};
use http_body::{Body, Frame, SizeHint};
use slipway_domain::principal::Principal;
use tonic::Status;

use super::Rates;
use crate::env::Env;

/// Callers that were not heard of lately are forgotten after so many calls, if there are more than so many.
const FORGET: (u32, usize) = (4096, 10_000);

/// Bytes are paid for in pieces of this size, which is the least that a caller may be allowed to send in a second.
const PIECE: NonZeroU32 = NonZeroU32::new(1024).expect("1024 is not zero");

type Limiter = governor::RateLimiter<
    Principal,
    governor::state::keyed::DashMapStateStore<Principal>,
    MonotonicClock,
    governor::middleware::NoOpMiddleware<std::time::Instant>,
>;

/// What callers have left.
pub(super) struct Rate {
    requests: Option<Limiter>,
    bytes: Option<Arc<Limiter>>,
    calls: AtomicU32,
}

impl Rate {
    pub(super) fn new(rates: Rates) -> Self {
        let limiter = |most: u32| {
            let most = NonZeroU32::new(most)?;
            Some(Limiter::dashmap_with_clock(Quota::per_second(most), MonotonicClock))
        };
        let (requests, bytes) = (limiter(rates.requests), limiter(rates.bytes).map(Arc::new));
        Self { requests, bytes, calls: AtomicU32::new(0) }
    }

    /// Whether there is anything that a caller can use up.
    pub(super) fn is_limited(&self) -> bool {
        self.requests.is_some() || self.bytes.is_some()
    }

    /// Takes one call; how long to wait if the caller has none left.
    pub(super) fn take(&self, caller: &Principal) -> Result<(), Duration> {
        let Some(limiter) = &self.requests else { return Ok(()) };
        let (every, most) = FORGET;
        if self.calls.fetch_add(1, Ordering::Relaxed) % every == every - 1 && limiter.len() > most {
            limiter.retain_recent();
            self.bytes.as_ref().inspect(|limiter| limiter.retain_recent());
        }
        limiter.check_key(caller).map_err(|refused| wait(&refused))
    }

    /// The body of a call, taken in no faster than its caller may send.
    pub(super) fn paced(&self, env: &Env, caller: &Principal, body: tonic::body::Body) -> tonic::body::Body {
        let Some(limiter) = &self.bytes else { return body };
        let (limiter, caller, env) = (Arc::clone(limiter), caller.clone(), env.clone());
        tonic::body::Body::new(Paced { inner: body, held: None, owed: 0, pause: None, limiter, caller, env })
    }
}

fn wait(refused: &NotUntil<std::time::Instant>) -> Duration {
    refused.wait_time_from(MonotonicClock.now())
}

/// A body that waits before it hands a part out that its caller may not have sent yet.
struct Paced {
    inner: tonic::body::Body,
    /// The part that waits.
    held: Option<Frame<Bytes>>,
    /// How many of its bytes are not paid for.
    owed: usize,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    limiter: Arc<Limiter>,
    caller: Principal,
    env: Env,
}

impl Paced {
    /// Pays for the part that waits, in pieces that fit into a second; ready when it is paid for.
    fn poll_paid(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(pause) = &mut self.pause {
                std::task::ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            let owed = u32::try_from(self.owed).unwrap_or(u32::MAX);
            let Some(owed) = NonZeroU32::new(owed) else { return Poll::Ready(()) };
            let piece = owed.min(PIECE);
            match self.limiter.check_key_n(&self.caller, piece) {
                Ok(Ok(())) => self.owed -= piece.get() as usize,
                Ok(Err(refused)) => {
                    let (env, wait) = (self.env.clone(), wait(&refused));
                    self.pause = Some(Box::pin(async move { env.pause(wait).await }));
                }
                // A piece is never more than what the smallest quota lets through at once.
                Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.held.is_none() {
            let Some(frame) = std::task::ready!(Pin::new(&mut this.inner).poll_frame(context)) else {
                return Poll::Ready(None);
            };
            let frame = frame?;
            this.owed = frame.data_ref().map_or(0, Bytes::len);
            this.held = Some(frame);
        }
        std::task::ready!(this.poll_paid(context));
        Poll::Ready(this.held.take().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_that_has_used_up_its_calls_takes_none_from_another() {
        let rate = Rate::new(Rates { requests: 2, bytes: 0 });
        let (ada, ben) = (Principal::jwt("ada").unwrap(), Principal::jwt("ben").unwrap());
        assert_eq!((rate.take(&ada), rate.take(&ada)), (Ok(()), Ok(())));
        let wait = rate.take(&ada).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_millis(500), "{wait:?}");
        assert_eq!(rate.take(&ben), Ok(()));
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let rate = Rate::new(Rates::default());
        assert!(!rate.is_limited());
        assert!((0..100_000).all(|_| rate.take(&Principal::anonymous()).is_ok()));
    }
}
