//! `slipway`: the services on one machine, the demo, and every noun of the control plane.

mod certs;
mod completions;
mod connect;
mod demo;

mod exit;
mod health;
mod launch;
mod model;
mod output;
mod text;
mod traffic;
mod up;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use connect::Connect;
use output::Output;

/// The control plane of a fleet of production models: knows every model, launches versions in steps, takes bad ones back.
#[derive(Debug, Parser)]
#[command(name = "slipway", version, max_term_width = 110, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    connect: Connect,
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  slipway demo                                     three launches on 92 days of real flights, in about a minute
  slipway up                                       the three services on this machine
  slipway model create flight-delay --owner ops    a model
  slipway version create flight-delay --artifact-uri s3://models/fd/1 --digest sha256:…
  slipway traffic set flight-delay 1=100%          version 1 serves everybody
  slipway launch start flight-delay/2 --watch      version 2, step by step

Exit codes:
  0 done   1 failed   2 wrong usage   3 not found   4 refused: fix the state or read again
  5 unavailable: try again   64 wrong settings   70 the service could not run";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run registry, health monitor and launcher in this process.
    Up(up::Up),
    /// Launch three versions of a real model on 92 days of real flights.
    Demo(demo::Demo),
    /// Models: create, get, ls, update.
    #[command(subcommand)]
    Model(model::Model),
    /// Versions of models: create, get, ls, update, quarantine.
    #[command(subcommand)]
    Version(version::Version),
    /// Which versions serve which share of a model's units.
    #[command(subcommand)]
    Traffic(traffic::Traffic),
    /// Launches: start, ls, show, watch, pause, resume, promote, abort, explain.
    #[command(subcommand)]
    Launch(launch::Launch),
    /// The health of versions, and gates.
    #[command(subcommand)]
    Health(health::Health),
    /// Make an authority and certificates, to try TLS with and for small places.
    Certs(certs::Certs),
    /// Print completions for a shell.
    Completions(completions::Completions),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::failed(&error.into()),
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => exit::failed(&error),
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { connect, output, command } = cli;
    let done = match command {
        Command::Up(up) => return up.run().await,
        Command::Demo(demo) => return demo.run().await,
        Command::Model(model) => model.run(&connect, output).await,
        Command::Version(version) => version.run(&connect, output).await,
        Command::Traffic(traffic) => traffic.run(&connect, output).await,
        Command::Launch(launch) => return launch.run(&connect, output).await,
        Command::Health(health) => return health.run(&connect, output).await,
        Command::Certs(certs) => return certs.run(),
        Command::Completions(completions) => completions.run(),
    };
    done.map(|()| ExitCode::SUCCESS)
}
