//! Load that does not wait: calls become due at even times, whatever became of those before them, as they do when they
//! come from many who know nothing of each other.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use slipway_domain::fault::CODE_NAMES;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tonic::Code;

use super::DEADLINE;
use super::mix::Mix;

/// How long to wait when nothing is due yet.
const NAP: Duration = Duration::from_millis(1);

/// What became of one call. All times are from the moment at which it was due.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// When it was due, from the start of the offer.
    pub due: Duration,
    /// How late it was sent.
    pub sent: Duration,
    /// When it was over.
    pub took: Duration,
    /// How it ended.
    pub code: Code,
}

impl Ended {
    /// Whether it was answered in time.
    pub fn is_good(&self) -> bool {
        self.code == Code::Ok && self.took <= DEADLINE
    }
}

/// Calls that were sent, some of which may be under way.
pub struct Offer(UnboundedReceiver<Ended>);

impl Offer {
    /// Sends `per_second` calls of `mix` for `time`; ends when the last one is sent.
    pub async fn send(mix: &Mix, per_second: f64, time: Duration) -> Self {
        let (tell, ended) = unbounded_channel();
        let began = Instant::now();
        let due = |number: usize| Duration::from_secs_f64(number as f64 / per_second);
        let mut number = 0;
        while due(number) < time {
            while due(number) < time && due(number) <= began.elapsed() {
                tokio::spawn(call(mix.clone(), number, (began, due(number)), tell.clone()));
                number += 1;
            }
            tokio::time::sleep(NAP).await;
        }
        Self(ended)
    }

    /// Waits until all of them are over.
    pub async fn ended(mut self) -> Vec<Ended> {
        let mut all = Vec::new();
        while self.0.recv_many(&mut all, usize::MAX).await > 0 {}
        all
    }
}

async fn call(mix: Mix, number: usize, (began, due): (Instant, Duration), tell: UnboundedSender<Ended>) {
    let sent = began.elapsed().saturating_sub(due);
    let result = match DEADLINE.checked_sub(sent) {
        Some(patience) => mix.call(number, patience).await.map_err(|status| status.code()),
        None => Err(Code::DeadlineExceeded),
    };
    let took = began.elapsed().saturating_sub(due);
    let ended = Ended { due, sent, took, code: result.err().unwrap_or(Code::Ok) };
    // Who does not listen any more has given up the measurement.
    let _ = tell.send(ended);
}

/// What an offer came to.
pub struct Tally {
    /// Calls a second that were sent.
    pub offered: f64,
    /// Those that were answered in time.
    pub goodput: f64,
    /// The time that half of these stayed below.
    pub p50_ms: f64,
    /// The time that 99 of 100 of these stayed below.
    pub p99_ms: f64,
    /// How late 99 of 100 calls were sent at most.
    pub late_ms: f64,
    /// The others a second, by code; LATE is an answer that nobody waits for any more.
    pub refused: BTreeMap<&'static str, f64>,
}

impl Tally {
    /// Of all calls that were offered for `time`.
    pub fn of(all: &[Ended], time: Duration) -> Self {
        let second = |count: usize| count as f64 / time.as_secs_f64();
        let mut refused = BTreeMap::new();
        for ended in all.iter().filter(|ended| !ended.is_good()) {
            let code = if ended.code == Code::Ok { "LATE" } else { CODE_NAMES[ended.code as usize] };
            *refused.entry(code).or_insert(0) += 1;
        }
        let refused = refused.into_iter().map(|(code, count)| (code, second(count))).collect();
        let good = || all.iter().filter(|ended| ended.is_good());
        Self {
            offered: second(all.len()),
            goodput: second(good().count()),
            p50_ms: quantile(good().map(|ended| ended.took), 0.5),
            p99_ms: quantile(good().map(|ended| ended.took), 0.99),
            late_ms: quantile(all.iter().map(|ended| ended.sent), 0.99),
            refused,
        }
    }
}

/// The time in milliseconds that the `share` of `times` stays below.
pub fn quantile(times: impl Iterator<Item = Duration>, share: f64) -> f64 {
    let longest = (2 * DEADLINE).as_micros() as u64;
    let mut all = Histogram::<u64>::new_with_bounds(1, longest, 3).expect("two seconds in three digits are allowed");
    times.for_each(|time| all.saturating_record(time.as_micros() as u64));
    all.value_at_quantile(share) as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_answered_in_time_is_good() {
        let ended = |code, took| Ended {
            due: Duration::ZERO,
            sent: Duration::from_millis(1),
            took: Duration::from_millis(took),
            code,
        };
        let all = [
            ended(Code::Ok, 10),
            ended(Code::Ok, 20),
            ended(Code::Ok, 1001),
            ended(Code::ResourceExhausted, 1),
            ended(Code::Cancelled, 1000),
        ];
        let tally = Tally::of(&all, Duration::from_secs(1));
        assert_eq!((tally.offered, tally.goodput), (5.0, 2.0));
        let refused = [("CANCELLED", 1.0), ("LATE", 1.0), ("RESOURCE_EXHAUSTED", 1.0)];
        assert_eq!(tally.refused, BTreeMap::from(refused));
        assert!((19.9..20.1).contains(&tally.p99_ms), "{}", tally.p99_ms);
    }
}
