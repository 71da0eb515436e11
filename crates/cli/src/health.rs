//! `slipway health …`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use slipway_chassis::env::Env;
use slipway_sdk::pb;

use crate::args::Tolerance;
use crate::connect::Connect;
use crate::launch::show_evidence;
use crate::output::Output;
use crate::table::facts;
use crate::{text, value};

/// The health of versions, and gates.
#[derive(Debug, Subcommand)]
pub enum Health {
    /// Show the health of a version. Exits with 1 if it is unstable.
    #[command(after_help = "Examples:
  slipway health show flight-delay/2
  slipway health show flight-delay/2 --from 7d
  slipway health show flight-delay/2 --from 2013-06-01 --to 2013-07-01T12:00:00Z")]
    Show(Show),
    /// Judge a version against another. Exits with 0 only for a PASS.
    #[command(after_help = "Examples:
  slipway health evaluate flight-delay/2 --baseline flight-delay/1 --comparison split --since 3d --next-share 25%
  slipway health evaluate flight-delay/2 --baseline flight-delay/1 --comparison paired --since 2013-06-03 \\
    --next-share 5% --harm-budget 10% --label-window 12h")]
    Evaluate(Evaluate),
}

/// `slipway health show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The version, as flight-delay/2.
    version: value::Version,
    /// From this instant [default: the first observation].
    #[arg(long, value_name = "WHEN")]
    from: Option<value::Instant>,
    /// Up to this instant [default: the last observation].
    #[arg(long, value_name = "WHEN")]
    to: Option<value::Instant>,
    /// Also count cohorts that still wait for outcomes.
    #[arg(long)]
    include_immature: bool,
}

/// How the two versions were observed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Comparison {
    /// Both scored the same units (shadow).
    Paired,
    /// Each scored its own units of the same hours (ramp).
    Split,
}

/// `slipway health evaluate`.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// The version under test, as flight-delay/2.
    candidate: value::Version,
    /// The version it is held against.
    #[arg(long, value_name = "VERSION")]
    baseline: value::Version,
    /// How the two were observed.
    #[arg(long, value_enum)]
    comparison: Comparison,
    /// Only predictions from this instant on count.
    #[arg(long, value_name = "WHEN")]
    since: value::Instant,
    /// The share that would be exposed after a PASS, as 25%.
    #[arg(long, value_parser = value::positive_share, value_name = "SHARE")]
    next_share: f64,
    /// How old a cohort must be before it counts [default: the model's label window].
    #[arg(long, value_parser = value::duration, value_name = "TIME")]
    label_window: Option<Duration>,
    #[command(flatten)]
    tolerance: Tolerance,
}

impl Health {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        match self {
            Self::Show(show) => show.run(connect, output).await,
            Self::Evaluate(evaluate) => evaluate.run(connect, output).await,
        }
    }
}

/// An instant on the wire.
fn wire(instant: value::Instant) -> prost_types::Timestamp {
    let at: Timestamp = instant.at(Env::system().now());
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

impl Show {
    async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let request = pb::GetHealthRequest {
            name: connect.version(&self.version).to_string(),
            start_time: self.from.map(wire),
            end_time: self.to.map(wire),
            include_immature: self.include_immature,
        };
        let health = connect.health()?.get_health(request).await?;
        output.write("slipway.health.v1.GetHealthResponse", &health, show)?;
        Ok(if health.verdict() == pb::HealthVerdict::Unstable { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

impl Evaluate {
    async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let comparison = match self.comparison {
            Comparison::Paired => pb::Comparison::Paired,
            Comparison::Split => pb::Comparison::Split,
        };
        let Tolerance { alpha, calibration_tolerance, ne_tolerance, harm_budget, minimum_rows, minimum_positives } =
            self.tolerance;
        let policy =
            pb::GatePolicy { alpha, calibration_tolerance, ne_tolerance, harm_budget, minimum_rows, minimum_positives };
        let request = pb::EvaluateRequest {
            candidate: connect.version(&self.candidate).to_string(),
            baseline: connect.version(&self.baseline).to_string(),
            comparison: comparison.into(),
            since: Some(wire(self.since)),
            next_share: self.next_share,
            policy: Some(policy),
            label_window: self.label_window.and_then(text::wire),
        };
        let evidence = connect.health()?.evaluate(request).await?;
        output.write("slipway.type.v1.Evidence", &evidence, show_evidence)?;
        Ok(if evidence.verdict() == pb::GateVerdict::Pass { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The health of a version, a figure a line.
fn show(health: &pb::GetHealthResponse) -> String {
    let verdict = text::word(health.verdict().as_str_name(), "HEALTH_VERDICT_");
    let refused: Vec<_> = health.refused_rows.iter().map(|(reason, rows)| format!("{rows} {reason}")).collect();
    let missing = match health.missing_outcomes {
        0 => String::new(),
        missing => format!("about {missing} more outcomes"),
    };
    let assumed = if health.assumed_policy { " (defaults: the registry does not say)" } else { "" };
    facts(&[
        ("version", text::version(&health.name)),
        ("verdict", format!("{verdict}: {}", health.explanation)),
        ("missing", missing),
        ("calibration", text::estimate(health.calibration.as_ref())),
        ("tolerated", format!("{}{assumed}", text::estimate(health.tolerated_calibration.as_ref()))),
        ("NE", text::number(health.normalized_entropy)),
        ("log loss", text::number(health.log_loss)),
        ("AUC", text::estimate(health.auc.as_ref())),
        ("ECE", text::number(health.expected_calibration_error)),
        ("base rate", text::number(health.base_rate)),
        ("rows", format!("{} with outcome, {} positive", health.rows, health.positives)),
        ("coverage", health.coverage.map(text::percent).unwrap_or_default()),
        ("refused", refused.join(", ")),
        ("overdispersion", format!("{:.2}", health.overdispersion)),
        ("window (UTC)", format!("{} to {}", text::instant(health.start_time), text::instant(health.end_time))),
        ("mature through", text::since(health.mature_through)),
    ])
}
