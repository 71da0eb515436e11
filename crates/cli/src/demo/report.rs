//! How the summer went: each launch, who was exposed, where the time went, and who serves at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Serialize;
use slipway_sdk::pb;

use super::driver::Flown;
use super::flights::{Figures, Flights, VERSIONS};
use super::stage::Stage;
use crate::output::line;
use crate::table::Table;
use crate::text;

/// How the summer went.
#[derive(Debug, Serialize)]
pub struct Report {
    launches: Vec<Launch>,
    /// Buckets by version.
    traffic: BTreeMap<String, i32>,
    /// Flights that were flown.
    flights: u64,
    /// Outcomes that the health monitor counted, over all versions.
    counted: i64,
    /// Figures of each version over all flights, whoever served them.
    metrics: BTreeMap<String, Figures>,
    /// How long it took, in seconds.
    seconds: f64,
}

/// How one launch went.
#[derive(Debug, Serialize)]
struct Launch {
    version: String,
    state: String,
    exposed: u64,
    reason: String,
    evidence: Option<Evidence>,
    stages: Vec<StageTime>,
}

/// The last evidence of a launch.
#[derive(Debug, Serialize)]
struct Evidence {
    verdict: String,
    deciding: String,
    explanation: String,
    candidate: Arm,
    baseline: Arm,
    calibration_ratio: [Option<f64>; 3],
    relative_loss: [Option<f64>; 3],
}

/// One side of it.
#[derive(Debug, Default, Serialize)]
struct Arm {
    rows: i64,
    calibration: Option<f64>,
    ne: Option<f64>,
}

/// How long a launch was in a state.
#[derive(Debug, Serialize)]
struct StageTime {
    state: String,
    seconds: i64,
}

impl Report {
    /// Asks the services how it went.
    pub async fn gather(stage: &Stage, flights: &Flights, flown: Flown, took: Duration) -> Result<Self> {
        let launches = stage.launches.borrow().clone();
        let traffic = stage.registry.get_traffic(&stage.model).await.context("reading the traffic")?;
        let mut buckets = BTreeMap::new();
        for range in &traffic.ranges {
            *buckets.entry(called(&range.version)).or_default() += range.end - range.start;
        }
        let mut counted = 0;
        let mut metrics = BTreeMap::new();
        for number in 1..=VERSIONS as u64 {
            metrics.insert(format!("v{number}"), flights.figures(number)?);
            let name = stage.version(number).to_string();
            let request = pb::GetHealthRequest { name, include_immature: true, ..Default::default() };
            // A version that never served has no health.
            counted += stage.health.get_health(request).await.map_or(0, |health| health.rows);
        }
        Ok(Self {
            launches: launches.iter().map(|launch| told(stage, launch)).collect(),
            traffic: buckets,
            flights: flown.flights - flown.unserved,
            counted,
            metrics,
            seconds: took.as_secs_f64(),
        })
    }

    /// Whether every launch ended as it should, and nothing was lost or counted twice.
    pub fn is_as_it_should_be(&self) -> bool {
        let [v2, v3, v4] = &self.launches[..] else { return false };
        // v3 is expected to fail on calibration and v4 on NE, but either costs the other, too: about one time in ten that
        // is proven first, by the split, which is another one in each demo.
        let decided = |launch: &Launch| {
            let by = launch.evidence.as_ref().map(|evidence| evidence.deciding.as_str());
            matches!(by, Some("calibration" | "normalized_entropy"))
        };
        let good = v2.state == "SUCCEEDED";
        let in_shadow = v3.state == "ROLLED_BACK" && v3.exposed == 0 && decided(v3);
        let on_ramp = v4.state == "ROLLED_BACK" && v4.exposed > 0 && decided(v4);
        let traffic = self.traffic == BTreeMap::from([("v2".to_owned(), 100_000)]);
        good && in_shadow && on_ramp && traffic && u64::try_from(self.counted) == Ok(self.flights)
    }

    /// Prints it: one object for a program, tables for a person.
    pub fn print(&self, json: impl Into<Form>) -> Result<()> {
        match json.into() {
            Form::Json => line(&serde_json::to_string(self)?),
            Form::Tables => line(&self.tables()),
        }
    }

