//! `slipway doctor`: looks at data folders, settings and services, and says what to do.

mod services;
mod settings;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use slipway_operations::examine::{self, Finding, Gravity};

use crate::connect::Connect;
use crate::output::{Output, line};

/// Look at data folders, settings and services, and say what to do.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slipway doctor
  slipway doctor --data-dir slipway-data/registry
  slipway doctor --config registry=/etc/slipway/registry.toml
Without a folder or settings the services are looked at. Exits with 1 if anything fails; warnings alone end with 0.")]
pub struct Doctor {
    /// A data folder; may be repeated. Nothing in it is changed.
    #[arg(long = "data-dir", value_name = "DIR")]
    data_dirs: Vec<PathBuf>,
    /// A settings file and the service that it is of; may be repeated.
    #[arg(long = "config", value_name = "SERVICE=FILE", value_parser = settings::Named::parse)]
    configs: Vec<settings::Named>,
    /// Also look at the services when folders or settings are given.
    #[arg(long)]
    services: bool,
}

/// A finding, for programs.
#[derive(Serialize)]
struct Told<'a> {
    level: &'static str,
    subject: &'a str,
    what: &'a str,
    advice: &'a str,
}

impl Doctor {
    /// Looks, tells, and ends with what was found.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let mut gravest = Gravity::Fine;
        let asks = self.services || (self.data_dirs.is_empty() && self.configs.is_empty());
        let mut tell = |subject: &str, findings: Vec<Finding>| -> Result<()> {
            gravest = findings.iter().map(|finding| finding.gravity).fold(gravest, Gravity::max);
            findings.iter().try_for_each(|finding| write(output, subject, finding))
        };
        for dir in &self.data_dirs {
            tell(&dir.display().to_string(), examine::folder(dir, None))?;
        }
        for named in &self.configs {
            tell(&named.to_string(), named.examine())?;
        }
        if asks {
            for (subject, findings) in services::examine(connect).await? {
                tell(&subject, findings)?;
            }
        }
        Ok(if gravest == Gravity::Failure { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn write(output: Output, subject: &str, Finding { gravity, what, advice }: &Finding) -> Result<()> {
    let (level, mark) = match gravity {
        Gravity::Fine => ("ok", "ok     "),
        Gravity::Warning => ("warning", "warning"),
        Gravity::Failure => ("failure", "FAILURE"),
    };
    if output.is_json() {
        return line(&serde_json::to_string(&Told { level, subject, what, advice })?);
    }
    line(&format!("{mark}  {subject}: {what}"))?;
    if advice.is_empty() { Ok(()) } else { line(&format!("         -> {advice}")) }
}
