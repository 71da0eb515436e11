//! What can be asked on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::own_process::Cores;
use crate::registry::Scale;
use crate::reopening::Part;
use crate::turns::ROUNDS;

/// Measures Slipway on this machine. Every figure stands beside the limit or the peer that it is held against, which is
/// measured in the same run: the two take turns, and what is shown is the median of five rounds. So the ratio holds even
/// where others use the machine too.
#[derive(Debug, Parser)]
#[command(version, name = "slipway-bench", after_help = EXAMPLES)]
pub struct Options {
    /// What is measured.
    #[arg(value_enum)]
    pub subject: Subject,
    /// How long each figure is measured, and its limit as long again; 5 if it is not said. The overload lasts so long
    /// too, and a minute if it is not said.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Where the stores keep their data meanwhile: a folder on a disk. Without it, the system's folder for temporary
    /// files, or this one when that lies in memory.
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// Of the store: measure instead how a store of so many keys opens again after a kill, and how much memory it takes.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub keys: Option<u64>,
    /// The part of that measurement that this process does.
    #[arg(long, hide = true, requires = "keys")]
    pub part: Option<Part>,
    /// Of the registry: how many models its large fleet has.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = fleet)]
    pub models: usize,
    /// Of the registry: how many versions those have together.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000, value_parser = fleet)]
    pub versions: usize,
    /// Be a registry that may use so many cores, with its data in the folder.
    #[arg(long, hide = true, requires = "dir")]
    pub serve: Option<Cores>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  slipway-bench all
  slipway-bench registry --seconds 20
  slipway-bench registry --models 1000 --versions 10000
  slipway-bench overload --json
  slipway-bench store --keys 1000000
  slipway-bench store --dir /var/lib/slipway --json

Exit codes: 0 measured, 1 something failed, 2 wrong arguments. A goal that is missed is shown, and is no failure.";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// Durable transactions, beside appending to a file and syncing it.
    Store,
    /// GetModel, beside a service that does nothing; CreateModel, beside appending and syncing; both under a backup; and a
    /// large fleet, beside etcd where it is installed. With a million versions that takes minutes.
    Registry,
    /// Observations through Report until they are durable, beside folding them in a loop.
    Health,
    /// Routing decisions, beside the hash alone.
    Sdk,
    /// A registry at three times its capacity for a minute, beside its best goodput.
    Overload,
    /// All of these, one after the other.
    All,
}

impl Subject {
    /// The subjects that are measured one by one.
    pub fn each(self) -> Vec<Self> {
        match self {
            Self::All => vec![Self::Store, Self::Registry, Self::Health, Self::Sdk, Self::Overload],
            one => vec![one],
        }
    }

    /// What it is called on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Registry => "registry",
            Self::Health => "health",
            Self::Sdk => "sdk",
            Self::Overload => "overload",
            Self::All => "all",
        }
    }
}

impl Options {
    /// How long one round lasts.
    pub fn round(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(5.0)) / ROUNDS
    }

    /// How large the registry's fleet becomes.
    pub fn scale(&self) -> Scale {
        Scale { models: self.models, versions: self.versions }
    }

    /// How long a service is overloaded: a second at least, or nothing may be answered at all.
    pub fn overload(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(60.0).max(1.0))
    }
}

/// A thousand models are asked for one after the other, so there are as many.
fn fleet(text: &str) -> Result<usize, String> {
    let bounds = || "a whole number from 1000 to 100000000".to_owned();
    text.parse().ok().filter(|count| (1000..=100_000_000).contains(count)).ok_or_else(bounds)
}

fn seconds(text: &str) -> Result<f64, String> {
    let bounds = || "a number of seconds from 0.01 to 3600".to_owned();
    text.parse().ok().filter(|seconds| (0.01..=3600.0).contains(seconds)).ok_or_else(bounds)
}
