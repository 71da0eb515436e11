//! What a launch is to do, step by step, and whether that makes sense.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fault::Violation;
use crate::gate::Policy;
use crate::traffic::Share;

/// What a launch does, pinned when it is created. [`Plan::default`] is the plan of somebody who states nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Both versions score the same units before any is exposed; none skips that stage.
    pub shadow: Option<Shadow>,
    /// The steps of the ramp, with rising shares that end at 1.
    pub steps: Vec<RampStep>,
    /// What the gates tolerate.
    pub gate: Policy,
    /// How long the old version is kept warm and the new one judged after full exposure, 0 to 90 days.
    pub watch: Duration,
    /// How long a hold may last, 1 minute to 365 days.
    pub hold_deadline: Duration,
    /// What happens when a hold lasts that long.
    pub hold_consequence: Consequence,
    /// How long a launch may wait for an estimate, for approvals or for room, each: 1 minute to 365 days.
    pub wait_deadline: Duration,
    /// How often a gate that is not decided is asked again, 1 second to 1 day.
    pub evaluate_interval: Duration,
    /// How many approvals are wanted before it begins, at most 100.
    pub approvals: u32,
    /// Whether capacity is estimated before it begins.
    pub estimate: bool,
}

/// The stage in which nobody is exposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Shadow {
    /// How long at least, 0 to 90 days.
    pub bake: Duration,
}

/// One step of a ramp.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RampStep {
    /// The candidate's share of the units: above the one before, at most 1.
    pub share: f64,
    /// How long at least the share is held, 0 to 90 days.
    #[serde(default)]
    pub bake: Duration,
}

impl RampStep {
    /// The share in whole buckets; nobody if it is no share at all, which [`Plan::check`] reports.
    #[must_use]
    pub fn exposure(&self) -> Share {
        Share::of_fraction(self.share).unwrap_or(Share::NONE)
    }
}

/// What happens when a hold lasts longer than its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Consequence {
    /// The launch is rolled back; it expires if nobody was exposed yet.
    #[default]
    RollBack,
    /// The launch goes on holding, with a new deadline.
    KeepHolding,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const LONGEST_BAKE: Duration = Duration::from_secs(90 * 86_400);
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 86_400);
const MOST_STEPS: usize = 100;
const MOST_APPROVALS: u32 = 100;

impl Default for Plan {
    fn default() -> Self {
        Self {
            shadow: None,
            steps: Self::default_steps(),
            gate: Policy::default(),
            watch: Duration::ZERO,
            hold_deadline: 30 * DAY,
            hold_consequence: Consequence::RollBack,
            wait_deadline: 30 * DAY,
            evaluate_interval: HOUR,
            approvals: 0,
            estimate: false,
        }
    }
}

impl Plan {
    /// The steps of a plan that states none: 5 %, 25 %, 50 % and 100 %, each baked for an hour.
    #[must_use]
    pub fn default_steps() -> Vec<RampStep> {
        [0.05, 0.25, 0.5, 1.0].into_iter().map(|share| RampStep { share, bake: HOUR }).collect()
    }

    /// Everything that is wrong with the plan, each with its field's path below `plan`: empty if nothing is.
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        let mut found = self.check_steps();
        found.extend(self.gate.check("plan.gate"));
        let shadow = self.shadow.unwrap_or_default().bake;
        for (field, value, least, most) in [
            ("plan.shadow.bake", shadow, Duration::ZERO, LONGEST_BAKE),
            ("plan.watch", self.watch, Duration::ZERO, LONGEST_BAKE),
            ("plan.hold_deadline", self.hold_deadline, MINUTE, LONGEST_WAIT),
            ("plan.wait_deadline", self.wait_deadline, MINUTE, LONGEST_WAIT),
            ("plan.evaluate_interval", self.evaluate_interval, Duration::from_secs(1), DAY),
        ] {
            found.extend(check_duration(field, value, least, most));
        }
        if self.approvals > MOST_APPROVALS {
            found.push(Violation::new("plan.approvals", "OUT_OF_BOUNDS", "must be at most 100"));
        }
        found
    }

    fn check_steps(&self) -> Vec<Violation> {
        if self.steps.is_empty() || self.steps.len() > MOST_STEPS {
            let wanted = format!("must have 1 to {MOST_STEPS} steps");
            return vec![Violation::new("plan.steps", "OUT_OF_BOUNDS", wanted)];
        }
        let mut found = Vec::new();
        let mut before = Share::NONE;
        for (index, step) in self.steps.iter().enumerate() {
            found.extend(check_share(index, step, before));
            found.extend(check_duration(&format!("plan.steps[{index}].bake"), step.bake, Duration::ZERO, LONGEST_BAKE));
            before = before.max(step.exposure());
        }
        if before != Share::ALL {
            let last = format!("plan.steps[{}].share", self.steps.len() - 1);
            found.push(Violation::new(last, "RAMP_INCOMPLETE", "the last step's share must be 1"));
        }
        found
    }
}

fn check_share(index: usize, step: &RampStep, before: Share) -> Option<Violation> {
    let field = format!("plan.steps[{index}].share");
    match Share::of_fraction(step.share) {
        None | Some(Share::NONE) => Some(Violation::new(field, "OUT_OF_BOUNDS", "must be a number from 0.00001 to 1")),
        Some(share) if share <= before => {
            let wanted = format!("must be above the share before it, {before}: steps only rise");
            Some(Violation::new(field, "RAMP_NOT_RISING", wanted))
        }
        Some(_) => None,
    }
}

fn check_duration(field: &str, value: Duration, least: Duration, most: Duration) -> Option<Violation> {
    let bounds = || format!("must be {} to {} seconds", least.as_secs(), most.as_secs());
    (value < least || value > most).then(|| Violation::new(field, "OUT_OF_BOUNDS", bounds()))
}
