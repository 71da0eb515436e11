//! Replays launches on the summer of flights, and prints how they end: random splits on the ramp, and every first day
//! of the summer in shadow and alone.
//!
//! `cargo run --release -p slipway-domain --example flights_gates [SPLITS [MINUTES_BETWEEN_LOOKS]]`
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example that prints its measurement")]

use slipway_domain::gate::{Deciding, Policy, Verdict};

#[path = "../../tests/stats/flights.rs"]
mod flights;
#[path = "../../tests/stats/replay.rs"]
mod replay;

use replay::{End, Schedule, Versions};

const DAY: i64 = 24 * 60;

fn main() {
    let argument = |at: usize| std::env::args().nth(at).and_then(|text| text.parse::<u64>().ok());
    let (splits, every) = (argument(1).unwrap_or(150), argument(2).map_or(DAY, |minutes| minutes as i64));
    let flights = flights::all();
    let policy = Policy::default();
    println!("ramp 5 → 25 → 50 → 100 %, {splits} random splits from 1 June, looked at every {every} minutes");
    for (name, candidate) in [("v1 over v1", 0), ("v2 over v1", 1), ("v3 over v1", 2), ("v4 over v1", 3)] {
        let versions = Versions { candidate, baseline: 0 };
        let schedule = Schedule { first_day: 0, every, days: 92 };
        let ends: Vec<End> =
            (0..splits).map(|salt| replay::ramp(&flights, versions, salt, schedule, &policy)).collect();
        print_ends(name, &ends);
    }
    println!("\nalone after full exposure, begun on each of 70 days, looked at hourly for 14 days");
    for (name, candidate) in [("v1", 0), ("v2", 1), ("v3", 2), ("v4", 3)] {
        let versions = Versions { candidate, baseline: 0 };
        let run = |first_day| replay::alone(&flights, versions, Schedule { first_day, every: 60, days: 14 }, &policy);
        print_ends(name, &(7..77).map(run).collect::<Vec<_>>());
    }
    println!("\nshadow, begun on each of 78 days, looked at hourly for 14 days, passing after 3 days at the earliest");
    for (name, candidate) in [("v1 over v1", 0), ("v2 over v1", 1), ("v3 over v1", 2), ("v4 over v1", 3)] {
        let versions = Versions { candidate, baseline: 0 };
        let run =
            |first_day| replay::shadow(&flights, versions, 3, Schedule { first_day, every: 60, days: 14 }, &policy);
        print_ends(name, &(0..78).map(run).collect::<Vec<_>>());
    }
}

fn print_ends(name: &str, ends: &[End]) {
    let of = |verdict: Verdict| ends.iter().filter(|end| end.verdict == verdict).collect::<Vec<_>>();
    let (failed, passed, open) = (of(Verdict::Fail), of(Verdict::Pass), of(Verdict::Inconclusive));
    println!("{name}: {} failed, {} passed, {} undecided", failed.len(), passed.len(), open.len());
    for (verb, ends) in [("failed", failed), ("passed", passed)] {
        if ends.is_empty() {
            continue;
        }
        let days = quantiles(ends.iter().map(|end| end.days).collect());
        let exposed = quantiles(ends.iter().map(|end| end.exposed as f64).collect());
        let exposed = exposed.map(|flights| flights as u64);
        println!("    {verb}: days {days:.1?}, flights exposed {exposed:?} (10, 50, 90, 100 %)");
        println!("    first: {}", ends[0].judgement.reasons.join(" "));
        for deciding in [Deciding::Calibration, Deciding::NormalizedEntropy] {
            let decided = ends.iter().filter(|end| end.judgement.deciding == Some(deciding)).count();
            if decided > 0 {
                println!("    decided by {}: {decided}", deciding.name());
            }
        }
    }
    open.iter().take(1).for_each(|end| println!("    open: at {} {}", end.share, end.judgement.reasons.join(" ")));
}

/// The 10, 50, 90 and 100 % quantiles.
fn quantiles(mut numbers: Vec<f64>) -> [f64; 4] {
    numbers.sort_by(f64::total_cmp);
    [0.1, 0.5, 0.9, 1.0].map(|share| numbers[(share * (numbers.len() - 1) as f64).round() as usize])
}
