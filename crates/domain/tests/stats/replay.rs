//! A launch replayed on the flights: every look at the gate sees what would have been known by then.

use jiff::Timestamp;
use slipway_domain::gate::{Policy, Verdict};
use slipway_domain::stats::{Cell, Columns, Judgement, PairedCell, PairedColumns, fold, fold_paired};
use slipway_domain::stats::{shadow, split};

use crate::flights::Flight;

/// Minutes of a stratum.
const STRATUM: i64 = 60;
/// Minutes after which every outcome is known.
const MATURITY: i64 = 360;
const DAY: i64 = 24 * 60;
/// The shares of a ramp.
const SHARES: [f64; 4] = [0.05, 0.25, 0.5, 1.0];

/// Which of a flight's scores are the candidate's and the baseline's.
#[derive(Clone, Copy)]
pub struct Versions {
    pub candidate: usize,
    pub baseline: usize,
}

/// How a replayed launch ended.
#[derive(Clone, Debug)]
pub struct End {
    /// The last answer.
    pub verdict: Verdict,
    /// Days from the start to the last answer.
    pub days: f64,
    /// Flights that the candidate served.
    pub exposed: usize,
    /// The highest share that was reached.
    pub share: f64,
    /// The last judgement.
    pub judgement: Judgement,
}

/// When a replay begins, and how often it looks.
#[derive(Clone, Copy)]
pub struct Schedule {
    /// The first day, counted from 0.
    pub first_day: i64,
    /// Minutes between two looks.
    pub every: i64,
    /// Days after which it is given up.
    pub days: i64,
}

impl Schedule {
    fn looks(&self) -> impl Iterator<Item = i64> + use<> {
        let (start, every, end) = (self.first_day * DAY, self.every, (self.first_day + self.days).min(92) * DAY);
        (1..).map(move |look| start + look * every).take_while(move |at| *at <= end)
    }
}

fn instant(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

/// Candidate and baseline on a split that grows 5 → 25 → 50 → 100 % by the gate's answers; `salt` makes the split.
pub fn ramp(flights: &[Flight], versions: Versions, salt: u64, schedule: Schedule, policy: &Policy) -> End {
    let mut arms = Arms { strata: Vec::new(), exposed: 0 };
    let (mut step, mut next) = (0, flights.partition_point(|flight| flight.takeoff < schedule.first_day * DAY));
    let mut last = None;
    for at in schedule.looks() {
        while next < flights.len() && flights[next].takeoff < at {
            arms.take_off(&flights[next], versions, arm(&flights[next].id, salt, SHARES[step]));
            next += 1;
        }
        let judgement = arms.judge(at, None, policy, SHARES[step + 1]);
        let verdict = judgement.verdict;
        let days = (at - schedule.first_day * DAY) as f64 / DAY as f64;
        step += usize::from(verdict == Verdict::Pass);
        last = Some(End { verdict, days, exposed: arms.exposed, share: SHARES[step], judgement });
        if verdict == Verdict::Fail || step == SHARES.len() - 1 {
            break;
        }
    }
    last.unwrap()
}

fn arm(id: &str, salt: u64, share: f64) -> Arm {
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), salt);
    if ((hash % 100_000) as f64) < share * 100_000.0 { Arm::Candidate } else { Arm::Baseline }
}

/// Who serves a flight.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arm {
    Candidate,
    Baseline,
}

/// The strata of both arms so far.
struct Arms {
    strata: Vec<(i64, [Cell; 2])>,
    exposed: usize,
}

impl Arms {
    fn take_off(&mut self, flight: &Flight, versions: Versions, arm: Arm) {
        let start = flight.takeoff / STRATUM * STRATUM;
        if self.strata.last().is_none_or(|stratum| stratum.0 != start) {
            self.strata.push((start, Default::default()));
        }
        let cells = &mut self.strata.last_mut().unwrap().1;
        let (cell, version) = match arm {
            Arm::Candidate => (&mut cells[0], versions.candidate),
            Arm::Baseline => (&mut cells[1], versions.baseline),
        };
        let columns = Columns { predictions: &[flight.scores[version]], outcomes: &[flight.late], weights: &[] };
        fold(cell, &columns).unwrap();
        self.exposed += usize::from(arm == Arm::Candidate);
    }

