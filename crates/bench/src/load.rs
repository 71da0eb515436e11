//! Load on a service: so many calls under way at every moment, each timed.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;
use tonic::transport::{Channel, Endpoint};

use crate::processor_time;

/// How many connections carry the load.
pub const CONNECTIONS: usize = 8;

/// How many calls are under way on each.
pub const IN_FLIGHT: usize = 8;

/// The longest call that is told from longer ones.
const LONGEST: Duration = Duration::from_secs(60);

/// What a load came to.
pub struct Served {
    /// Calls a second.
    pub per_second: f64,
    /// The time that 99 of 100 calls stayed below, in milliseconds.
    pub p99_ms: f64,
    /// The time that all cores spent on one call, its client's part included, in microseconds: what a call costs even
    /// where others use the machine too.
    pub cpu_us: f64,
}

/// So many `connections` to the service at `address`.
///
/// # Errors
/// When nobody listens there.
pub async fn connect(address: &str, connections: usize) -> Result<Vec<Channel>> {
    let mut channels = Vec::new();
    for _ in 0..connections {
        channels.push(Endpoint::from_shared(address.to_owned())?.tcp_nodelay(true).connect().await?);
    }
    Ok(channels)
}

/// Calls for `time` through all of `clients`; every call gets a client and a number that no other call of this load has.
///
/// # Errors
/// The first call that fails.
pub async fn run<C, F>(
    clients: &[C],
    time: Duration,
    call: impl Fn(C, usize) -> F + Clone + Send + 'static,
) -> Result<Served>
where
    C: Clone + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send,
{
    let (began, spent, places) = (Instant::now(), processor_time::spent(), clients.len() * IN_FLIGHT);
    let tasks: Vec<_> = (0..places)
        .map(|place| {
            let (client, call) = (clients[place % clients.len()].clone(), call.clone());
            tokio::spawn(async move {
                let mut times = stopwatch()?;
                let mut number = place;
                while number == place || began.elapsed() < time {
                    let sent = Instant::now();
                    call(client.clone(), number).await?;
                    times.saturating_record(sent.elapsed().as_nanos() as u64);
                    number += places;
                }
                anyhow::Ok(times)
            })
        })
        .collect();
    let mut times = stopwatch()?;
    for task in tasks {
        times.add(task.await??)?;
    }
    Ok(Served::of(&times, began.elapsed(), processor_time::spent().saturating_sub(spent)))
}

impl Served {
    /// Calls that took those `times`, in so much `time`, for which so much processor time was `spent`.
    pub fn of(times: &Histogram<u64>, time: Duration, spent: Duration) -> Self {
        let calls = times.len() as f64;
        Self {
            per_second: calls / time.as_secs_f64(),
            p99_ms: times.value_at_quantile(0.99) as f64 / 1e6,
            cpu_us: spent.as_secs_f64() * 1e6 / calls,
        }
    }
}

/// Times in nanoseconds, to three digits.
pub fn stopwatch() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LONGEST.as_nanos() as u64, 3)?)
}
