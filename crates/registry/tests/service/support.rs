//! A registry on a free port, and short ways to ask it.

use std::sync::Arc;

use jiff::Timestamp;
use slipway_chassis::env::{Driver, Env};
use slipway_chassis::process::{self, Plan};
use slipway_chassis::server::Listeners;
use slipway_chassis::settings::Request;
use slipway_registry::config::{DECLARATION, serve_with};
use slipway_sdk::pb;
use slipway_sdk::{Endpoint, Error, Registry};
use slipway_store::Store;
use slipway_store::memory::Memory;
use tokio_util::sync::CancellationToken;

/// Where the driven clock begins.
pub const START: &str = "2026-01-01T00:00:00Z";

/// A running registry.
pub struct Running {
    /// Where it listens.
    pub address: String,
    /// A client of it.
    pub client: Registry,
    /// Moves its clock.
    pub clock: Driver,
    /// What it keeps its state in.
    pub store: Arc<dyn Store>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// The teams that are there from the start.
pub const TEAMS: [&str; 4] = ["ranking", "ads", "even", "odd"];

/// A registry that knows nothing but teams.
pub async fn start() -> Running {
    let running = start_on(Arc::new(Memory::new())).await;
    for team in TEAMS {
        running.client.ensure_team(&format!("namespaces/default/teams/{team}").parse().unwrap()).await.unwrap();
    }
    running
}

/// A registry on `store`.
pub async fn start_on(store: Arc<dyn Store>) -> Running {
    start_with(store, &[]).await
}

/// A registry on `store` with more settings.
pub async fn start_with(store: Arc<dyn Store>, flags: &[&str]) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let data = format!("--data-dir={}", folder.path().join("data").display());
    let flags = flags.iter().map(|flag| (*flag).to_owned()).chain([data]);
    let Request::Run(settings) = DECLARATION.parse(flags, []).unwrap() else { panic!("no settings") };
    let listeners = Listeners::loopback().await.unwrap();
    let address = format!("http://{}", listeners.grpc.local_addr().unwrap());
    let (env, clock) = Env::driven(START.parse::<Timestamp>().unwrap(), 7);
    let stop = CancellationToken::new();
    let plan = Plan { name: "registry", common: settings.common, listeners, env, stop: stop.clone() };
    let (own, config) = (Arc::clone(&store), settings.own);
    let task = tokio::spawn(async move {
        let _folder = folder;
        process::serve(plan, config, async move |config, start| serve_with(config, own, start).await).await.unwrap();
    });
    let client = Registry::new(&Endpoint::new(&address).unwrap());
    Running { address, client, clock, store, stop, task }
}

impl Running {
    /// Stops it and starts another on the same store.
    pub async fn restart(self) -> Running {
        let Running { store, stop, task, .. } = self;
        stop.cancel();
        task.await.unwrap();
        start_on(store).await
    }
}

/// A message that is valid as it is.
pub fn new_model(id: &str) -> pb::CreateModelRequest {
    pb::CreateModelRequest {
        parent: "namespaces/default".to_owned(),
        model_id: id.to_owned(),
        model: Some(pb::Model { owner: "ranking".to_owned(), ..pb::Model::default() }),
        reason: "first of its kind".to_owned(),
        ..pb::CreateModelRequest::default()
    }
}

/// A message that is valid as it is; `digit` makes the digest.
pub fn new_version(model: &str, digit: char) -> pb::CreateVersionRequest {
    let version = pb::Version {
        artifact_uri: "s3://models/m".to_owned(),
        artifact_digest: format!("sha256:{}", digit.to_string().repeat(64)),
        ..pb::Version::default()
    };
    pb::CreateVersionRequest {
        parent: format!("namespaces/default/models/{model}"),
        version: Some(version),
        ..pb::CreateVersionRequest::default()
    }
}

/// A model with `versions` versions of different digests.
pub async fn model_with_versions(registry: &Registry, id: &str, versions: usize) {
    registry.create_model(new_model(id)).await.unwrap();
    for digit in ('1'..='9').take(versions) {
        registry.create_version(new_version(id, digit)).await.unwrap();
    }
}

/// The reason of an answer that must be an error.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    answer.unwrap_err().reason().to_owned()
}

/// The wrong fields of an answer that must be an error.
pub fn fields<T: std::fmt::Debug>(answer: Result<T, Error>) -> Vec<String> {
    answer.unwrap_err().violations().iter().map(|violation| violation.field.clone()).collect()
}

/// The name of a model of the usual namespace.
pub fn name(id: &str) -> slipway_sdk::name::ModelName {
    format!("namespaces/default/models/{id}").parse().unwrap()
}
