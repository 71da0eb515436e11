//! Whether the gates keep their promise: launches of sound candidates and of bad ones on simulated streams, looked at all
//! the time. Of the sound ones at most alpha, 5 %, may ever be rolled back; beside it, on the same streams, what a test at
//! p < 0.05 at every look would have done.
//!
//! `cargo run --release -p slipway-domain --example gate_validity [LAUNCHES]`
//!
//! Looked at every minute in the first two hours, every ten minutes in the first day, every hour from then on. Outcomes
//! are known at once.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example that prints its measurement")]

mod launch;
mod stream;

use launch::{Course, End, Setting};
use stream::{Model, Stream, Versions, Weather};

/// Independent outcomes.
const CLEAR: Weather = Weather { day: 0.0, hour: 0.0, own_day: 0.0, own_hour: 0.0 };
/// Both arms share the weather of the day and of the hour, as much as the flights do.
const SHARED: Weather = Weather { day: 0.3, hour: 0.3, ..CLEAR };
/// The candidate also takes the weather otherwise than the baseline, as much as v2 of the flights does.
const OWN: Weather = Weather { own_day: 0.04, own_hour: 0.07, ..SHARED };
const RATES: [f64; 3] = [60.0, 600.0, 6000.0];

fn main() {
    let launches = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(200);
    let candidates = [
        ("equal", Model::SOUND),
        ("NE 1 % worse", Model::worse(0.01)),
        ("calibration 5 % off", Model { calibration: 1.05, ..Model::SOUND }),
        ("calibration 10 % off", Model { calibration: 1.1, ..Model::SOUND }),
        ("calibration 20 % off", Model { calibration: 1.2, ..Model::SOUND }),
        ("NE 5 % worse", Model::worse(0.05)),
    ];
    println!(
        "{:<24} {:<22} {:>5}  {:>7} {:>9} {:>11} {:>8} {:>9}  {:>7} {:>9}",
        "weather", "candidate", "rate", "failed", "after, h", "exposed", "passed", "after, h", "p<0.05", "after, h"
    );
    for (weather_name, weather) in
        [("independent", CLEAR), ("shared by both arms", SHARED), ("and the candidate's own", OWN)]
    {
        for (name, model) in candidates {
            let versions = Versions::new(model);
            for rate in RATES {
                let setting = Setting { rate, course: Course::Ramped, days: 4 };
                row(weather_name, name, setting, &ends(&versions, weather, setting, launches));
            }
        }
        let versions = Versions::new(Model::SOUND);
        for rate in RATES {
            let setting = Setting { rate, course: Course::Held, days: 7 };
            row(weather_name, "equal, held at 25 %", setting, &ends(&versions, weather, setting, launches));
        }
        watches(weather_name, weather, launches);
    }
}

fn ends(versions: &Versions, weather: Weather, setting: Setting, launches: u64) -> Vec<End> {
    (0..launches).map(|seed| launch::run(&mut Stream::new(versions, weather, seed), setting)).collect()
}

fn row(weather: &str, candidate: &str, setting: Setting, ends: &[End]) {
    let column = |of: fn(&End) -> Option<f64>| {
        let times: Vec<f64> = ends.iter().filter_map(of).collect();
        (100.0 * times.len() as f64 / ends.len() as f64, median(times))
    };
    let (failed, passed, rival) = (column(|end| end.failed), column(|end| end.passed), column(|end| end.rival_failed));
    let exposed = median(ends.iter().filter(|end| end.failed.is_some()).map(|end| end.exposed as f64).collect());
    println!(
        "{weather:<24} {candidate:<22} {:>5}  {:>5.0} % {:>9} {exposed:>11} {:>6.0} % {:>9}  {:>5.0} % {:>9}",
        setting.rate, failed.0, failed.1, passed.0, passed.1, rival.0, rival.1
    );
}

fn watches(weather: &str, of: Weather, launches: u64) {
    let sound = Versions::new(Model::SOUND);
    for (name, calibration) in [("equal", 1.0), ("from then on 20 % off", 1.2), ("from then on 50 % off", 1.5)] {
        let versions = Versions::new(Model { calibration, ..Model::SOUND });
        let watch = |seed| {
            let streams = [Stream::new(&sound, of, seed), Stream::new(&versions, of, seed + launches)];
            let [mut before, mut after] = streams;
            launch::watch(&mut before, &mut after, 600.0, 30)
        };
        let failed: Vec<f64> = (0..launches).filter_map(watch).collect();
        let share = 100.0 * failed.len() as f64 / launches as f64;
        println!(
            "{weather:<24} {name:<22} watched alone for 30 days: {share:.0} % failed, after days: {}",
            median(failed)
        );
    }
}

/// As text; empty if there is none.
fn median(mut numbers: Vec<f64>) -> String {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).map_or_else(String::new, |median| format!("{median:.1}"))
}
