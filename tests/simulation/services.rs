//! How the three services are opened in a simulation: as their processes do it, without sockets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::SignedDuration;
use slipway_chassis::env::Env;
use slipway_chassis::metrics::Metrics;
use slipway_domain::as_of::AsOf;
use slipway_domain::name::ModelName;
use slipway_health::Health;
use slipway_health::service::{Limits, ModelPolicy, Policies};
use slipway_launcher::{Launcher, Parts};
use slipway_registry::Registry;
use slipway_store::Store;

use crate::chronicle::{Life, Role};
use crate::defect::{Defect, Forgetful};
use crate::network::Network;
use crate::node::{Opens, Work};
use crate::place::Place;
use crate::reader::{at_once, reader};

/// How many commands a launcher may have under way at each peer.
pub const CONCURRENCY: usize = 2;

/// Opens the registry.
pub struct OpensRegistry {
    /// The clock of the world.
    pub env: Env,
}

#[async_trait]
impl Opens for OpensRegistry {
    type Service = Registry;

    fn role(&self) -> Role {
        Role::Registry
    }

    async fn open(&self, store: Arc<dyn Store>, _: Life) -> Result<(Arc<Registry>, Work), String> {
        let registry = Registry::open(store, "simulated", self.env.clone()).await.map_err(|error| error.to_string())?;
        Ok((Arc::clone(&registry), Box::pin(registry.run())))
    }
}

/// Opens the health monitor.
pub struct OpensHealth {
    /// The clock of the world.
    pub env: Env,
    /// Where it learns what is tolerated.
    pub registry: Arc<Place<Registry>>,
}

#[async_trait]
impl Opens for OpensHealth {
    type Service = Health;

    fn role(&self) -> Role {
        Role::Health
    }

    async fn open(&self, store: Arc<dyn Store>, _: Life) -> Result<(Arc<Health>, Work), String> {
        let metrics = Metrics::new().expect("an empty set of metrics has no two of one name");
        let picture = Picture { registry: Arc::clone(&self.registry), last: Mutex::default() };
        let opened = Health::open(Limits::default(), store, &self.env, &metrics, Arc::new(picture)).await;
        let (health, committer) = opened.map_err(|error| error.to_string())?;
        Ok((health, Box::pin(committer.run())))
    }
}

/// What the registry says of models, or last said.
struct Picture {
    registry: Arc<Place<Registry>>,
    last: Mutex<BTreeMap<ModelName, ModelPolicy>>,
}

impl Policies for Picture {
    fn policy(&self, model: &ModelName) -> Option<ModelPolicy> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self
            .registry
            .living()
            .and_then(|registry| at_once(registry.service.get_model(&reader(), model, AsOf::Now)).ok());
        if let Some(found) = found {
            let model = &found.model.value;
            let label_window = SignedDuration::try_from(model.label_window).unwrap_or(SignedDuration::MAX);
            last.insert(model.name.clone(), ModelPolicy { label_window, health: model.health_policy });
        }
        last.get(model).cloned()
    }
}

/// Opens the launcher.
pub struct OpensLauncher {
    /// The clock by which it lives.
    pub env: Env,
    /// How it reaches the others.
    pub network: Arc<Network>,
    /// What is broken on purpose.
    pub defect: Defect,
}

#[async_trait]
impl Opens for OpensLauncher {
    type Service = Launcher;

    fn role(&self) -> Role {
        Role::Launcher
    }

    async fn open(&self, store: Arc<dyn Store>, life: Life) -> Result<(Arc<Launcher>, Work), String> {
        let store = if self.defect == Defect::TimersForgotten { Arc::new(Forgetful(store)) } else { store };
        let parts = Parts {
            store,
            peers: Arc::new(self.network.of(life)),
            env: self.env.clone(),
            metrics: Metrics::new().expect("an empty set of metrics has no two of one name"),
            concurrency: CONCURRENCY,
        };
        let launcher = Launcher::open(parts).await.map_err(|error| error.to_string())?;
        Ok((Arc::clone(&launcher), Box::pin(launcher.run())))
    }
}
