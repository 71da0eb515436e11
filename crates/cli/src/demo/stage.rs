//! What the demo plays on: the model and its versions in the registry, clients of the services, and who was exposed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use slipway_sdk::name::{ModelName, VersionName};
use slipway_sdk::{Cache, CacheSettings, Endpoint, Health, Launcher, Registry, Reporter, ReporterSettings, pb};
use tokio::sync::watch;

use super::flights::VERSIONS;
use crate::up::cluster::Cluster;

/// What the four versions are.
const DESCRIPTIONS: [&str; VERSIONS] = [
    "logistic regression, fitted on January to March",
    "a spline on the departure delay, and the weather",
    "v2 trained with one negative in three, and nobody undid the sampling",
    "v2's weights, but serving lost the departure delay",
];

/// How many of them are launched: all but the first, which serves from the beginning.
const LAUNCHES: usize = VERSIONS - 1;
/// The demo's model.
const MODEL: &str = "flight-delay";
/// How long the last outcome of a flight may take: a little more than any in the data.
const LABEL_WINDOW: Duration = Duration::from_secs(12 * 3600);
/// How long the services may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the demo plays on.
pub struct Stage {
    /// The model.
    pub model: ModelName,
    /// A client of the registry.
    pub registry: Registry,
    /// A client of the health monitor.
    pub health: Health,
    /// A client of the launcher.
    pub launcher: Launcher,
    /// The picture of the registry that flights are routed by.
    pub cache: Cache,
    /// Reports predictions and outcomes.
    pub reporter: Reporter,
    /// The newest state of each launch, in the order of their creation.
    pub launches: watch::Sender<Vec<pb::Launch>>,
    /// How many flights each version served while it was being launched.
    exposed: [AtomicU64; VERSIONS],
}

impl Stage {
    /// Registers the model with its four versions and lets the first one serve.
    pub async fn build(cluster: &Cluster) -> Result<Self> {
        let endpoint = |address: &str| anyhow::Ok(Endpoint::new(address)?.with_deadline(PATIENCE));
        let registry = Registry::new(&endpoint(&cluster.registry)?);
        let health = Health::new(&endpoint(&cluster.health)?);
        let launcher = Launcher::new(&endpoint(&cluster.launcher)?);
        let model = register(&registry).await.context("registering the model")?;
        let cache = Cache::start(&registry, CacheSettings::default());
        cache.ready(PATIENCE).await.context("reading the registry")?;
        let reporter = Reporter::start(&health, ReporterSettings::new("tower"));
        let (launches, _) = watch::channel(Vec::new());
        let exposed = Default::default();
        Ok(Self { model, registry, health, launcher, cache, reporter, launches, exposed })
    }

    /// The version with this number.
    pub fn version(&self, number: u64) -> VersionName {
        self.model.version(number)
    }

    /// Notes that a flight was served by a version that is being launched.
    pub fn expose(&self, number: u64) {
        if let Some(count) = usize::try_from(number).ok().and_then(|number| self.exposed.get(number - 1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many flights the version with this number served while it was being launched.
    pub fn exposed(&self, number: u64) -> u64 {
        let count = usize::try_from(number).ok().and_then(|number| self.exposed.get(number - 1));
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Takes in the newest state of a launch.
    pub fn note(&self, launch: pb::Launch) {
        self.launches.send_modify(|launches| match launches.iter_mut().find(|known| known.name == launch.name) {
            Some(known) => *known = launch,
            None => launches.push(launch),
        });
    }

    /// Whether every launch of the demo has ended.
    pub fn is_over(&self) -> bool {
        let launches = self.launches.borrow();
        launches.len() == LAUNCHES && launches.iter().all(|launch| launch.end_time.is_some())
    }

    /// The launch that goes on, if one does.
    pub fn active(&self) -> Option<pb::Launch> {
        self.launches.borrow().iter().find(|launch| launch.end_time.is_none()).cloned()
    }
}

async fn register(registry: &Registry) -> Result<ModelName> {
    let team = pb::Team { display_name: "Operations".to_owned(), ..Default::default() };
    let parent = "namespaces/default".to_owned();
    let team =
        pb::CreateTeamRequest { parent, team_id: "operations".to_owned(), team: Some(team), ..Default::default() };
    registry.create_team(team).await?;
    let model = pb::Model {
        display_name: "Flight delay".to_owned(),
        description: "Whether a departing flight lands more than 15 minutes late".to_owned(),
        owner: "operations".to_owned(),
        on_call: "operations".to_owned(),
        surface: "flight-status".to_owned(),
        predicted_event: "the flight lands more than 15 minutes late, or never arrives".to_owned(),
        label_window: prost_types::Duration::try_from(LABEL_WINDOW).ok(),
        criticality: Some(pb::Criticality {
            tier: 1,
            reason: "shown to every passenger".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let request = pb::CreateModelRequest {
        parent: "namespaces/default".to_owned(),
        model_id: MODEL.to_owned(),
        model: Some(model),
        ..Default::default()
    };
    let name: ModelName = registry.create_model(request).await?.name.parse()?;
    for (index, description) in DESCRIPTIONS.into_iter().enumerate() {
        registry.create_version(version(&name, index + 1, description)).await?;
    }
    let all = pb::BucketRange { start: 0, end: 100_000, version: name.version(1).to_string() };
    let traffic = pb::SetTrafficRequest {
        name: name.traffic(),
        ranges: vec![all],
        reason: "v1 has served since the spring".to_owned(),
        ..Default::default()
    };
    registry.set_traffic(traffic).await?;
    Ok(name)
}

fn version(model: &ModelName, number: usize, description: &str) -> pb::CreateVersionRequest {
    let version = pb::Version {
        display_name: format!("v{number}"),
        description: description.to_owned(),
        artifact_uri: format!("file:///models/{MODEL}/v{number}"),
        artifact_digest: format!("sha256:{number:064x}"),
        ..Default::default()
    };
    pb::CreateVersionRequest { parent: model.to_string(), version: Some(version), ..Default::default() }
}
