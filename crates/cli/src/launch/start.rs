//! `slipway launch start`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use slipway_sdk::pb;

use super::{LAUNCH, show, watch};
use crate::args::{Intent, Tolerance};
use crate::connect::Connect;
use crate::exit::Usage;
use crate::output::{Output, from_json};
use crate::{text, value};

/// Launch a version.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slipway launch start flight-delay/2
  slipway launch start flight-delay/2 --shadow 3d --steps 5%:2d,25%:2d,50%:2d,100%:1d --watch-for 2d --watch
  slipway launch start flight-delay/2 --plan plan.json --validate-only
A plan file holds a slipway.launcher.v1.Plan as JSON, as the field `plan` of what `--validate-only --output json` prints;
flags win over it.")]
pub struct Start {
    /// The version, as flight-delay/2.
    version: value::Version,
    /// A file with the plan, as JSON.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// How long both versions score the same units before anybody is exposed, as 3d.
    #[arg(long, value_parser = value::duration, value_name = "TIME")]
    shadow: Option<Duration>,
    /// The steps of the ramp: shares with how long each is held, as 5%:2d,25%:2d,100%:1d.
    #[arg(long, value_delimiter = ',', value_parser = value::step, value_name = "SHARE:TIME,…")]
    steps: Vec<value::Step>,
    /// How long the version is judged after full exposure, as 2d.
    #[arg(long, value_parser = value::duration, value_name = "TIME")]
    watch_for: Option<Duration>,
    /// How often an undecided gate is asked again, as 1h.
    #[arg(long, value_parser = value::duration, value_name = "TIME")]
    evaluate_interval: Option<Duration>,
    /// How long a hold may last, as 30d.
    #[arg(long, value_parser = value::duration, value_name = "TIME")]
    hold_deadline: Option<Duration>,
    /// What happens when a hold lasts that long.
    #[arg(long, value_enum)]
    hold_consequence: Option<Consequence>,
    /// How long it may wait before it begins, as 30d.
    #[arg(long, value_parser = value::duration, value_name = "TIME")]
    wait_deadline: Option<Duration>,
    #[command(flatten)]
    tolerance: Tolerance,
    #[command(flatten)]
    intent: Intent,
    /// Follow the launch until it ends.
    #[arg(long, conflicts_with = "validate_only")]
    watch: bool,
}

/// What happens when a hold lasts longer than its deadline.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Consequence {
    /// The launch is rolled back.
    RollBack,
    /// The launch goes on holding, with a new deadline.
    KeepHolding,
}

impl Start {
    /// Starts the launch, and follows it if asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let candidate = connect.version(&self.version);
        let request = pb::CreateLaunchRequest {
            parent: candidate.model.parent().to_string(),
            candidate: candidate.to_string(),
            plan: Some(self.plan()?),
            request_id: self.intent.attempt.request_id,
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
        };
        let launch = connect.launcher()?.create_launch(request).await?;
        if self.watch {
            return watch::one(connect, output, &launch.name.parse()?).await;
        }
        output.write(LAUNCH, &launch, show::launch)?;
        Ok(ExitCode::SUCCESS)
    }

    fn plan(&self) -> Result<pb::Plan> {
        let mut plan = match &self.plan {
            None => pb::Plan::default(),
            Some(file) => {
                let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
                let told = |error| Usage(format!("{} is not a plan: {error}", file.display()));
                from_json("slipway.launcher.v1.Plan", &text).map_err(told)?
            }
        };
        if let Some(bake) = self.shadow {
            plan.shadow = Some(pb::Shadow { bake: text::wire(bake) });
        }
        if !self.steps.is_empty() {
            plan.steps = self.steps.iter().map(step).collect();
        }
        for (given, field) in [
            (self.watch_for, &mut plan.watch),
            (self.evaluate_interval, &mut plan.evaluate_interval),
            (self.hold_deadline, &mut plan.hold_deadline),
            (self.wait_deadline, &mut plan.wait_deadline),
        ] {
            if let Some(given) = given {
                *field = text::wire(given);
            }
        }
        if let Some(consequence) = self.hold_consequence {
            plan.set_hold_consequence(consequence.into());
        }
        tolerate(&self.tolerance, plan.gate.get_or_insert_default());
        Ok(plan)
    }
}

fn step(step: &value::Step) -> pb::RampStep {
    pb::RampStep { share: step.share, bake: text::wire(step.bake) }
}

fn tolerate(tolerance: &Tolerance, gate: &mut pb::Gate) {
    for (given, field) in [
        (tolerance.alpha, &mut gate.alpha),
        (tolerance.calibration_tolerance, &mut gate.calibration_tolerance),
        (tolerance.ne_tolerance, &mut gate.ne_tolerance),
        (tolerance.harm_budget, &mut gate.harm_budget),
    ] {
        *field = given.unwrap_or(*field);
    }
    gate.minimum_rows = tolerance.minimum_rows.unwrap_or(gate.minimum_rows);
    gate.minimum_positives = tolerance.minimum_positives.unwrap_or(gate.minimum_positives);
}

impl From<Consequence> for pb::HoldConsequence {
    fn from(consequence: Consequence) -> Self {
        match consequence {
            Consequence::RollBack => Self::RollBack,
            Consequence::KeepHolding => Self::KeepHolding,
        }
    }
}
