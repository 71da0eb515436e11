//! The registry as a process: its settings and how it starts.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use slipway_chassis::metrics::{Figure, Gauge, Total, one};
use slipway_chassis::process::Start;
use slipway_chassis::server::Served;
use slipway_chassis::settings::{Declaration, Reader, Setting, parse};
use slipway_operations::{Operations, Owners, Sources};
use slipway_store::Store;
use slipway_store::embedded::Embedded;

use crate::grpc::Handlers;
use crate::record::ROWS;
use crate::service::Findings;
use crate::service::Settings;
use crate::{Error, Registry};

/// What this service is called in its data folder, in backups and on the wire.
const SERVICE: &str = "registry";

/// The settings that only the registry has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Config {
    /// What its use cases are told.
    pub settings: Settings,
}

const WATCH_MAX_AGE: Setting<Duration> = Setting::new(
    "watch.max-age",
    "1h",
    parse::duration,
    "a duration from 1ms to 24h, as 30m",
    "How old a watch gets at most, and three quarters of it at least, before it is ended to be begun again",
);

const SIGHTINGS_EXPIRY: Setting<Duration> = Setting::new(
    "sightings.expiry",
    "24h",
    parse::duration,
    "a duration from 1ms to 24h, as 6h",
    "After which time without a report it is forgotten that a model was seen running",
);

/// The registry's program.
pub const DECLARATION: Declaration<Config> = Declaration {
    name: "slipway-registry",
    about: "The registry: one place that knows every model, its versions, and which of them serves whom.",
    listen: "127.0.0.1:7701",
    ops_listen: "127.0.0.1:7711",
    data_dir: "slipway-data/registry",
    settings: &[WATCH_MAX_AGE.row, SIGHTINGS_EXPIRY.row],
    read,
    examples: "\
  slipway-registry
  slipway-registry --data-dir /var/lib/slipway/registry --log-format json
  SLIPWAY_WATCH_MAX_AGE=10m slipway-registry",
};

fn read(reader: &mut Reader) -> Config {
    let settings =
        Settings { watch_max_age: reader.value(&WATCH_MAX_AGE), sightings_expiry: reader.value(&SIGHTINGS_EXPIRY) };
    Config { settings }
}

const REVISION: Figure<Gauge> = Figure::gauge("registry_revision", "The revision that reads see.", &[]);
const MODELS: Figure<Gauge> = Figure::gauge("registry_models", "Models that are known.", &[]);
const VERSIONS: Figure<Gauge> = Figure::gauge("registry_versions", "Versions that are known.", &[]);

const FINDINGS: Figure<Total> = Figure::total(
    "registry_policy_findings",
    "Policies that a change left broken by a model, or was refused for.",
    &[("enforcement", "dry_run, warn, or deny")],
);

/// Starts the registry on the embedded store in its data folder.
///
/// # Errors
/// [`Error`] if the store can't be opened or read.
pub async fn start(config: Config, start: Start) -> Result<Served, Error> {
    let store = start.open_store(SERVICE, ROWS).await?;
    run(config, Arc::clone(&store) as Arc<dyn Store>, Some(store), start).await
}

/// Starts the registry on `store`.
///
/// # Errors
/// [`Error`] if the store can't be read.
pub async fn serve(store: Arc<dyn Store>, start: Start) -> Result<Served, Error> {
    serve_with(Config::default(), store, start).await
}

/// As [`serve`], with other settings.
///
/// # Errors
/// As there.
pub async fn serve_with(config: Config, store: Arc<dyn Store>, start: Start) -> Result<Served, Error> {
    run(config, store, None, start).await
}

/// Runs the registry on `store`, of which backups are taken if it is also `kept`.
async fn run(
    config: Config,
    store: Arc<dyn Store>,
    kept: Option<Arc<Embedded>>,
    start: Start,
) -> Result<Served, Error> {
    // A store that is kept nowhere begins anew with its process.
    let history = kept.as_ref().map_or_else(|| start.env.new_id().to_string(), |kept| kept.format().store.to_string());
    let registry = Registry::open_with(store, &history, start.env.clone(), config.settings).await?;
    observe(&registry, &start);
    let (running, stopping) = (Arc::clone(&registry), start.tasks.stopping());
    start.tasks.spawn("picture", async move {
        stopping.run_until_cancelled(running.run()).await;
    });
    let operations = Operations::new(Sources {
        service: SERVICE,
        access: start.access,
        env: start.env,
        owners: Arc::clone(&registry) as Arc<dyn Owners>,
        store: kept,
    });
    let most = start.common.max_message;
    Ok(Served {
        routes: operations.beside(Handlers::new(registry).routes(most), most),
        services: &["slipway.registry.v1.Registry", slipway_operations::SERVICE],
        descriptors: slipway_proto::FILE_DESCRIPTOR_SET,
    })
}

/// Shows how much the registry knows.
fn observe(registry: &Arc<Registry>, start: &Start) {
    let reading = |read: fn(&Registry) -> f64| {
        let registry = Arc::downgrade(registry);
        move || one(registry.upgrade().map(|registry| read(&registry)))
    };
    REVISION.show(&start.metrics, reading(|registry| registry.revision() as f64));
    MODELS.show(&start.metrics, reading(|registry| registry.counts().0 as f64));
    VERSIONS.show(&start.metrics, reading(|registry| registry.counts().1 as f64));
    let weak = Arc::downgrade(registry);
    FINDINGS.show(&start.metrics, move || {
        let Some(registry) = weak.upgrade() else { return Vec::new() };
        let count = |(enforcement, name)| {
            (registry.findings().of(enforcement) as f64, vec![KeyValue::new("enforcement", name)])
        };
        Findings::KINDS.map(count).into()
    });
}
