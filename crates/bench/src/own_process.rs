//! A registry on its own store and its own sockets, in a process of its own: it can be given one core, or be killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use slipway_chassis::process;
use slipway_registry::config::{DECLARATION, start};

use crate::core::{SERVICE, pinned};
use crate::running::Running;
use crate::start_log;

/// What the process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Cores {
    /// One core, which nothing else of the measurement uses.
    One,
    /// All of them, as a service does by itself.
    All,
}

/// The process of the service.
pub struct Service {
    /// Where it is served.
    pub address: String,
    child: Child,
}

impl Service {
    /// Starts this command again, as the service with its data in `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(folder: &Path, cores: Cores) -> Result<Self> {
        let name = cores.to_possible_value().context("it has a name")?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["registry", "--serve", name.get_name(), "--dir"]).arg(folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().context("it is piped")?;
        let mut service = Self { address: String::new(), child };
        let read = BufReader::new(out).read_line(&mut service.address)?;
        ensure!(read > 0, "the service ended without a word");
        service.address.truncate(service.address.trim_end().len());
        Ok(service)
    }

    /// The number of the process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it came to a bad end.
    pub fn stop(&mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "the service failed: {status}");
        Ok(())
    }
}

impl Drop for Service {
    /// Kills it, with whatever it is about to do.
    fn drop(&mut self) {
        // A process that has ended is not found any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is the service until nobody holds its standard input any more.
///
/// # Errors
/// When it does not start, or comes to a bad end.
pub fn run(folder: &Path, cores: Cores) -> Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match cores {
        Cores::One => pinned(SERVICE, || serve(runtime.worker_threads(1), folder)),
        Cores::All => serve(&mut runtime, folder),
    }
}

fn serve(runtime: &mut tokio::runtime::Builder, folder: &Path) -> Result<()> {
    runtime.enable_all().build()?.block_on(async {
        let _telemetry = start_log()?;
        let running = Running::start(&DECLARATION, folder, |plan, own| process::serve(plan, own, start)).await?;
        writeln!(std::io::stdout(), "{}", running.address)?;
        std::io::stdin().read_line(&mut String::new())?;
        running.stop().await
    })
}
