//! The three services side by side in one process, each with its own sockets and its own store.

use std::error::Error as StdError;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use slipway_chassis::env::Env;
use slipway_chassis::process::{self, Plan, Start};
use slipway_chassis::readiness::Readiness;
use slipway_chassis::server::{Connections, Listeners, Served};
use slipway_chassis::settings::{self, Common, Declaration, Faults, Sources};
use slipway_health::config as health;
use slipway_launcher::config as launcher;
use slipway_registry::config as registry;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Where one service lives.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its data.
    pub data: PathBuf,
    /// Its gRPC address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Its operators' address; port 0 takes a free one.
    pub ops: SocketAddr,
}

/// Where all three live.
#[derive(Debug, Clone)]
pub struct Places {
    /// The registry's place.
    pub registry: Place,
    /// The health monitor's place.
    pub health: Place,
    /// The launcher's place.
    pub launcher: Place,
}

/// What all three were told.
pub struct Settings {
    registry: settings::Settings<registry::Config>,
    health: settings::Settings<health::Config>,
    launcher: settings::Settings<launcher::Config>,
}

impl Settings {
    /// Reads the settings of each service for its place; whatever else holds comes from `given`.
    pub fn read(places: &Places, given: &Sources) -> Result<Self, Faults> {
        Ok(Self {
            registry: read(&registry::DECLARATION, &places.registry, given)?,
            health: read(&health::DECLARATION, &places.health, given)?,
            launcher: read(&launcher::DECLARATION, &places.launcher, given)?,
        })
    }

    /// How many connections each of the three takes.
    pub fn connections(&mut self) -> [&mut Connections; 3] {
        let Self { registry, health, launcher } = self;
        [&mut registry.common, &mut health.common, &mut launcher.common].map(|common| &mut common.server.connections)
    }

    /// What holds for the process: log, traces, clock.
    pub fn common(&self) -> &Common {
        &self.registry.common
    }
}

fn read<C>(declaration: &Declaration<C>, place: &Place, given: &Sources) -> Result<settings::Settings<C>, Faults> {
    let mut sources = given.clone();
    for (name, text) in [
        ("data-dir", place.data.display().to_string()),
        ("listen", place.listen.to_string()),
        ("ops-listen", place.ops.to_string()),
    ] {
        sources.flags.push((name.to_owned(), text));
    }
    declaration.read(sources)
}

/// The three services, running.
pub struct Cluster {
    /// Where the registry answers.
    pub registry: String,
    /// Where the health monitor answers.
    pub health: String,
    /// Where the launcher answers.
    pub launcher: String,
    stop: CancellationToken,
    running: JoinSet<Result<(), anyhow::Error>>,
    starting: Vec<oneshot::Receiver<Readiness>>,
}

impl Cluster {
    /// Starts the three, which find each other; they run until `stop`, or until one of them fails.
    pub async fn start(settings: Settings, env: &Env, stop: CancellationToken) -> Result<Self> {
        let Settings { registry: first, health: mut second, launcher: mut third } = settings;
        let listeners = [bind(&first.common).await?, bind(&second.common).await?, bind(&third.common).await?];
        // Each has its certificate, or none: what is encrypted is encrypted between them, too.
        let scheme = if first.common.tls.is_some() { "https" } else { "http" };
        let address = |listeners: &Listeners| anyhow::Ok(format!("{scheme}://{}", listeners.grpc.local_addr()?));
        let [registry, health, launcher] = [address(&listeners[0])?, address(&listeners[1])?, address(&listeners[2])?];
        let to_registry = second.own.registry.take().map(|endpoint| endpoint.with_address(&registry));
        second.own.registry = to_registry.transpose()?;
        third.own.registry = third.own.registry.with_address(&registry)?;
        third.own.health = third.own.health.with_address(&health)?;
        let mut cluster = Self { registry, health, launcher, stop, running: JoinSet::new(), starting: Vec::new() };
        let [one, two, three] = listeners;
        cluster.run(registry::DECLARATION.name, first, (one, env), registry::start);
        cluster.run(health::DECLARATION.name, second, (two, env), health::start);
        cluster.run(launcher::DECLARATION.name, third, (three, env), launcher::start);
        Ok(cluster)
    }

    fn run<C, E, F>(
        &mut self,
        name: &'static str,
        settings: settings::Settings<C>,
        (listeners, env): (Listeners, &Env),
        start: fn(C, Start) -> F,
    ) where
        C: Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 'static,
        F: Future<Output = Result<Served, E>> + Send + 'static,
    {
        let settings::Settings { common, own } = settings;
        let plan = Plan { name, common, listeners, env: env.clone(), stop: self.stop.clone() };
        let (begin, begun) = oneshot::channel();
        self.starting.push(begun);
        let start = async move |own, start_with: Start| {
            // Whoever does not wait for it does not hear of it.
            let _ = begin.send(start_with.readiness.clone());
            start(own, start_with).await
        };
        let life = process::serve(plan, own, start);
        self.running.spawn(async move { life.await.with_context(|| format!("{name} ended")) });
    }

    /// Waits until all three can do their work; none if one of them ended before.
    pub fn ready(&mut self) -> impl Future<Output = Option<()>> + Send + use<> {
        let starting = std::mem::take(&mut self.starting);
        async move {
            for begun in starting {
                begun.await.ok()?.ready().await;
            }
            Some(())
        }
    }

    /// Waits for the services to stop; when one fails, the others are stopped too.
    pub async fn finish(mut self) -> Result<()> {
        let mut first = Ok(());
        while let Some(ended) = self.running.join_next().await {
            self.stop.cancel();
            let ended = ended.context("a service broke off").flatten();
            first = first.and(ended);
        }
        first
    }

    /// Asks the services to stop, and waits for them.
    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.finish().await
    }
}

async fn bind(common: &Common) -> Result<Listeners> {
    Ok(Listeners::bind(common.listen, common.ops_listen).await?)
}
