//! A service in this process, as it runs by itself: its settings, its sockets, its layers, its store on the disk.

use std::future::Future;
use std::path::Path;

use anyhow::{Context, Result, bail};
use slipway_chassis::env::Env;
use slipway_chassis::process::{Error, Plan};
use slipway_chassis::server::Listeners;
use slipway_chassis::settings::{Declaration, Request};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A service that is being served.
pub struct Running {
    /// Where, as `http://127.0.0.1:40001`.
    pub address: String,
    stop: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
}

impl Running {
    /// Starts the service of `declaration` on free ports, with its data in `folder`; `serve` makes its life of what it
    /// is told.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start<C, F>(
        declaration: &Declaration<C>,
        folder: &Path,
        serve: impl FnOnce(Plan, C) -> F,
    ) -> Result<Self>
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        Self::start_with(declaration, (folder, &[]), serve).await
    }

    /// The same, with more flags.
    ///
    /// # Errors
    /// When a flag is wrong, or there is no port.
    pub async fn start_with<C, F>(
        declaration: &Declaration<C>,
        (folder, flags): (&Path, &[String]),
        serve: impl FnOnce(Plan, C) -> F,
    ) -> Result<Self>
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let folder = format!("--data-dir={}", folder.join(declaration.name).display());
        let flags = flags.iter().cloned().chain([folder]);
        let Request::Run(settings) = declaration.parse(flags, [])? else { bail!("no settings were read") };
        let listeners = Listeners::loopback().await?;
        let address = format!("http://{}", listeners.grpc.local_addr()?);
        let stop = CancellationToken::new();
        let env = Env::system();
        let plan = Plan { name: declaration.name, common: settings.common, listeners, env, stop: stop.clone() };
        let task = tokio::spawn(serve(plan, settings.own));
        Ok(Self { address, stop, task })
    }

    /// Stops it, and says how it went.
    ///
    /// # Errors
    /// When it did not start or came to a bad end.
    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.task.await?.context("the service failed")
    }
}
