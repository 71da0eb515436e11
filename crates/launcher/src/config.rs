//! The launcher as a process: its settings and how it starts.

use std::sync::Arc;

use slipway_chassis::process::Start;
use slipway_chassis::server::Served;
use slipway_chassis::settings::peers::{self, Peers as Calling};
use slipway_chassis::settings::{Declaration, Reader, Setting, parse};
use slipway_operations::{Operations, Owners, Sources};
use slipway_sdk::Endpoint;
use slipway_store::Store;
use slipway_store::embedded::Embedded;

use crate::grpc::Handlers;
use crate::peers::remote::Remote;
use crate::record::ROWS;
use crate::{Error, Launcher, Parts, Peers};

/// How many commands may be under way at each peer when nobody says.
pub const CONCURRENCY: usize = 64;

/// What this service is called in its data folder, in backups and on the wire.
const SERVICE: &str = "launcher";

/// The settings that only the launcher has.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where the registry listens.
    pub registry: Endpoint,
    /// Where the health monitor listens.
    pub health: Endpoint,
    /// How it calls both.
    pub calling: Calling,
    /// How many commands may be under way at each of them.
    pub concurrency: usize,
}

const REGISTRY: Setting<Endpoint> = Setting::new(
    "registry",
    "http://127.0.0.1:7701",
    endpoint,
    "the address of a service, as http://127.0.0.1:7701",
    "Where the registry listens, which is asked for models and told their traffic",
);

const HEALTH: Setting<Endpoint> = Setting::new(
    "health",
    "http://127.0.0.1:7702",
    endpoint,
    "the address of a service, as http://127.0.0.1:7702",
    "Where the health monitor listens, which is asked for verdicts",
);

const LIMIT: Setting<usize> = Setting::new(
    "concurrency",
    "64",
    count,
    "a whole number from 1 to 1000000",
    "How many commands of launches may be under way at each peer",
);

/// The launcher's program.
pub const DECLARATION: Declaration<Config> = Declaration {
    name: "slipway-launcher",
    about: "The launcher: one way to launch a new version, and to take it back when predictions go wrong.",
    listen: "127.0.0.1:7703",
    ops_listen: "127.0.0.1:7713",
    data_dir: "slipway-data/launcher",
    settings: &[REGISTRY.row, HEALTH.row, LIMIT.row, peers::ROWS[0], peers::ROWS[1]],
    read,
    examples: "\
  slipway-launcher
  slipway-launcher --registry http://registry:7701 --health http://health:7702
  SLIPWAY_LISTEN=127.0.0.1:7803 slipway-launcher",
};

fn endpoint(text: &str) -> Option<Endpoint> {
    Endpoint::new(text).ok()
}

fn count(text: &str) -> Option<usize> {
    parse::count(text).and_then(|count| usize::try_from(count).ok())
}

fn read(reader: &mut Reader) -> Config {
    let calling = Calling::read(reader);
    Config {
        registry: called(reader, &REGISTRY, &calling),
        health: called(reader, &HEALTH, &calling),
        concurrency: reader.value(&LIMIT),
        calling,
    }
}

/// The service that `setting` names, called with the token of this one.
fn called(reader: &mut Reader, setting: &Setting<Endpoint>, calling: &Calling) -> Endpoint {
    let endpoint = reader.value(setting);
    let Some(path) = &calling.token_file else { return endpoint };
    endpoint.clone().with_token_file(path).unwrap_or_else(|_| {
        reader.refuse_value(setting, "an https address, since peers.token-file is sent there");
        endpoint
    })
}

/// Starts the launcher on the embedded store in its data folder.
///
/// # Errors
/// [`Error`] if the store can't be opened or used.
pub async fn start(config: Config, start: Start) -> Result<Served, Error> {
    let store = start.open_store(SERVICE, ROWS).await?;
    let files = config.calling.files(&start.common);
    let (registry, health) = (config.registry.with_tls(files.clone()), config.health.with_tls(files));
    let peers = Remote::new(&registry, &health, start.env.clone());
    run((Arc::clone(&store) as Arc<dyn Store>, Some(store)), Arc::new(peers), config.concurrency, start).await
}

/// Starts the launcher on `store`, asking `peers`, with at most `concurrency` commands under way at each of them.
///
/// # Errors
/// [`Error`] if the store can't be used.
pub async fn serve(
    store: Arc<dyn Store>,
    peers: Arc<dyn Peers>,
    concurrency: usize,
    start: Start,
) -> Result<Served, Error> {
    run((store, None), peers, concurrency, start).await
}

/// Runs the launcher on a store, of which backups are taken if it is also `kept`.
async fn run(
    (store, kept): (Arc<dyn Store>, Option<Arc<Embedded>>),
    peers: Arc<dyn Peers>,
    concurrency: usize,
    start: Start,
) -> Result<Served, Error> {
    let Start { common, env, access, metrics, readiness, tasks } = start;
    let launcher = Launcher::open(Parts { store, peers, env: env.clone(), metrics, concurrency }).await?;
    let (running, stopping) = (Arc::clone(&launcher), tasks.stopping());
    tasks.spawn("work", async move {
        stopping.run_until_cancelled(running.run()).await;
    });
    let (watched, stopping, charge) = (Arc::clone(&launcher), tasks.stopping(), readiness.component("charge"));
    charge.ready();
    tasks.spawn("charge", async move {
        if let Some(epoch) = stopping.run_until_cancelled(watched.fenced()).await {
            charge.not_ready(&format!("a newer launcher of epoch {epoch} is in charge"));
        }
    });
    let owners = Arc::clone(&launcher) as Arc<dyn Owners>;
    let operations = Operations::new(Sources { service: SERVICE, access, env, owners, store: kept });
    let most = common.max_message;
    Ok(Served {
        routes: operations.beside(Handlers::new(launcher).routes(most), most),
        services: &["slipway.launcher.v1.Launcher", slipway_operations::SERVICE],
        descriptors: slipway_proto::FILE_DESCRIPTOR_SET,
    })
}
