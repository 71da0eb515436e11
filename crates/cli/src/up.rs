//! `slipway up`: the three services in one process.

pub mod cluster;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use slipway_chassis::process::{WRONG_SETTINGS, stop_on_signal};
use slipway_chassis::settings::Sources;
use slipway_chassis::telemetry;
use tokio_util::sync::CancellationToken;

use cluster::{Cluster, Place, Places};

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
    pub async fn run(self) -> Result<ExitCode> {
        let settings = match cluster::Settings::read(&self.places(), &environment()) {
            Ok(settings) => settings,
            Err(faults) => return Ok(wrong_settings(&faults)),
        };
        let common = settings.common();
        let telemetry = telemetry::start("slipway", &common.log, common.traces.as_ref())?;
        let env = common.env();
        let stop = CancellationToken::new();
        stop_on_signal(stop.clone()).context("hearing signals")?;
        let cluster = Cluster::start(settings, &env, stop).await?;
        let ended = cluster.finish().await;
        telemetry.finish(std::time::Duration::from_secs(2)).await;
        ended.map(|()| ExitCode::SUCCESS)
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

/// The settings that the environment gives.
fn environment() -> Sources {
    let text = |(name, text): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, text.to_string_lossy().into_owned()))
    };
    Sources { environment: std::env::vars_os().filter_map(text).collect(), ..Sources::default() }
}