    fn tables(&self) -> String {
        let mut launches = Table::new(&["version", "end", "exposed", "why"]);
        let mut arms = Table::new(&["version", "arm", "rows", "calibration", "NE", "loss to baseline"]);
        let mut times = Table::new(&["version", "stage", "time"]);
        for launch in &self.launches {
            let exposed = format!("{} flights", launch.exposed);
            launches.add([&launch.version, &launch.state, &exposed, &launch.reason]);
            for (name, arm, loss) in launch.evidence.iter().flat_map(Evidence::arms) {
                let figures = [text::number(arm.calibration), text::number(arm.ne), loss];
                let row = [launch.version.clone(), name.to_owned(), arm.rows.to_string()];
                arms.add(row.into_iter().chain(figures));
            }
            for stage in &launch.stages {
                let time = Duration::from_secs(stage.seconds.unsigned_abs());
                times.add([launch.version.clone(), stage.state.clone(), text::duration(time)]);
            }
        }
        let mut metrics = Table::new(&["version", "calibration", "log loss", "NE", "AUC"]);
        for (version, figures) in &self.metrics {
            let numbers = [figures.calibration, figures.log_loss, figures.ne, figures.auc];
            metrics.add([version.clone()].into_iter().chain(numbers.map(|number| format!("{number:.5}"))));
        }
        let shares = self
            .traffic
            .iter()
            .map(|(version, buckets)| format!("{version} serves {}", text::percent(f64::from(*buckets) / 100_000.0)));
        format!(
            "Launches\n{launches}\n\nTheir last evidence\n{arms}\n\nTime by stage\n{times}\n\n\
             All versions over all flights, scored offline\n{metrics}\n\n\
             {} flights, {} outcomes counted, {}; {:.0} seconds.",
            self.flights,
            self.counted,
            shares.collect::<Vec<_>>().join(", "),
            self.seconds,
        )
    }
}

/// How a report is printed.
pub enum Form {
    /// One object.
    Json,
    /// For a person.
    Tables,
}

impl From<bool> for Form {
    fn from(json: bool) -> Self {
        if json { Self::Json } else { Self::Tables }
    }
}

impl Evidence {
    fn arms(&self) -> [(&'static str, &Arm, String); 2] {
        let [value, lower, upper] = self.relative_loss;
        let loss = text::estimate(Some(&pb::Estimate { value, lower, upper }));
        [("candidate", &self.candidate, loss), ("baseline", &self.baseline, String::new())]
    }
}

/// A version as people call it.
fn called(version: &str) -> String {
    format!("v{}", text::id(version))
}

fn told(stage: &Stage, launch: &pb::Launch) -> Launch {
    let number = text::id(&launch.candidate).parse().unwrap_or(0);
    Launch {
        version: called(&launch.candidate),
        state: launch.state().as_str_name().trim_start_matches("LAUNCH_STATE_").to_owned(),
        exposed: stage.exposed(number),
        reason: launch.reason.clone(),
        evidence: launch.evidence.as_ref().map(evidence),
        stages: stages(launch),
    }
}

fn evidence(evidence: &pb::Evidence) -> Evidence {
    let arm = |arm: &Option<pb::Arm>| {
        arm.as_ref().map_or_else(Arm::default, |arm| Arm {
            rows: arm.rows,
            calibration: arm.calibration,
            ne: arm.normalized_entropy,
        })
    };
    let ends = |estimate: &Option<pb::Estimate>| {
        estimate.as_ref().map_or([None; 3], |estimate| [estimate.value, estimate.lower, estimate.upper])
    };
    Evidence {
        verdict: evidence.verdict().as_str_name().trim_start_matches("GATE_VERDICT_").to_owned(),
        deciding: evidence.deciding.clone(),
        explanation: evidence.explanation.clone(),
        candidate: arm(&evidence.candidate),
        baseline: arm(&evidence.baseline),
        calibration_ratio: ends(&evidence.calibration_ratio),
        relative_loss: ends(&evidence.relative_loss),
    }
}

/// The time between each transition and the next, by state and step.
fn stages(launch: &pb::Launch) -> Vec<StageTime> {
    let at = |entry: &pb::Transition| {
        entry.time.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok()).map_or(0, Timestamp::as_second)
    };
    let steps = launch.plan.as_ref().map_or(&[][..], |plan| &plan.steps);
    let name = |entry: &pb::Transition| {
        let state = entry.state().as_str_name().trim_start_matches("LAUNCH_STATE_").to_owned();
        let step = usize::try_from(entry.step).ok().and_then(|step| steps.get(step));
        match (entry.state(), step) {
            (pb::LaunchState::Ramping, Some(step)) => format!("{state} {}", text::percent(step.share)),
            _ => state,
        }
    };
    let pairs = launch.transitions.iter().zip(launch.transitions.iter().skip(1));
    let mut stages: Vec<StageTime> = Vec::new();
    for (entry, next) in pairs {
        let (state, seconds) = (name(entry), at(next) - at(entry));
        match stages.last_mut().filter(|last| last.state == state) {
            Some(last) => last.seconds += seconds,
            // A state that was passed through is no stage that took time.
            None if seconds > 0 => stages.push(StageTime { state, seconds }),
            None => {}
        }
    }
    stages
}
