//! `slipway up`: the three services in one process.

pub mod cluster;
mod greeting;

use std::error::Error as StdError;
use std::io::{ErrorKind, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use slipway_chassis::process::{WRONG_SETTINGS, make_room, stop_on_signal};
use slipway_chassis::server::ListenError;
use slipway_chassis::settings::Sources;
use slipway_chassis::telemetry;
use tokio_util::sync::CancellationToken;

use crate::exit::NotRunning;
use crate::output::Output;
use cluster::{Cluster, Place, Places, Settings};

/// Run registry, health monitor and launcher in this process.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slipway up
  slipway up --data-dir /var/lib/slipway
  slipway up --listen-registry 127.0.0.1:8701 --ops-registry 127.0.0.1:8711
Other settings come from SLIPWAY_ variables, as `slipway-registry --help` lists them.")]
pub struct Up {
    /// Where data is kept, a folder for each service.
    #[arg(long, default_value = "slipway-data", value_name = "DIR")]
    data_dir: PathBuf,
    /// Where the registry serves gRPC.
    #[arg(long, default_value = "127.0.0.1:7701", value_name = "ADDR")]
    listen_registry: SocketAddr,
    /// Where the health monitor serves gRPC.
    #[arg(long, default_value = "127.0.0.1:7702", value_name = "ADDR")]
    listen_health: SocketAddr,
    /// Where the launcher serves gRPC.
    #[arg(long, default_value = "127.0.0.1:7703", value_name = "ADDR")]
    listen_launcher: SocketAddr,
    /// Where the registry serves operators.
    #[arg(long, default_value = "127.0.0.1:7711", value_name = "ADDR")]
    ops_registry: SocketAddr,
    /// Where the health monitor serves operators.
    #[arg(long, default_value = "127.0.0.1:7712", value_name = "ADDR")]
    ops_health: SocketAddr,
    /// Where the launcher serves operators.
    #[arg(long, default_value = "127.0.0.1:7713", value_name = "ADDR")]
    ops_launcher: SocketAddr,
}

impl Up {
    /// Runs until it is told to stop.
    pub async fn run(self, output: Output) -> Result<ExitCode> {
        let settings = match Settings::read(&self.places(), &given()) {
            Ok(settings) => settings,
            Err(faults) => return Ok(wrong_settings(&faults)),
        };
        self.serve(settings, output).await.map_err(|error| NotRunning(told(&error)))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn serve(&self, mut settings: Settings, output: Output) -> Result<()> {
        let common = settings.common();
        let telemetry = telemetry::start("slipway", &common.log, common.traces.as_ref())?;
        let env = common.env();
        make_room(settings.connections());
        let stop = CancellationToken::new();
        stop_on_signal(stop.clone()).context("hearing signals")?;
        let mut cluster = Cluster::start(settings, &env, stop).await?;
        let (ready, greeting) = (cluster.ready(), greeting::Greeting::of(&cluster, &self.data_dir));
        let greeted = tokio::spawn(async move {
            if ready.await.is_some() {
                // Nobody reads it: the services run all the same.
                let _ = greeting.write(output);
            }
        });
        let ended = cluster.finish().await;
        greeted.abort();
        telemetry.finish(std::time::Duration::from_secs(2)).await;
        ended
    }

    fn places(&self) -> Places {
        let place = |name: &str, listen, ops| Place { data: self.data_dir.join(name), listen, ops };
        Places {
            registry: place("registry", self.listen_registry, self.ops_registry),
            health: place("health", self.listen_health, self.ops_health),
            launcher: place("launcher", self.listen_launcher, self.ops_launcher),
        }
    }
}

#[allow(clippy::print_stderr, reason = "this is where the command speaks to a person")]
fn wrong_settings(faults: &slipway_chassis::settings::Faults) -> ExitCode {
    eprintln!("slipway up: {faults}");
    ExitCode::from(WRONG_SETTINGS)
}

/// Why the services do not run, on one line, with what to do about it where that is known.
fn told(error: &anyhow::Error) -> String {
    let text = error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let taken = |cause: &(dyn StdError + 'static)| matches!(cause.downcast_ref(), Some(ListenError::Bind { cause, .. }) if cause.kind() == ErrorKind::AddrInUse);
    match error.chain().any(taken) {
        true => format!(
            "{text}
Another program listens there, perhaps another `slipway up`: stop it, or choose other addresses by the --listen- and \
             --ops- flags."
        ),
        false => text,
    }
}

/// The settings that the environment gives. A person at a terminal is told of warnings alone, unless the environment says
/// what is logged.
fn given() -> Sources {
    let text = |(name, text): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, text.to_string_lossy().into_owned()))
    };
    let mut given = Sources { environment: std::env::vars_os().filter_map(text).collect(), ..Sources::default() };
    if std::io::stderr().is_terminal() && !given.environment.iter().any(|(name, _)| name == "SLIPWAY_LOG") {
        given.flags.push(("log".to_owned(), "warn".to_owned()));
    }
    given
}
