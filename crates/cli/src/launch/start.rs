//! `slipway launch start`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use slipway_sdk::pb;

use super::{LAUNCH, show, watch};
use crate::connect::Connect;
use crate::output::{Output, from_json};
use crate::text;

/// Launch a version.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slipway launch start flight-delay/2
  slipway launch start flight-delay/2 --shadow 3d --steps 5%:2d,25%:2d,50%:2d,100%:1d --watch-for 2d --watch
  slipway launch start flight-delay/2 --plan plan.json --validate-only
A plan file holds a slipway.launcher.v1.Plan as JSON, as `--validate-only --output json` prints it; flags win over it.")]
pub struct Start {
    /// The version, as flight-delay/2.
    version: String,
    /// A file with the plan, as JSON.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// How long both versions score the same units before anybody is exposed.
    #[arg(long, value_name = "TIME")]
    shadow: Option<String>,
    /// The steps of the ramp: shares with how long each is held, as 5%:2d,25%:2d,100%:1d.
    #[arg(long, value_name = "SHARE:TIME,…")]
    steps: Option<String>,
    /// How long the version is judged after full exposure.
    #[arg(long, value_name = "TIME")]
    watch_for: Option<String>,
    /// The largest product of exposed share and possible loss, as 10%.
    #[arg(long, value_name = "SHARE")]
    harm_budget: Option<String>,
    /// The tolerated relative loss of normalized entropy, as 2%.
    #[arg(long, value_name = "SHARE")]
    ne_tolerance: Option<String>,
    /// The tolerated relative distance of calibrations, as 5%.
    #[arg(long, value_name = "SHARE")]
    calibration_tolerance: Option<String>,
    /// How often an undecided gate is asked again.
    #[arg(long, value_name = "TIME")]
    evaluate_interval: Option<String>,
    /// How long a hold may last.
    #[arg(long, value_name = "TIME")]
    hold_deadline: Option<String>,
    /// Why, for the log.
    #[arg(long, default_value = "")]
    reason: String,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    validate_only: bool,
    /// Follow the launch until it ends.
    #[arg(long)]
    watch: bool,
}

impl Start {
    /// Starts the launch, and follows it if asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let request = pb::CreateLaunchRequest {
            parent: connect.parent(),
            candidate: connect.version(&self.version)?.to_string(),
            plan: Some(self.plan()?),
            validate_only: self.validate_only,
            reason: self.reason.clone(),
            ..Default::default()
        };
        let launch = connect.launcher()?.create_launch(request).await?;
        if self.watch && !self.validate_only {
            return watch::run(connect, output, &connect.launch(&launch.name)?).await;
        }
        output.write(LAUNCH, &launch, show::launch)?;
        Ok(ExitCode::SUCCESS)
    }

    fn plan(&self) -> Result<pb::Plan> {
        let mut plan = match &self.plan {
            None => pb::Plan::default(),
            Some(file) => {
                let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
                from_json("slipway.launcher.v1.Plan", &text)
                    .with_context(|| format!("{} is not a plan", file.display()))?
            }
        };
        if let Some(bake) = &self.shadow {
            plan.shadow = Some(pb::Shadow { bake: text::wire(text::parse_duration(bake)?) });
        }
        if let Some(steps) = &self.steps {
            plan.steps = steps.split(',').map(step).collect::<Result<_>>()?;
        }
        for (given, field) in [
            (&self.watch_for, &mut plan.watch),
            (&self.evaluate_interval, &mut plan.evaluate_interval),
            (&self.hold_deadline, &mut plan.hold_deadline),
        ] {
            if let Some(given) = given {
                *field = text::wire(text::parse_duration(given)?);
            }
        }
        self.tolerate(&mut plan)?;
        Ok(plan)
    }

    fn tolerate(&self, plan: &mut pb::Plan) -> Result<()> {
        let gate = plan.gate.get_or_insert_default();
        for (given, field) in [
            (&self.harm_budget, &mut gate.harm_budget),
            (&self.ne_tolerance, &mut gate.ne_tolerance),
            (&self.calibration_tolerance, &mut gate.calibration_tolerance),
        ] {
            if let Some(given) = given {
                *field = text::parse_share(given)?;
            }
        }
        Ok(())
    }
}

/// One step, as `25%:2d`; without a time it is not held.
fn step(text: &str) -> Result<pb::RampStep> {
    let (share, bake) = text.split_once(':').unwrap_or((text, "0s"));
    if share.trim().is_empty() {
        bail!("a step is missing its share; write 5%:2d,25%:2d,100%:1d");
    }
    let bake = text::wire(text::parse_duration(bake)?);
    Ok(pb::RampStep { share: text::parse_share(share.trim())?, bake })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_share_and_how_long_it_is_held() {
        let held = step("25%:2d").unwrap();
        assert_eq!((held.share, held.bake.unwrap().seconds), (0.25, 172_800));
        assert_eq!(step("100%").unwrap().bake.unwrap().seconds, 0);
        for bad in ["", ":2d", "25%:", "25%:2", "lots:2d"] {
            assert!(step(bad).is_err(), "{bad}");
        }
    }
}
