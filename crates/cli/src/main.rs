//! `slipway`: the services on one machine, the demo, and every noun of the control plane.

mod alias;
mod apply;
mod args;
mod auth;
mod backup;
mod certs;
mod completions;
mod connect;
#[cfg(test)]
mod coverage;
mod demo;
mod diff;
mod doctor;
#[cfg(test)]
mod examples;
mod exit;
mod export;
mod failure;
mod flags;
mod health;
mod import;
mod launch;
mod ledger;
mod listing;
mod login;
mod manifest;
mod model;
mod model_type;
mod namespace;
mod output;
mod policy;
mod sighting;
mod style;
mod table;
mod team;
mod text;
mod traffic;
mod triage;
mod up;
mod value;
mod version;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use connect::Connect;
use failure::Told;
use output::Output;

/// The control plane of a fleet of production models: knows every model, launches versions in steps, takes bad ones back.
#[derive(Debug, Parser)]
#[command(name = "slipway", version, max_term_width = 110, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", exit::MEANINGS))]
struct Cli {
    #[command(flatten)]
    connect: Connect,
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  slipway demo                                     three launches on 92 days of real flights, in about a minute
  slipway up                                       the three services on this machine
  slipway team create ops                          a team, which owns models
  slipway model create flight-delay --owner ops    a model
  slipway version ls flight-delay                  its versions
  slipway apply -f fleet.yaml --dry-run            what a manifest of many models would change
  slipway traffic set flight-delay 1=100%          version 1 serves everybody
  slipway launch start flight-delay/2 --watch      version 2, step by step
  slipway triage flight-delay                      all that whoever was paged for it needs to know
  slipway diff flight-delay --day yesterday        what changed in it yesterday, field by field
  slipway ledger ls flight-delay                   who changed what, when and why";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run registry, health monitor and launcher in this process.
    Up(up::Up),
    /// Launch three versions of a real model on 92 days of real flights.
    Demo(demo::Demo),
    /// Parts of the registry with models and teams of their own: create, get, ls, update, delete, undelete.
    #[command(subcommand)]
    Namespace(namespace::Namespace),
    /// Groups of people who own models: create, get, ls, update, delete, undelete.
    #[command(subcommand)]
    Team(team::Team),
    /// Kinds of models with common defaults: create, get, ls, update, delete, undelete.
    #[command(subcommand)]
    ModelType(model_type::ModelType),
    /// Models: create, get, ls, aggregate, coverage, update, attest, delete, undelete.
    #[command(subcommand)]
    Model(model::Model),
    /// Versions of models: create, get, ls, update, quarantine, delete, undelete.
    #[command(subcommand)]
    Version(version::Version),
    /// Names for versions that callers follow, as champion: get, ls, set.
    #[command(subcommand)]
    Alias(alias::Alias),
    /// Make of a manifest what it asks for: a whole fleet in one step, or nothing of it.
    Apply(apply::Apply),
    /// Write the registry as a manifest.
    Export(export::Export),
    /// Bring models in from another registry: mlflow.
    #[command(subcommand)]
    Import(import::Import),
    /// Which versions serve which share of a model's units: get, set, route.
    #[command(subcommand)]
    Traffic(traffic::Traffic),
    /// What really runs, held against what is registered: ls, report.
    #[command(subcommand)]
    Sighting(sighting::Sighting),
    /// Launches: start, ls, show, watch, pause, resume, promote, abort, explain.
    #[command(subcommand)]
    Launch(launch::Launch),
    /// The health of versions, and gates: show, evaluate.
    #[command(subcommand)]
    Health(health::Health),
    /// One page for whoever was just paged for a model: whose it is, what serves, what changed, what is safe.
    Triage(triage::Triage),
    /// What is different between two moments, field by field.
    Diff(diff::Diff),
    /// What models must be: create, get, ls, update, delete, undelete, check, install.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Who changed what, when and why, and that nobody rewrote it: ls, watch, export, checkpoint, key, verify, prove.
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// Make an authority and certificates, to try TLS with and for small places.
    Certs(certs::Certs),
    /// Who one is, who may what, and tokens: whoami, explain, token.
    #[command(subcommand)]
    Auth(auth::Auth),
    /// Keep a token, so that later commands say who you are.
    Login(login::Login),
    /// Forget the token that `slipway login` kept.
    Logout(login::Logout),
    /// Take backups of running services, and look whether they are whole.
    Backup(backup::Backup),
    /// Make a data folder of a backup.
    Restore(backup::Restore),
    /// Look at data folders, settings and services, and say what to do.
    Doctor(doctor::Doctor),
    /// Print completions for a shell.
    Completions(completions::Completions),
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let unread = Told { as_json: output::is_asked_for(&arguments), flags: Vec::new() };
    let matches = match Cli::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return unread.usage(&error),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return unread.usage(&error),
    };
    let told = Told { as_json: cli.output.is_json(), flags: flags::of(&Cli::command(), &matches) };
    policy::hear_findings();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return told.failed(&error.into()),
    };
    runtime.block_on(run(cli)).unwrap_or_else(|error| told.failed(&error))
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { connect, output, command } = cli;
    let done = match command {
        Command::Up(up) => return up.run(output).await,
        Command::Demo(demo) => return demo.run(output).await,
        Command::Namespace(namespace) => namespace.run(&connect, output).await,
        Command::Policy(policy) => return policy.run(&connect, output).await,
        Command::Team(team) => team.run(&connect, output).await,
        Command::Alias(alias) => alias.run(&connect, output).await,
        Command::ModelType(model_type) => model_type.run(&connect, output).await,
        Command::Model(model) => model.run(&connect, output).await,
        Command::Version(version) => version.run(&connect, output).await,
        Command::Apply(apply) => return apply.run(&connect, output).await,
        Command::Export(export) => export.run(&connect, output).await,
        Command::Import(import) => import.run(&connect, output).await,
        Command::Traffic(traffic) => traffic.run(&connect, output).await,
        Command::Sighting(sighting) => sighting.run(&connect, output).await,
        Command::Launch(launch) => return launch.run(&connect, output).await,
        Command::Health(health) => return health.run(&connect, output).await,
        Command::Triage(triage) => triage.run(&connect, output).await,
        Command::Diff(diff) => diff.run(&connect, output).await,
        Command::Ledger(ledger) => return ledger.run(&connect, output).await,
        Command::Certs(certs) => return certs.run(),
        Command::Auth(auth) => return auth.run(&connect, output).await,
        Command::Login(login) => login.run(&connect).await,
        Command::Logout(logout) => logout.run(&connect),
        Command::Backup(backup) => backup.run(&connect, output).await,
        Command::Restore(restore) => restore.run(output),
        Command::Doctor(doctor) => return doctor.run(&connect, output).await,
        Command::Completions(completions) => completions.run(),
    };
    done.map(|()| ExitCode::SUCCESS)
}
