//! What becomes of a registry at three times its capacity: how much of its best goodput is left meanwhile, what it
//! refuses, and how soon it is itself again.
//!
//! Goodput is answers within the deadline. The service has a process and a core to itself, and the load another core, so
//! that neither takes from the other unseen; how much of its core each used is told beside the figures.

mod mix;
mod offer;
mod recovery;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::{Map, json};

use crate::core::{LOAD, pinned};
use crate::figures::{Figures, Goal, Line};
use crate::own_process::{Cores, Service};
use crate::processor_time;
use crate::turns::Compared;
use mix::Mix;
use offer::{Offer, Tally};
use recovery::Usual;

/// What is measured before and after an overload takes no less: in less nothing may be answered at all.
const SHORTEST: Duration = Duration::from_millis(300);

/// How many connections carry the load.
const CONNECTIONS: usize = 64;

/// Until when an answer is worth something to who asked, from the moment at which the question was due.
const DEADLINE: Duration = Duration::from_secs(1);

/// How much is offered, in capacities: while the service is overloaded, and before and after that.
const OVER: f64 = 3.0;
const USUAL: f64 = 0.5;

/// How many calls are under way at once while it is looked for how many are to be offered.
const UNDER_WAY: [usize; 5] = [8, 16, 32, 64, 128];

/// More and more calls are offered for the best goodput, by this factor, for as long as so many of them are answered in
/// time.
const MORE: f64 = 1.15;
const ANSWERED: f64 = 0.9;

/// What is to be left of the best goodput.
const GOAL: Goal = Goal::Ratio(0.8);

/// How long the service may need to be itself again, in seconds.
const RECOVERED: f64 = 2.0;

/// Overloads a registry for `time`.
///
/// # Errors
/// When the service fails, or the load can't be made.
pub fn measure(time: Duration, folder: &Path) -> Result<Figures> {
    let mut service = Service::start(folder, Cores::One)?;
    let load = Load { address: service.address.clone(), process: service.process(), time };
    // A thread of its own, because the core belongs to the thread from here on.
    let loading = std::thread::spawn(move || pinned(LOAD, || load.run()));
    let measured = loading.join().map_err(|_| anyhow!("the load broke off"))??;
    service.stop()?;
    Ok(figures(&measured))
}

/// The load on one service.
struct Load {
    address: String,
    /// The process of the service.
    process: u32,
    time: Duration,
}

/// What it came to.
struct Measured {
    /// The best goodput, when so many calls were offered a second.
    best: (f64, f64),
    usual: Usual,
    overloaded: Tally,
    /// Seconds; none when it was not itself again while it was looked at.
    recovery: Option<f64>,
    /// The best goodput afterwards.
    after: f64,
    /// How much of its core the service used while it was overloaded, and the load of its own.
    cores: [f64; 2],
}

impl Load {
    fn run(self) -> Result<Measured> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.measure())
    }

    async fn measure(self) -> Result<Measured> {
        let Self { address, process, time } = self;
        let mix = Mix::start(&address, CONNECTIONS).await?;
        let short = (time / 10).max(SHORTEST);
        let best = best(&mix, short).await?;
        let usual = Offer::send(&mix, best.0 * USUAL, short).await.ended().await;
        let usual = Usual::of(&usual).context("nothing was answered at half load")?;
        let spent = || [processor_time::spent_by(process), processor_time::spent()];
        let before = spent();
        let over = Offer::send(&mix, best.0 * OVER, time).await;
        let cores = std::array::from_fn(|at| (spent()[at].saturating_sub(before[at])).div_duration_f64(time));
        // The usual load follows at once, while the last calls of the overload are still under way.
        let later = Offer::send(&mix, best.0 * USUAL, short.max(2 * DEADLINE)).await;
        let (over, later) = (over.ended().await, later.ended().await);
        let after = goodput(&mix, best.1, short).await;
        let overloaded = Tally::of(&over, time);
        Ok(Measured { best, usual, overloaded, recovery: recovery::seconds(&later, usual), after, cores })
    }
}

/// The best goodput, and how many calls a second are to be offered for it. Callers that wait for each answer find where
/// it is about; those that don't have the service read many calls at once, which gets more out of it.
async fn best(mix: &Mix, time: Duration) -> Result<(f64, f64)> {
    let mut offered = 0.0;
    for under_way in UNDER_WAY {
        offered = mix.goodput(under_way, time / 2).await?.max(offered);
    }
    let mut best = (0.0, offered);
    loop {
        let good = goodput(mix, offered, time).await;
        best = if good > best.0 { (good, offered) } else { best };
        if good < offered * ANSWERED {
            return Ok(best);
        }
        offered *= MORE;
    }
}

/// Answers a second within the deadline when so many calls are `offered` a second.
async fn goodput(mix: &Mix, offered: f64, time: Duration) -> f64 {
    Tally::of(&Offer::send(mix, offered, time).await.ended().await, time).goodput
}

fn figures(measured: &Measured) -> Figures {
    let Measured { best: (best, best_offered), usual, overloaded, recovery, after, cores: [service, load] } = measured;
    let Tally { offered, goodput, p50_ms, p99_ms, late_ms, refused } = overloaded;
    let recovery_s = recovery.unwrap_or(f64::INFINITY);
    let line = |what: &str, [ours, limit]: [f64; 2], of, goal| {
        let figure = Compared { ours, limit, ratio: ours / limit };
        Line { what: what.to_owned(), figure, limit: of, goal }
    };
    let goal = Some(Goal::AtMost(RECOVERED));
    let lines = vec![
        line("goodput at 3 times the load, calls/s", [*goodput, *best], "best goodput", Some(GOAL)),
        line("p99 of what was answered then, ms", [*p99_ms, usual.p99_ms], "at half load", None),
        line("s until it is as before", [recovery_s, RECOVERED], "what is promised", goal),
    ];
    let notes = vec![
        format!("{} Goodput is answers within {} s.", mix::WORDS, DEADLINE.as_secs()),
        format!(
            "The best goodput is that of {best_offered:.0} calls offered a second; afterwards it was {after:.0}/s."
        ),
        format!(
            "{offered:.0} calls/s were offered by {CONNECTIONS} connections, due at even times, 99 of 100 of them sent"
        ),
        format!(
            "within {late_ms:.1} ms of theirs. The service used {service:.2} of its core, the load {load:.2} of its own."
        ),
    ];
    let json = [
        ("best_goodput_per_s", json!(best)),
        ("best_goodput_after_per_s", json!(after)),
        ("best_offered_per_s", json!(best_offered)),
        ("offered_per_s", json!(offered)),
        ("overloaded_goodput_per_s", json!(goodput)),
        ("overloaded_ratio", json!(goodput / best)),
        ("overloaded_p50_ms", json!(p50_ms)),
        ("overloaded_p99_ms", json!(p99_ms)),
        ("half_load_p99_ms", json!(usual.p99_ms)),
        ("sent_late_p99_ms", json!(late_ms)),
        ("not_in_time_per_s", json!(refused)),
        ("recovery_s", json!(recovery)),
        ("service_core_share", json!(service)),
        ("load_core_share", json!(load)),
    ];
    Figures { lines, notes, json: Map::from_iter(json.map(|(name, value)| (name.to_owned(), value))) }
}
