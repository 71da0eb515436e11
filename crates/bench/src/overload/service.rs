//! The registry that is overloaded: on its own store and its own sockets, in a process of its own with one core.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use slipway_chassis::process;
use slipway_registry::config::{DECLARATION, start};

use super::core::{SERVICE, pinned};
use crate::running::Running;
use crate::start_log;

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
    pub fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["overload", "--serve", "--dir"]).arg(folder);
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
    fn drop(&mut self) {
        // After an error nothing is left running; a process that has ended is not found any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is the service until nobody holds its standard input any more.
///
/// # Errors
/// When it does not start, or comes to a bad end.
pub fn run(folder: &Path) -> Result<()> {
    pinned(SERVICE, || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.block_on(async {
            let _telemetry = start_log()?;
            let running = Running::start(&DECLARATION, folder, |plan, own| process::serve(plan, own, start)).await?;
            writeln!(std::io::stdout(), "{}", running.address)?;
            std::io::stdin().read_line(&mut String::new())?;
            running.stop().await
        })
    })
}
