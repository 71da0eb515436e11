//! Who flies: registers the model, routes each flight, reports what was predicted and what came of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use slipway_sdk::name::ModelName;
use slipway_sdk::{
    Cache, CacheSettings, Endpoint, Health, Launcher, ModelRouter, Observation, PairedObservation, Registry, Reporter,
    ReporterSettings, pb,
};
use tokio::sync::watch;

use crate::fleet::{Fleet, Service};
use crate::summer::{self, Flight};

const PATIENCE: Duration = Duration::from_secs(60);
const LABEL_WINDOW: Duration = Duration::from_secs(12 * 3600);

/// Clients of a fleet, and the flights in the air.
pub struct Tower {
    pub model: ModelName,
    pub registry: Registry,
    pub health: Health,
    pub launcher: Launcher,
    pub reporter: Reporter,
    /// Outcomes that were reported, by the number of the version that served.
    pub observed: BTreeMap<u64, i64>,
    router: ModelRouter,
    flights: Vec<Flight>,
    next: usize,
    known: BinaryHeap<Reverse<(Timestamp, usize, u64, bool)>>,
}

impl Tower {
    /// Registers the model with two versions, of which the first serves.
    pub async fn build(fleet: &Fleet, days: u32) -> Self {
        let endpoint = |service| Endpoint::new(&fleet.address(service)).unwrap().with_deadline(PATIENCE);
        let registry = Registry::new(&endpoint(Service::Registry));
        let health = Health::new(&endpoint(Service::Health));
        let launcher = Launcher::new(&endpoint(Service::Launcher));
        let (model, salt) = register(&registry).await;
        let cache = Cache::start(&registry, CacheSettings::default());
        cache.ready(PATIENCE).await.unwrap();
        let router = cache.router().model(&model);
        let reporter = Reporter::start(&health, ReporterSettings::new("tower"));
        let flights = summer::flights(&salt, days);
        let (observed, known) = (BTreeMap::new(), BinaryHeap::new());
        Self { model, registry, health, launcher, reporter, observed, router, flights, next: 0, known }
    }

    /// Lets everything happen that is due by `now`. While `shadowing`, version 2 scores each flight too.
    pub fn until(&mut self, now: Timestamp, stage: pb::LaunchState) {
        while let Some(flight) = self.flights.get(self.next).filter(|flight| flight.takeoff <= now) {
            let served = self.router.route(&flight.unit).unwrap().number();
            let paired = stage == pb::LaunchState::Shadowing && served == 1;
            self.reporter.predicted(&self.model.version(served), flight.takeoff);
            if paired {
                self.reporter.paired_predicted(&self.model.version(2), &self.model.version(1), flight.takeoff);
            }
            self.known.push(Reverse((flight.known_at, self.next, served, paired)));
            self.next += 1;
        }
        while self.known.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            self.land();
        }
        self.reporter.complete_through(now);
    }

    fn land(&mut self) {
        let Some(Reverse((_, place, served, paired))) = self.known.pop() else { return };
        let Flight { takeoff, late, v1, v2, .. } = self.flights[place];
        let prediction = if served == 1 { v1 } else { v2 };
        let row = Observation { prediction, outcome: late, weight: 1.0 };
        self.reporter.observed(&self.model.version(served), takeoff, row);
        *self.observed.entry(served).or_default() += 1;
        if paired {
            let row = PairedObservation { candidate: v2, baseline: v1, outcome: late, weight: 1.0 };
            self.reporter.paired_observed(&self.model.version(2), &self.model.version(1), takeoff, row);
        }
    }

    /// No flight takes off any more; the ones in the air land.
    pub fn close(&mut self) {
        self.next = self.flights.len();
        while !self.known.is_empty() {
            self.land();
        }
    }

    /// Outcomes that the health monitor has counted for a version.
    pub async fn counted(&self, number: u64) -> i64 {
        let name = self.model.version(number).to_string();
        let request = pb::GetHealthRequest { name, include_immature: true, ..Default::default() };
        self.health.get_health(request).await.unwrap().rows
    }

    /// The newest state of a launch, followed through every break.
    pub fn follow(&self, launch: pb::Launch) -> watch::Receiver<pb::Launch> {
        let request = pb::WatchLaunchesRequest { parent: launch.name.clone(), after_revision: None };
        let mut stream = self.launcher.watch(request);
        let (tell, told) = watch::channel(launch);
        tokio::spawn(async move {
            while let Some(step) = stream.next().await {
                match step {
                    Ok(step) => step.launch.map(|launch| tell.send_replace(launch)),
                    // The stream goes on by itself when the launcher is back.
                    Err(error) if error.is_retryable() => None,
                    Err(error) => panic!("{error}"),
                };
            }
        });
        told
    }
}

async fn register(registry: &Registry) -> (ModelName, String) {
    registry.ensure_team(&"namespaces/default/teams/operations".parse().unwrap()).await.unwrap();
    let model = pb::Model {
        owner: "operations".to_owned(),
        label_window: prost_types::Duration::try_from(LABEL_WINDOW).ok(),
        ..Default::default()
    };
    let request = pb::CreateModelRequest {
        parent: "namespaces/default".to_owned(),
        model_id: "flight-delay".to_owned(),
        model: Some(model),
        ..Default::default()
    };
    let name: ModelName = registry.create_model(request).await.unwrap().name.parse().unwrap();
    for digit in 1..=2 {
        let version = pb::Version {
            artifact_uri: format!("file:///models/v{digit}"),
            artifact_digest: format!("sha256:{digit:064x}"),
            ..Default::default()
        };
        let parent = name.to_string();
        let request = pb::CreateVersionRequest { parent, version: Some(version), ..Default::default() };
        registry.create_version(request).await.unwrap();
    }
    let all = pb::BucketRange { start: 0, end: 100_000, version: name.version(1).to_string() };
    let request = pb::SetTrafficRequest { name: name.traffic(), ranges: vec![all], ..Default::default() };
    let salt = registry.set_traffic(request).await.unwrap().salt;
    (name, salt)
}
