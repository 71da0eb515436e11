//! A launch on a stream: the plan's steps and bakes, the gates as they are, and beside them a test of fixed size.

use jiff::Timestamp;
use slipway_domain::gate::{Policy, Verdict};
use slipway_domain::launch::Plan;
use slipway_domain::stats::cell::Totals;
use slipway_domain::stats::{Cell, metrics, split};

use crate::stream::Stream;

const HOUR: i64 = 60;
/// Minutes of a stratum of a watch.
const SPAN: i64 = 6 * HOUR;

/// How a launch goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Up by each PASS.
    Ramped,
    /// At the second step for as long as it is looked at.
    Held,
}

/// What a launch is made of.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Predictions a minute.
    pub rate: f64,
    pub course: Course,
    pub days: i64,
}

/// How it ended.
#[derive(Default)]
pub struct End {
    /// After so many hours the gate failed.
    pub failed: Option<f64>,
    /// After so many hours the gate passed for the last time.
    pub passed: Option<f64>,
    /// After so many hours the test of fixed size first said that the candidate is worse.
    pub rival_failed: Option<f64>,
    /// Predictions that the candidate had served by then.
    pub exposed: u64,
}

/// The minutes after the begin at which is looked: each in the first two hours, each tenth to the end of the first day,
/// each hour from then on.
fn next_look(minute: i64) -> i64 {
    let every = if minute < 2 * HOUR {
        1
    } else if minute < 24 * HOUR {
        10
    } else {
        HOUR
    };
    (minute / every + 1) * every
}

/// Runs a launch on `stream`.
pub fn run(stream: &mut Stream<'_>, setting: Setting) -> End {
    let (policy, steps) = (Policy::default(), Plan::default_steps());
    let mut strata: Vec<(i64, Cell, Cell)> = Vec::new();
    let (mut end, mut minute, mut step, mut since) = (End::default(), 0, 0, 0);
    if setting.course == Course::Held {
        step = 1;
    }
    while minute < setting.days * 24 * HOUR {
        let look = next_look(minute);
        if minute % HOUR == 0 {
            stream.turn_hour(minute);
            strata.push((minute, Cell::new(), Cell::new()));
        }
        let drawn = stream.draw(setting.rate * (look - minute) as f64, steps[step].share);
        let (_, candidate, baseline) = strata.last_mut().unwrap();
        candidate.merge(&drawn.candidate);
        baseline.merge(&drawn.baseline);
        end.exposed += drawn.candidate.labelled();
        minute = look;
        let hours = minute as f64 / HOUR as f64;
        if end.rival_failed.is_none() && rival_fails(&strata, &policy) {
            end.rival_failed = Some(hours);
        }
        let next_share = steps.get(step + 1).map_or(1.0, |step| step.share);
        let verdict = split::judge(&views(&strata), None, &policy, next_share).verdict;
        let baked = (minute - since) as u64 * 60 >= steps[step].bake.as_secs();
        match verdict {
            Verdict::Fail => {
                end.failed = Some(hours);
                return end;
            }
            Verdict::Pass if baked && setting.course == Course::Ramped => {
                step += 1;
                since = minute;
                if step + 1 == steps.len() {
                    end.passed = Some(hours);
                    return end;
                }
            }
            _ => {}
        }
    }
    end
}

fn views<'a>(strata: &'a [(i64, Cell, Cell)]) -> Vec<split::Stratum<'a>> {
    let view = |stratum: &'a (i64, Cell, Cell)| split::Stratum {
        start: instant(stratum.0),
        candidate: &stratum.1,
        baseline: &stratum.2,
    };
    strata.iter().map(view).collect()
}

fn instant(minute: i64) -> Timestamp {
    Timestamp::from_second(1_704_067_200 + minute * 60).unwrap()
}

/// |z| at which two tests at 2.5 % each reject.
const CRITICAL: f64 = 2.2414;

/// Welch's tests on the totals, after the same minimum: of the log loss, and of outcome less prediction.
fn rival_fails(strata: &[(i64, Cell, Cell)], policy: &Policy) -> bool {
    let candidate = Cell::merged(strata.iter().map(|stratum| &stratum.1));
    let baseline = Cell::merged(strata.iter().map(|stratum| &stratum.2));
    if candidate.labelled() < policy.least_rows() || candidate.positives() < policy.least_positives() {
        return false;
    }
    let (candidate, baseline) = (candidate.totals(), baseline.totals());
    let loss = |t: &Totals| {
        let mean = t.loss / t.weight;
        (mean, (t.squared_loss / t.weight - mean * mean) / t.weight)
    };
    let error = |t: &Totals| {
        let mean = (t.outcome - t.prediction) / t.weight;
        (mean, (t.squared_error / t.weight - mean * mean) / t.weight)
    };
    let z = |of: fn(&Totals) -> (f64, f64)| {
        let (left, right) = (of(&candidate), of(&baseline));
        (left.0 - right.0) / (left.1 + right.1).sqrt()
    };
    z(loss) > CRITICAL || z(error).abs() > CRITICAL
}

/// Whether a watch of `days` at full exposure convicts the candidate, looked at every six hours, after a week of the
/// baseline alone and two days of an even split; and after how many days. The candidate is `before` up to the watch.
pub fn watch(before: &mut Stream<'_>, after: &mut Stream<'_>, rate: f64, days: i64) -> Option<f64> {
    let draw = |stream: &mut Stream<'_>, minute, share| {
        stream.turn_hour(minute);
        stream.draw(rate * SPAN as f64, share)
    };
    let policy = Policy::default();
    let (mut strata, mut reference) = (Vec::new(), Cell::new());
    let mut minute = -9 * 24 * HOUR;
    while minute < days * 24 * HOUR {
        let share = match minute {
            ..-2_880 => 0.0,
            -2_880..0 => 0.5,
            0.. => 1.0,
        };
        let drawn = if minute < 0 { draw(before, minute, share) } else { draw(after, minute, share) };
        reference.merge(&drawn.baseline);
        if share > 0.0 {
            strata.push((minute, drawn.candidate, drawn.baseline));
        }
        minute += SPAN;
        if minute <= 0 {
            continue;
        }
        let calibration = metrics::calibration(&reference.totals());
        if split::judge(&views(&strata), calibration, &policy, 1.0).verdict == Verdict::Fail {
            return Some(minute as f64 / (24 * HOUR) as f64);
        }
    }
    None
}
