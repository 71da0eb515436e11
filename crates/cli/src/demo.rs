//! `slipway demo`: three launches of one model on a summer of real flights, on the services as they are.

mod driver;
mod flights;
mod narrate;
mod report;
mod script;
mod stage;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use slipway_chassis::env::Env;
use slipway_chassis::settings::Sources;
use tokio_util::sync::CancellationToken;

use crate::output::Output;
use crate::up::cluster::{self, Cluster, Place, Places};

/// From this seed come the ids of the demo, and so the salt by which flights find their version.
const SEED: u64 = 2013;

/// Launch three versions of a real model on 92 days of real flights.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slipway demo
  slipway demo --json
  slipway demo --data-dir /tmp/summer     keep the stores, to look into them with `slipway up`

What it does: starts the three services on free ports with the embedded store, and flies 84,560 departures of summer 2013
through them on a clock that runs about 130,000 times faster than yours. Version v2 is good and gets out, v3 predicts too
high and fails in the shadow stage, v4 lost a feature in serving and is taken back from the ramp.
Exits with 0 only if all three ended as they should.")]
pub struct Demo {
    /// Keep the stores in this folder, which must be empty or absent; otherwise they are thrown away.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print one JSON object at the end; the same as `--output json`.
    #[arg(long)]
    json: bool,
    /// How long the summer should take, in seconds. It takes longer where the machine is too slow.
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS")]
    seconds: f64,
}

impl Demo {
    /// Runs the summer, and tells how it went.
    pub async fn run(self, output: Output) -> Result<ExitCode> {
        let begun = Env::system().stopwatch();
        let pace = Duration::try_from_secs_f64(self.seconds).context("--seconds is not a length of time")?;
        let flights = flights::load()?;
        let (env, clock) = Env::driven(flights.start(), SEED);
        let (folder, _temporary) = self.folder()?;
        let settings = cluster::Settings::read(&places(&folder), &Sources::default())?;
        let cluster = Cluster::start(settings, &env, CancellationToken::new()).await?;
        let stage = Arc::new(stage::Stage::build(&cluster).await?);
        let told = narrate::start(Arc::clone(&stage), clock.clone(), flights.end());
        let launches = tokio::spawn(script::run(Arc::clone(&stage)));
        let flown = driver::fly(&flights, &stage, &clock, pace).await;
        let ended = launches.is_finished();
        launches.abort();
        told.finish();
        let flown = flown?;
        let report = report::Report::gather(&stage, &flights, flown, begun.elapsed()).await?;
        cluster.stop().await?;
        report.print(self.json || output.is_json())?;
        let good = ended && report.is_as_it_should_be();
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The folder of the stores, and what throws it away if it is temporary.
    fn folder(&self) -> Result<(PathBuf, Option<tempfile::TempDir>)> {
        let Some(folder) = &self.data_dir else {
            let temporary = tempfile::tempdir().context("making a temporary folder")?;
            return Ok((temporary.path().to_owned(), Some(temporary)));
        };
        let taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        if taken {
            bail!("{} is not empty; name a new folder, for the summer begins anew", folder.display());
        }
        Ok((folder.clone(), None))
    }
}

/// Places on free ports below `folder`.
fn places(folder: &std::path::Path) -> Places {
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let place = |name: &str| Place { data: folder.join(name), listen: any, ops: any };
    Places { registry: place("registry"), health: place("health"), launcher: place("launcher") }
}
