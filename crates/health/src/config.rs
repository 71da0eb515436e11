//! The health service as a process: its settings and how it starts.

use std::sync::Arc;
use std::time::Duration;

use slipway_chassis::process::Start;
use slipway_chassis::server::Served;
use slipway_chassis::settings::peers::{self, Peers};
use slipway_chassis::settings::{Declaration, Reader, Setting, parse};
use slipway_operations::{Operations, Owners, Sources};
use slipway_sdk::{Cache, CacheSettings, Endpoint, Registry};
use slipway_store::Store;
use slipway_store::embedded::Embedded;

use crate::convert::Picture;
use crate::grpc::Handlers;
use crate::record::ROWS;
use crate::service::{Defaults, Limits, Policies};
use crate::{Error, Health};

/// What this service is called in its data folder, in backups and on the wire.
const SERVICE: &str = "health";

/// The settings that only the health service has.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The registry that knows label windows and tolerances; none: every model is judged by the defaults.
    pub registry: Option<Endpoint>,
    /// How it is called.
    pub calling: Peers,
    /// How much is taken, and how long producers are waited for.
    pub limits: Limits,
}

const REGISTRY: Setting<Endpoint> = Setting::new(
    "registry",
    "http://127.0.0.1:7701",
    |text| Endpoint::new(text).ok(),
    "an address, as http://127.0.0.1:7701, or empty for none",
    "The registry that knows label windows and tolerances",
);

const PRODUCER_IDLE: Setting<Duration> = Setting::new(
    "producer-idle",
    "24h",
    parse::duration,
    "a duration from 1ms to 24h, as 30m",
    "How long a producer may be silent before the others' cohorts no longer wait for its promises",
);

/// The health service's program.
pub const DECLARATION: Declaration<Config> = Declaration {
    name: "slipway-health",
    about: "The health monitor: observations in, and whether each model is healthy out.",
    listen: "127.0.0.1:7702",
    ops_listen: "127.0.0.1:7712",
    data_dir: "slipway-data/health",
    settings: &[REGISTRY.row, PRODUCER_IDLE.row, peers::ROWS[0], peers::ROWS[1]],
    read,
    examples: "\
  slipway-health
  slipway-health --data-dir /var/lib/slipway/health --registry http://registry.internal:7701
  SLIPWAY_PRODUCER_IDLE=2h slipway-health",
};

fn read(reader: &mut Reader) -> Config {
    let calling = Peers::read(reader);
    let registry = reader.optional(&REGISTRY).map(|endpoint| match &calling.token_file {
        None => endpoint,
        Some(path) => endpoint.clone().with_token_file(path).unwrap_or_else(|_| {
            reader.refuse_value(&REGISTRY, "an https address, since peers.token-file is sent there");
            endpoint
        }),
    });
    let limits = Limits { producer_idle: reader.value(&PRODUCER_IDLE), ..Limits::default() };
    Config { registry, calling, limits }
}

/// Starts the service on the embedded store in its data folder.
///
/// # Errors
/// [`Error`] if the store can't be opened or read.
pub async fn start(config: Config, start: Start) -> Result<Served, Error> {
    let store = start.open_store(SERVICE, ROWS).await.map_err(Error::Unreadable)?;
    run(config, (Arc::clone(&store) as Arc<dyn Store>, Some(store)), start).await
}

/// Starts the service on `store`.
///
/// # Errors
/// [`Error`] if the store can't be read.
pub async fn serve(config: Config, store: Arc<dyn Store>, start: Start) -> Result<Served, Error> {
    run(config, (store, None), start).await
}

/// Runs the service on a store, of which backups are taken if it is also `kept`.
async fn run(
    config: Config,
    (store, kept): (Arc<dyn Store>, Option<Arc<Embedded>>),
    start: Start,
) -> Result<Served, Error> {
    let policies = policies(&config, &start);
    let (health, committer) = Health::open(config.limits, store, &start.env, &start.metrics, policies).await?;
    let stopping = start.tasks.stopping();
    start.tasks.spawn("committer", async move {
        stopping.run_until_cancelled(committer.run()).await;
    });
    let operations = Operations::new(Sources {
        service: SERVICE,
        access: start.access,
        env: start.env,
        owners: Arc::clone(&health) as Arc<dyn Owners>,
        store: kept,
    });
    let most = start.common.max_message;
    Ok(Served {
        routes: operations.beside(Handlers::new(health).routes(most), most),
        services: &["slipway.health.v1.Health", slipway_operations::SERVICE],
        descriptors: slipway_proto::FILE_DESCRIPTOR_SET,
    })
}

/// What the registry says of models, from a picture that is kept beside the data, so that a registry that is away is
/// never an error.
fn policies(config: &Config, start: &Start) -> Arc<dyn Policies> {
    let Some(endpoint) = &config.registry else { return Arc::new(Defaults) };
    let file = Some(start.common.data_dir.join("registry.picture"));
    let endpoint = endpoint.clone().with_tls(config.calling.files(&start.common));
    let cache = Cache::start(&Registry::new(&endpoint), CacheSettings { file, ..CacheSettings::default() });
    Arc::new(Picture::new(cache))
}
