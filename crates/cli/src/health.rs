//! `slipway health …`.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use slipway_sdk::pb;

use crate::connect::Connect;
use crate::launch::show_evidence;
use crate::model::fields_of;
use crate::output::Output;
use crate::text;

/// The health of versions, and gates.
#[derive(Debug, Subcommand)]
pub enum Health {
    /// Show the health of a version. Exits with 1 if it is unstable.
    #[command(after_help = "Examples:\n  slipway health show flight-delay/2\n  slipway health show flight-delay/2 \
                            --from 2013-06-01T00:00:00Z --to 2013-07-01T00:00:00Z")]
    Show(Show),
    /// Judge a version against another. Exits with 0 only for a PASS.
    #[command(after_help = "Example:\n  slipway health evaluate flight-delay/2 --baseline flight-delay/1 \
                            --comparison split --since 2013-06-03T00:00:00Z --next-share 25%")]
    Evaluate(Evaluate),
}

/// `slipway health show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The version, as flight-delay/2.
    version: String,
    /// From this instant.
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// Up to this instant.
    #[arg(long, value_name = "INSTANT")]
    to: Option<Timestamp>,
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
    candidate: String,
    /// The version it is held against.
    #[arg(long)]
    baseline: String,
    /// How the two were observed.
    #[arg(long, value_enum)]
    comparison: Comparison,
    /// Only predictions from this instant on count.
    #[arg(long, value_name = "INSTANT")]
    since: Timestamp,
    /// The share that would be exposed after a PASS, as 25%.
    #[arg(long, value_name = "SHARE")]
    next_share: String,
    /// The largest product of exposed share and possible loss, as 10%.
    #[arg(long, value_name = "SHARE")]
    harm_budget: Option<String>,
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

fn wire(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

impl Show {
    async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let request = pb::GetHealthRequest {
            name: connect.version(&self.version)?.to_string(),
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
        let harm_budget = self.harm_budget.as_deref().map(text::parse_share).transpose().context("--harm-budget")?;
        let request = pb::EvaluateRequest {
            candidate: connect.version(&self.candidate)?.to_string(),
            baseline: connect.version(&self.baseline)?.to_string(),
            comparison: comparison.into(),
            since: Some(wire(self.since)),
            next_share: text::parse_share(&self.next_share).context("--next-share")?,
            policy: Some(pb::GatePolicy { harm_budget, ..Default::default() }),
            label_window: None,
        };
        let evidence = connect.health()?.evaluate(request).await?;
        output.write("slipway.type.v1.Evidence", &evidence, show_evidence)?;
        Ok(if evidence.verdict() == pb::GateVerdict::Pass { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The health of a version, a figure a line.
fn show(health: &pb::GetHealthResponse) -> String {
    let verdict = health.verdict().as_str_name().trim_start_matches("HEALTH_VERDICT_").to_owned();
    let refused: Vec<_> = health.refused_rows.iter().map(|(reason, rows)| format!("{rows} {reason}")).collect();
    let missing = match health.missing_outcomes {
        0 => String::new(),
        missing => format!("about {missing} more outcomes"),
    };
    let assumed = if health.assumed_policy { " (defaults: the registry does not say)" } else { "" };
    fields_of(&[
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
        ("window", format!("{} to {}", text::instant(health.start_time), text::instant(health.end_time))),
        ("mature through", text::instant(health.mature_through)),
    ])
}
