//! The registry as a process: its settings and how it starts.

use std::sync::Arc;

use slipway_chassis::process::Start;
use slipway_chassis::server::Served;
use slipway_chassis::settings::{Declaration, Reader};
use slipway_store::Store;
use slipway_store::embedded::{Embedded, Options};

use crate::grpc::Handlers;
use crate::record::ROWS;
use crate::{Error, Registry};

/// The settings that only the registry has: none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config;

/// The registry's program.
pub const DECLARATION: Declaration<Config> = Declaration {
    name: "slipway-registry",
    about: "The registry: one place that knows every model, its versions, and which of them serves whom.",
    listen: "127.0.0.1:7701",
    ops_listen: "127.0.0.1:7711",
    data_dir: "slipway-data/registry",
    settings: &[],
    read,
    examples: "\
  slipway-registry
  slipway-registry --data-dir /var/lib/slipway/registry --log-format json
  SLIPWAY_LISTEN=127.0.0.1:7801 slipway-registry",
};

fn read(_: &mut Reader) -> Config {
    Config
}

/// Starts the registry on the embedded store in its data folder.
///
/// # Errors
/// [`Error`] if the store can't be opened or read.
pub async fn start(_: Config, start: Start) -> Result<Served, Error> {
    let options = Options { rows: ROWS, ..Options::default() };
    let store = Embedded::open_in_background(&start.common.data_dir, options).await?;
    serve(Arc::new(store), start).await
}

/// Starts the registry on `store`.
///
/// # Errors
/// [`Error`] if the store can't be read.
pub async fn serve(store: Arc<dyn Store>, start: Start) -> Result<Served, Error> {
    let registry = Registry::open(store, start.env.clone()).await?;
    observe(&registry, &start);
    let (running, stopping) = (Arc::clone(&registry), start.tasks.stopping());
    start.tasks.spawn("picture", async move {
        stopping.run_until_cancelled(running.run()).await;
    });
    Ok(Served {
        routes: Handlers::new(registry).routes(start.common.max_message),
        services: &["slipway.registry.v1.Registry"],
        descriptors: slipway_proto::FILE_DESCRIPTOR_SET,
    })
}

/// Shows how much the registry knows.
fn observe(registry: &Arc<Registry>, start: &Start) {
    let meter = start.metrics.meter();
    let gauge = |name: &'static str, what: &'static str, read: fn(&Registry) -> u64| {
        let registry = Arc::downgrade(registry);
        meter
            .u64_observable_gauge(name)
            .with_description(what)
            .with_callback(move |gauge| {
                if let Some(registry) = registry.upgrade() {
                    gauge.observe(read(&registry), &[]);
                }
            })
            .build();
    };
    gauge("registry_revision", "The revision that reads see.", Registry::revision);
    gauge("registry_models", "How many models are known.", |registry| registry.counts().0 as u64);
    gauge("registry_versions", "How many versions are known.", |registry| registry.counts().1 as u64);
}
