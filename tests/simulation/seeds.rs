//! Which seeds are tried, on how many threads, and what is told when one of them fails.
//!
//! `SLIPWAY_SEEDS=500` tries so many, and `SLIPWAY_SEED=17` tries that one alone and tells its whole history.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::history::History;
use crate::world::{Setup, live};

/// How many facts are told before a breach.
const TOLD: usize = 80;

/// What the environment asks for; what is no number must not pass for being silent.
fn asked(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}; write a number, as {name}=17")))
}

/// Lives through the worlds of `count` seeds, or of those that the environment asks for, and panics with everything that
/// `check` finds wrong with them.
pub fn over(count: u64, test: &str, check: impl Fn(&History) -> Vec<String> + Sync) {
    let (first, end) = match asked("SLIPWAY_SEED") {
        Some(seed) => (seed, seed + 1),
        None => (0, asked("SLIPWAY_SEEDS").unwrap_or(count)),
    };
    let next = AtomicU64::new(first);
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let broken = try_one(seed, &check);
                    if !broken.is_empty() {
                        let replay = format!(
                            "SLIPWAY_SEED={seed} cargo test --workspace --test simulation {test} -- --nocapture"
                        );
                        let text = format!("seed {seed}, replay with\n  {replay}\n{}", broken.join("\n"));
                        failed.lock().expect("nobody panics while holding it").push(text);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("nobody panicked while holding it");
    assert!(failed.is_empty(), "{} worlds are broken:\n{}", failed.len(), failed.join("\n\n"));
}

/// Lives through the world of `seed` and says what is broken in it.
fn try_one(seed: u64, check: &(impl Fn(&History) -> Vec<String> + Sync)) -> Vec<String> {
    // A world that panics is told like one that breaks a claim.
    let lived = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| live(Setup::of(seed))));
    let Ok(history) = lived else { return vec!["the world broke off".to_owned()] };
    let broken = check(&history);
    if asked("SLIPWAY_SEED").is_some() || !broken.is_empty() {
        tell(&history);
    }
    broken
}

/// Prints what happened: the last of it, or all if a seed was asked for.
#[expect(clippy::print_stdout, reason = "a failing test tells what happened before it failed")]
fn tell(history: &History) {
    let told = if asked("SLIPWAY_SEED").is_some() { history.facts.len() } else { TOLD };
    for line in lines(history).iter().rev().take(told).rev() {
        println!("{line}");
    }
}

/// A history as lines for people.
pub fn lines(history: &History) -> Vec<String> {
    use crate::chronicle::What;
    use crate::history::Seen;
    let told = history.facts.iter().filter_map(|fact| {
        let text = match &fact.what {
            What::Note(text) => text.clone(),
            What::Life(life, what) => format!("{:?} {} {what}", life.role, life.number),
            What::Asked(id, role, fate) => format!("request {id} at {role:?}: {fate:?}"),
            What::Evaluated(asked) => format!("{} is judged {:?}", asked.0.candidate, asked.1.verdict),
            What::Committed(..) | What::Command(..) => return None,
        };
        Some((fact.at, text))
    });
    let seen = history.moments.iter().filter_map(|moment| {
        let text = match &moment.what {
            Seen::Step(step) => {
                let (name, entry) = (&step.after.name, &step.entry);
                let commands = &step.commands;
                format!("{name} {} → {:?}: {} {commands:?}", entry.kind, step.after.stage, entry.description)
            }
            Seen::Write(write) => {
                let ranges: Vec<_> =
                    write.after.ranges.iter().map(|range| (range.version.number, range.end - range.start)).collect();
                let (generation, epoch) = (write.after.generation, write.after.epoch);
                format!("{} is {ranges:?}, {generation}, {epoch}, by {:?}", write.model.traffic(), write.launch)
            }
            Seen::Charge(life, epoch) => format!("{life:?} takes charge under {epoch}"),
            Seen::Evaluated(_) => return None,
        };
        Some((moment.at, text))
    });
    let mut all: Vec<_> = told.chain(seen).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(at, text)| format!("{at} {text}")).collect()
}
