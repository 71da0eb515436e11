//! The flights of summer 2013, with units whose place in the split does not depend on the model's salt.

use std::io::Read;
use std::time::Duration;

use jiff::Timestamp;
use slipway_domain::traffic::{BUCKETS, bucket};

const FLIGHTS: &[u8] = include_bytes!("../../crates/cli/data/flights.csv.gz");

/// The split that the story was written for: a salt is the registry's choice, and one launch in a hundred good ones meets
/// a storm that looks like the candidate's fault.
const REFERENCE_SALT: &str = "summer";

/// How fine a unit's place is kept: the shares of the story are whole percents.
const BUCKETS_A_PERCENT: u32 = BUCKETS / 100;

/// One departure.
pub struct Flight {
    pub unit: String,
    pub takeoff: Timestamp,
    pub known_at: Timestamp,
    pub late: bool,
    pub v1: f32,
    pub v2: f32,
}

/// The first `days` of the summer, in order of take-off, for a model with this salt.
pub fn flights(salt: &str, days: u32) -> Vec<Flight> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(FLIGHTS).read_to_string(&mut text).unwrap();
    let end = start().saturating_add(Duration::from_secs(86_400 * u64::from(days))).unwrap();
    let flights = text.lines().skip(1).map(|line| parse(line, salt));
    flights.take_while(|flight| flight.takeoff < end).collect()
}

/// The midnight before the first flight.
pub fn start() -> Timestamp {
    "2013-06-01T00:00:00Z".parse().unwrap()
}

fn parse(line: &str, salt: &str) -> Flight {
    let columns: Vec<&str> = line.split(',').collect();
    let [id, takeoff, known_after, late, v1, v2, _, _] = columns[..] else { panic!("{line}") };
    let takeoff: Timestamp = takeoff.replace('Z', ":00Z").parse().unwrap();
    let known_after = Duration::from_secs(60 * known_after.parse::<u64>().unwrap());
    Flight {
        unit: placed(id, salt),
        takeoff,
        known_at: takeoff.saturating_add(known_after).unwrap(),
        late: late == "1",
        v1: v1.parse().unwrap(),
        v2: v2.parse().unwrap(),
    }
}

/// The flight's id with an ending that puts it, under `salt`, into the percent that it has under the reference salt.
fn placed(id: &str, salt: &str) -> String {
    let percent = |salt: &str, unit: &str| bucket(salt, unit) / BUCKETS_A_PERCENT;
    let wanted = percent(REFERENCE_SALT, id);
    (0_u32..).map(|ending| format!("{id}#{ending}")).find(|unit| percent(salt, unit) == wanted).unwrap()
}