    fn judge(&self, at: i64, reference: Option<f64>, policy: &Policy, next_share: f64) -> Judgement {
        let mature = self.strata.iter().filter(|stratum| stratum.0 + STRATUM + MATURITY <= at);
        let strata: Vec<split::Stratum<'_>> = mature
            .map(|(start, [candidate, baseline])| split::Stratum { start: instant(*start), candidate, baseline })
            .collect();
        split::judge(&strata, reference, policy, next_share)
    }
}

/// A candidate that serves alone from the schedule's first day on, after a week in which its baseline did, until it is
/// failed.
pub fn alone(flights: &[Flight], versions: Versions, schedule: Schedule, policy: &Policy) -> End {
    let (start, week) = (schedule.first_day * DAY, (schedule.first_day - 7) * DAY);
    let before = flights.iter().filter(|flight| (week..start).contains(&flight.takeoff));
    let (predicted, late) = before.fold((0.0, 0.0), |(predicted, late), flight| {
        (predicted + f64::from(flight.scores[versions.baseline]), late + f64::from(u8::from(flight.late)))
    });
    let mut arms = Arms { strata: Vec::new(), exposed: 0 };
    let mut next = flights.partition_point(|flight| flight.takeoff < start);
    let mut last = None;
    for at in schedule.looks() {
        while next < flights.len() && flights[next].takeoff < at {
            arms.take_off(&flights[next], versions, Arm::Candidate);
            next += 1;
        }
        let judgement = arms.judge(at, Some(predicted / late), policy, 1.0);
        let (verdict, days) = (judgement.verdict, (at - start) as f64 / DAY as f64);
        last = Some(End { verdict, days, exposed: arms.exposed, share: 1.0, judgement });
        if verdict == Verdict::Fail {
            break;
        }
    }
    last.unwrap()
}

/// Candidate and baseline on the same flights until the gate passes or fails, though not before `least_days`.
pub fn shadow(flights: &[Flight], versions: Versions, least_days: i64, schedule: Schedule, policy: &Policy) -> End {
    let cells = hours(flights, versions, schedule);
    let mut last = None;
    for at in schedule.looks() {
        let mature = cells.iter().filter(|stratum| stratum.0 + STRATUM + MATURITY <= at);
        let strata: Vec<shadow::Stratum<'_>> =
            mature.map(|(start, cell)| shadow::Stratum { start: instant(*start), cell }).collect();
        let judgement = shadow::judge(&strata, policy, SHARES[0]);
        let verdict = judgement.verdict;
        let minutes = at - schedule.first_day * DAY;
        let days = minutes as f64 / DAY as f64;
        last = Some(End { verdict, days, exposed: 0, share: 0.0, judgement });
        if verdict == Verdict::Fail || (verdict == Verdict::Pass && minutes >= least_days * DAY) {
            break;
        }
    }
    last.unwrap()
}

/// A paired cell an hour, from the schedule's first day on.
fn hours(flights: &[Flight], versions: Versions, schedule: Schedule) -> Vec<(i64, PairedCell)> {
    let window = schedule.first_day * DAY..(schedule.first_day + schedule.days) * DAY;
    let chosen: Vec<&Flight> = flights.iter().filter(|flight| window.contains(&flight.takeoff)).collect();
    let hours = chosen.chunk_by(|left, right| left.takeoff / STRATUM == right.takeoff / STRATUM);
    let cell = |hour: &[&Flight]| {
        let score = |version: usize| hour.iter().map(|flight| flight.scores[version]).collect::<Vec<_>>();
        let outcomes: Vec<bool> = hour.iter().map(|flight| flight.late).collect();
        let (candidate, baseline) = (score(versions.candidate), score(versions.baseline));
        let columns = PairedColumns { candidate: &candidate, baseline: &baseline, outcomes: &outcomes, weights: &[] };
        let mut cell = PairedCell::new();
        fold_paired(&mut cell, &columns).unwrap();
        cell
    };
    hours.map(|hour| (hour[0].takeoff / STRATUM * STRATUM, cell(hour))).collect()
}
