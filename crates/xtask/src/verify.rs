//! `verify`: every step runs, each says what it promises, and a summary names all that failed.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::contract::Contract;
use crate::contract::wire;
use crate::workspace::Workspace;
use crate::{dependencies, deploy, tables};

/// What is wrong, one line each; empty when a step's promise holds.
pub type Findings = Vec<String>;

/// One thing that has to hold in the repository. They run in this order, quick ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// The code is formatted.
    Format,
    /// The .proto files follow the rules of the API.
    Proto,
    /// The API still serves every client built against proto/wire.lock, and the lock is up to date.
    Wire,
    /// The generated tables in the documents say what the code says.
    Tables,
    /// deploy/ says what the code says: settings, figures, alerts.
    Deploy,
    /// Cargo.lock is up to date and every dependency is one that deny.toml allows.
    Dependencies,
    /// Clippy has nothing to say.
    Clippy,
    /// The documentation builds without a warning.
    Docs,
    /// All tests pass.
    Tests,
}

impl Step {
    /// The steps named by `only` (all if it is empty) without those named by `skip`.
    pub fn chosen(only: &[Self], skip: &[Self]) -> Vec<Self> {
        let wanted = |step: &Self| (only.is_empty() || only.contains(step)) && !skip.contains(step);
        Self::value_variants().iter().copied().filter(wanted).collect()
    }

    fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Proto => "proto",
            Self::Wire => "wire",
            Self::Tables => "tables",
            Self::Deploy => "deploy",
            Self::Dependencies => "dependencies",
            Self::Clippy => "clippy",
            Self::Docs => "docs",
            Self::Tests => "tests",
        }
    }

    fn check(self, workspace: &Workspace) -> anyhow::Result<Findings> {
        match self {
            Self::Format => cargo(workspace, &["fmt", "--all", "--check"]),
            Self::Proto => Ok(Contract::open(workspace)?.lint()),
            Self::Wire => wire::check(workspace),
            Self::Tables => tables::check(workspace),
            Self::Deploy => deploy::check(workspace),
            Self::Dependencies => dependencies::check(workspace),
            Self::Clippy => cargo(workspace, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
            Self::Docs => cargo(workspace, &["doc", "--workspace", "--no-deps"]),
            Self::Tests => cargo(workspace, &["test", "--workspace"]),
        }
    }
}

/// Runs the steps one after the other; fails if one of them found something.
pub fn run(workspace: &Workspace, steps: &[Step]) -> ExitCode {
    let mut outcomes = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        println!("[{}/{}] {}", index + 1, steps.len(), step.name());
        let began = Instant::now();
        let findings = step.check(workspace).unwrap_or_else(|error| vec![format!("{error:#}")]);
        for finding in &findings {
            println!("  {finding}");
        }
        outcomes.push((*step, findings.len(), began.elapsed()));
    }
    summarize(&outcomes)
}

fn summarize(outcomes: &[(Step, usize, Duration)]) -> ExitCode {
    println!();
    for (step, findings, took) in outcomes {
        let verdict = if *findings == 0 { "ok".to_owned() } else { format!("FAILED ({findings})") };
        println!("{:13} {:12} {:6.1} s", step.name(), verdict, took.as_secs_f64());
    }
    if outcomes.iter().all(|(_, findings, _)| *findings == 0) {
        println!("verified");
        ExitCode::SUCCESS
    } else {
        println!("not verified; `cargo xtask fix` mends format, wire, tables and examples");
        ExitCode::FAILURE
    }
}

/// Calls cargo with its output passed through; a failure is one finding that repeats the command.
fn cargo(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<Findings> {
    let status = workspace.cargo(arguments).env("RUSTDOCFLAGS", "-D warnings").status()?;
    if status.success() {
        return Ok(Vec::new());
    }
    Ok(vec![format!("`cargo {}` failed", arguments.join(" "))])
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::Step;

    #[test]
    fn without_a_choice_every_step_runs() {
        assert_eq!(Step::chosen(&[], &[]), Step::value_variants());
    }

    #[test]
    fn a_skipped_step_does_not_run_even_when_it_is_named() {
        assert_eq!(Step::chosen(&[Step::Wire, Step::Tests], &[Step::Tests]), [Step::Wire]);
    }
}
