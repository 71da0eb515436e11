//! `slipway-bench`: figures of Slipway on this machine, each beside the limit that it is held against, measured in turn
//! in one run.
//!
//! Start reading at [`turns`], which is how everything is measured, then at the subject: [`store`], [`registry`],
//! [`health`], [`sdk`],
//! [`overload`].

mod bare;
mod core;
mod echo;
mod figures;
mod health;
mod load;
mod machine;
mod options;
mod overload;
mod own_process;
mod processor_time;
mod registry;
mod reopening;
mod running;
mod sdk;
mod secured;
mod store;
mod turns;

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use clap::Parser;
use slipway_chassis::settings::{Log, LogFormat};
use slipway_chassis::telemetry::{self, Telemetry};

use figures::Figures;
use machine::Machine;
use options::{Options, Subject};

/// What services log where they run, except for the words of their start, of their end and of backups: so a call costs
/// here what it costs there.
const LOGGED: &str = "info,slipway_chassis::process=warn,slipway_chassis::server=warn,slipway_operations=warn";

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if let Some(cores) = options.serve {
        let folder = options.dir.as_deref().context("the service is told where its data lies")?;
        return own_process::run(folder, cores);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&options))
}

/// Starts the log, inside of a runtime. It lives as long as the process; there are no traces to bring out at its end.
fn start_log() -> anyhow::Result<Telemetry> {
    Ok(telemetry::start("slipway-bench", &Log::fixed(LOGGED, LogFormat::Json), None)?)
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let _telemetry = start_log()?;
    if let (Some(part), Some(keys), Some(folder)) = (options.part, options.keys, &options.dir) {
        return reopening::run(part, keys, folder).await;
    }
    let machine = Machine::look(options.dir.as_deref())?;
    let mut all = Vec::new();
    for subject in options.subject.each() {
        if !options.json {
            writeln!(std::io::stderr(), "measuring {} …", subject.name())?;
        }
        let folder = machine.temporary()?;
        let figures = measure(subject, options, folder.path()).await;
        all.push((subject, figures.with_context(|| format!("measuring {}", subject.name()))?));
    }
    let text = if options.json { figures::json(options.subject, &machine, all) } else { figures::text(&machine, &all) };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Measures `subject` as `options` ask, with its data in `folder`.
async fn measure(subject: Subject, options: &Options, folder: &Path) -> anyhow::Result<Figures> {
    let round = options.round();
    match subject {
        Subject::Store => match options.keys {
            Some(keys) => reopening::measure(keys, folder),
            None => store::measure(round, folder).await,
        },
        Subject::Registry => registry::measure(round, folder, options.scale()).await,
        Subject::Health => health::measure(round, folder).await,
        Subject::Sdk => sdk::measure(round, folder).await,
        Subject::Overload => overload::measure(options.overload(), folder),
        Subject::All => Ok(Figures::default()),
    }
}
