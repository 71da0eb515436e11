//! The three services in this process, on their own stores in a folder, with one clock that only moves when it is told to.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use slipway_chassis::env::{Driver, Env};
use slipway_chassis::process::{self, Error, Plan};
use slipway_chassis::server::Listeners;
use slipway_chassis::settings::{Declaration, Request};
use slipway_sdk::name::{ModelName, VersionName};
use slipway_sdk::{Endpoint, Health, Launcher, Registry, pb};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The folders of the services' data.
pub const FOLDERS: [&str; 3] = ["registry", "health", "launcher"];

/// When the golden folders were begun, by their clock.
pub const BEGUN: &str = "2026-01-01T00:00:00Z";

/// How long anything may take, by the world's clock.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The services, and clients of them.
pub struct Services {
    pub registry: Registry,
    pub health: Health,
    pub launcher: Launcher,
    pub clock: Driver,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<Result<(), Error>>>,
}

impl Services {
    /// Starts them on what is in `folder`, with their clock at `now`.
    pub async fn start(folder: &Path, now: Timestamp) -> Self {
        let (env, clock) = Env::driven(now, 7);
        let mut services = Starting { folder, env, stop: CancellationToken::new(), tasks: Vec::new() };
        let registry = services
            .start(&slipway_registry::config::DECLARATION, &[], |plan, own| {
                process::serve(plan, own, slipway_registry::config::start)
            })
            .await;
        let asks_registry = format!("--registry=http://{registry}");
        let health = services
            .start(&slipway_health::config::DECLARATION, std::slice::from_ref(&asks_registry), |plan, own| {
                process::serve(plan, own, slipway_health::config::start)
            })
            .await;
        let asks = [asks_registry, format!("--health=http://{health}")];
        let launcher = services
            .start(&slipway_launcher::config::DECLARATION, &asks, |plan, own| {
                process::serve(plan, own, slipway_launcher::config::start)
            })
            .await;
        let endpoint =
            |address: SocketAddr| Endpoint::new(&format!("http://{address}")).unwrap().with_deadline(PATIENCE);
        let Starting { stop, tasks, .. } = services;
        Self {
            registry: Registry::new(&endpoint(registry)),
            health: Health::new(&endpoint(health)),
            launcher: Launcher::new(&endpoint(launcher)),
            clock,
            stop,
            tasks,
        }
    }

    /// Stops them all; what they keep is in their folders.
    pub async fn stop(self) {
        let Self { stop, tasks, registry, health, launcher, .. } = self;
        // Connections that stay open would be waited for.
        drop((registry, health, launcher));
        stop.cancel();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    }
}

/// The services, one after the other.
struct Starting<'a> {
    folder: &'a Path,
    env: Env,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<Result<(), Error>>>,
}

impl Starting<'_> {
    /// Starts the service of `declaration` with the settings `asks`; where it listens.
    async fn start<C, F>(
        &mut self,
        declaration: &Declaration<C>,
        asks: &[String],
        serve: impl FnOnce(Plan, C) -> F,
    ) -> SocketAddr
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let data = self.folder.join(declaration.name.trim_start_matches("slipway-"));
        let arguments = asks.iter().cloned().chain([format!("--data-dir={}", data.display())]);
        let Request::Run(settings) = declaration.parse(arguments, []).unwrap() else { panic!("no settings") };
        let listeners = Listeners::loopback().await.unwrap();
        let address = listeners.grpc.local_addr().unwrap();
        let (env, stop) = (self.env.clone(), self.stop.clone());
        let plan = Plan { name: declaration.name, common: settings.common, listeners, env, stop };
        self.tasks.push(tokio::spawn(serve(plan, settings.own)));
        address
    }
}

/// The model that is launched, and the one that is not.
pub fn models() -> [ModelName; 2] {
    ["flight-delay", "no-show"].map(|id| format!("namespaces/default/models/{id}").parse().unwrap())
}

/// A version of the model that is launched.
pub fn version(number: u64) -> VersionName {
    models()[0].version(number)
}

/// A manifest of `manager` that gives a team its contact.
pub fn manifest(manager: &str, contact: &str) -> pb::ApplyModelsRequest {
    let name = "namespaces/default/teams/runway".to_owned();
    let team = pb::Team { name, contact: contact.to_owned(), ..Default::default() };
    pb::ApplyModelsRequest {
        parent: "namespaces/default".to_owned(),
        resources: vec![pb::Resource { resource: Some(pb::resource::Resource::Team(team)) }],
        field_manager: manager.to_owned(),
        ..Default::default()
    }
}
