//! A launcher on a free port, and short ways to ask it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use slipway_chassis::Caller;
use slipway_chassis::env::{Driver, Env};
use slipway_chassis::process::{self, Plan};
use slipway_chassis::server::Listeners;
use slipway_chassis::settings::Request;
use slipway_launcher::config::{CONCURRENCY, DECLARATION, serve};
use slipway_sdk::pb::{self, LaunchState};
use slipway_sdk::{Endpoint, Error, Launcher, RetryPolicy};
use slipway_store::memory::Memory;
use slipway_store::{KeyRange, Store, Txn};
use tokio_util::sync::CancellationToken;

use crate::world::{World, version};

/// Where the driven clock begins.
pub const START: &str = "2026-01-01T00:00:00Z";
/// An hour.
pub const HOUR: Duration = Duration::from_secs(3600);
/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// A running launcher.
pub struct Running {
    /// A client of it.
    pub client: Launcher,
    /// A client of it that tries everything once.
    pub impatient: Launcher,
    /// Moves its clock.
    pub clock: Driver,
    /// Whom it asks.
    pub world: World,
    /// What it keeps its state in.
    pub store: Arc<dyn Store>,
    /// Where operators are answered.
    pub ops: std::net::SocketAddr,
    env: Env,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// A launcher on an empty store.
pub async fn start() -> Running {
    start_with(CONCURRENCY).await
}

/// A launcher on an empty store, with at most so many commands under way at each peer.
pub async fn start_with(concurrency: usize) -> Running {
    let (env, clock) = Env::driven(START.parse::<Timestamp>().unwrap(), 7);
    let world = World::new(env.clone());
    start_on(Arc::new(Memory::new()), world, (env, clock), concurrency).await
}

async fn start_on(store: Arc<dyn Store>, world: World, (env, clock): (Env, Driver), concurrency: usize) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let data = format!("--data-dir={}", folder.path().join("data").display());
    let Request::Run(settings) = DECLARATION.parse([data], []).unwrap() else { panic!("no settings") };
    let listeners = Listeners::loopback().await.unwrap();
    let address = format!("http://{}", listeners.grpc.local_addr().unwrap());
    let ops = listeners.ops.local_addr().unwrap();
    let stop = CancellationToken::new();
    let plan = Plan { name: "launcher", common: settings.common, listeners, env: env.clone(), stop: stop.clone() };
    let (own, peers) = (Arc::clone(&store), Arc::new(world.clone()));
    let task = tokio::spawn(async move {
        let _folder = folder;
        let begin = async move |(), start| serve(own, peers, concurrency, start).await;
        process::serve(plan, (), begin).await.unwrap();
    });
    let endpoint = Endpoint::new(&address).unwrap();
    let client = Launcher::new(&endpoint);
    let impatient = Launcher::new(&endpoint.with_retry(RetryPolicy::NEVER));
    Running { client, impatient, clock, world, store, ops, env, stop, task }
}

impl Running {
    /// Stops it and starts another on the same store and in the same world.
    pub async fn restart(self) -> Running {
        self.restart_after(|_| ()).await
    }

    /// The same; `meanwhile` happens while there is none.
    pub async fn restart_after(self, meanwhile: impl FnOnce(&World)) -> Running {
        let Running { store, stop, task, world, env, clock, .. } = self;
        stop.cancel();
        task.await.unwrap();
        meanwhile(&world);
        start_on(store, world, (env, clock), CONCURRENCY).await
    }

    /// What it keeps, as it is now.
    pub async fn back_up(&self) -> Arc<dyn Store> {
        let kept = self.store.range(&KeyRange::all(), 0).await.unwrap().entries;
        let all = kept.into_iter().fold(Txn::new(), |txn, entry| txn.put(entry.key, entry.value));
        let copy = Memory::new();
        copy.txn(all).await.unwrap();
        Arc::new(copy)
    }

    /// Stops it and starts another on `backup`, in the same world.
    pub async fn restore(self, backup: Arc<dyn Store>) -> Running {
        Running { store: backup, ..self }.restart().await
    }

    /// Starts another beside it, on the same store and in the same world.
    pub async fn rival(&self) -> Running {
        let time = (self.env.clone(), self.clock.clone());
        start_on(Arc::clone(&self.store), self.world.clone(), time, CONCURRENCY).await
    }

    /// Begins to launch version 2 by the usual plan; returns the launch's name.
    pub async fn launch(&self) -> slipway_sdk::name::LaunchName {
        self.client.create_launch(new_launch(2)).await.unwrap().name.parse().unwrap()
    }

    /// The launch as it is.
    pub async fn get(&self, name: &slipway_sdk::name::LaunchName) -> pb::Launch {
        self.client.get_launch(name).await.unwrap()
    }

    /// Lets time pass until the launch is in `state`, at most 100 days.
    pub async fn until(&self, name: &slipway_sdk::name::LaunchName, state: LaunchState) -> pb::Launch {
        let mut seen = Vec::new();
        for _ in 0..100 * 24 {
            let launch = self.get(name).await;
            if launch.state() == state {
                return launch;
            }
            seen.push(launch.state());
            seen.dedup();
            self.clock.advance(HOUR).await;
        }
        panic!("never {state:?}: {seen:?}, {:?}", self.get(name).await);
    }
}

/// The usual plan: a day of shadow, two steps of a day each, a day of watching, a gate asked every six hours.
pub fn plan() -> pb::Plan {
    pb::Plan {
        shadow: Some(pb::Shadow { bake: seconds(DAY) }),
        steps: vec![step(0.05), step(1.0)],
        watch: seconds(DAY),
        evaluate_interval: seconds(6 * HOUR),
        ..pb::Plan::default()
    }
}

/// A step of a ramp that is held for a day.
pub fn step(share: f64) -> pb::RampStep {
    pb::RampStep { share, bake: seconds(DAY) }
}

/// A duration on the wire.
pub fn seconds(duration: Duration) -> Option<prost_types::Duration> {
    duration.try_into().ok()
}

/// An instant from the wire, in seconds.
pub fn second(time: Option<prost_types::Timestamp>) -> i64 {
    time.unwrap().seconds
}

/// A request that is valid as it is.
pub fn new_launch(number: u64) -> pb::CreateLaunchRequest {
    pb::CreateLaunchRequest {
        parent: "namespaces/default".to_owned(),
        candidate: version(number).to_string(),
        plan: Some(plan()),
        reason: "it is better".to_owned(),
        ..pb::CreateLaunchRequest::default()
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

/// The states that a launch has entered, each once.
pub fn states(launch: &pb::Launch) -> Vec<LaunchState> {
    let mut states: Vec<_> = launch.transitions.iter().map(pb::Transition::state).collect();
    states.dedup();
    states
}

/// A caller inside the process, who may see everything.
pub fn reader() -> Caller {
    slipway_chassis::caller(&tonic::Request::new(()))
}
