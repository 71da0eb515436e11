//! A registry with a large fleet: what grows with it, and what must not. It has a process of its own, so that its memory is
//! its own, and so that it can be killed.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use prost::Message;
use serde_json::{Map, json};
use slipway_proto::registry::v1 as pb;

use super::etcd::Etcd;
use super::{Client, clients, compare_reading, create_all, model_name};
use crate::figures::{Figures, Goal, Line};
use crate::load::{self, CONNECTIONS, IN_FLIGHT, Served};
use crate::own_process::{Cores, Service};
use crate::processor_time;
use crate::turns::{Compared, ROUNDS, median, take_turns};

/// How large the fleet is.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Models.
    pub models: usize,
    /// Versions of all of them together.
    pub versions: usize,
}

/// How many calls are under way at once while the fleet grows.
const FILLING: usize = 512;

/// How long a page, and an aggregate, may take at most 99 of 100 times, in milliseconds.
const PAGE_MS: f64 = 5.0;

/// How many puts of the peer a durable creation is to be worth.
const ETCD_GOAL: Goal = Goal::Ratio(1.5);

/// What is to be reached of the echo's rate.
const ECHO_GOAL: Goal = Goal::Ratio(0.8);

/// How much of the rate is to be left when the fleet is large.
const FULL_GOAL: Goal = Goal::Ratio(0.9);

/// How long a start after a kill may take, in seconds, and how much memory the service may hold, in bytes.
const RESTART: f64 = 3.0;
const MEMORY: f64 = 1.5e9;

/// What a page asks for.
const FILTER: &str = "owner = \"ranking\" AND surface = \"feed\"";

/// What it came to.
struct Measured {
    /// How many versions there were in the end.
    versions: usize,
    /// Creations while there are few versions, beside the peer's puts, whose limit is not a number without the peer.
    durable: Compared,
    /// Creations while there are many, beside those while there were few.
    growing: Compared,
    /// Reads while there are many, beside the echo's.
    reading: Compared,
    /// A filtered page.
    page: Served,
    /// Seconds from a kill to the first answer.
    restart: f64,
    /// The most bytes of memory that were held.
    resident: f64,
}

/// Measures a registry as it grows to `scale`.
///
/// # Errors
/// When the service fails.
pub async fn measure(round: Duration, folder: &Path, scale: Scale) -> Result<Figures> {
    let folder = folder.join("fleet");
    let service = Service::start(&folder, Cores::All)?;
    let clients = clients(&service.address).await?;
    create_all(&clients[0], scale.models).await?;
    let fleet = Fleet { clients, models: scale.models, created: Arc::default() };
    let durable = fleet.beside_etcd(round, &folder).await?;
    fleet.grow(scale.versions).await?;
    let mut full = Vec::new();
    for _ in 0..ROUNDS {
        full.push(fleet.creations(round).await?);
    }
    let full = median(full.into_iter());
    let growing = Compared { ours: full, limit: durable.ours, ratio: full / durable.ours };
    let (reading, _) = compare_reading(round, &fleet.clients).await?;
    let reading = reading.compare(|served| served.per_second);
    let page = fleet.pages(round * ROUNDS).await?;
    let before = resident(&service)?;
    drop(service);
    let began = Instant::now();
    let service = Service::start(&folder, Cores::All)?;
    answers(&service.address).await?;
    let restart = began.elapsed().as_secs_f64();
    let resident = resident(&service)?.max(before);
    let versions = fleet.created.load(Ordering::Relaxed);
    Ok(figures(scale, &Measured { versions, durable, growing, reading, page, restart, resident }))
}

fn figures(scale: Scale, measured: &Measured) -> Figures {
    let Measured { versions, durable, growing, reading, page, restart, resident } = measured;
    let line =
        |what: &str, figure: Compared, limit, goal| Line { what: what.to_owned(), figure, limit, goal: Some(goal) };
    let at_most = |what: &str, ours: f64, bound: f64| {
        line(what, Compared { ours, limit: bound, ratio: ours / bound }, "what is promised", Goal::AtMost(bound))
    };
    let mut lines = vec![
        line("CreateVersion/s, durable, at the end", *growing, "the same at the beginning", FULL_GOAL),
        line("GetModel/s of the large fleet", *reading, "empty echo, same payload", ECHO_GOAL),
        at_most("filtered page of models, p99 in ms", page.p99_ms, PAGE_MS),
        at_most("s from a kill to the first answer", *restart, RESTART),
        at_most("MB resident", resident / 1e6, MEMORY / 1e6),
    ];
    if durable.limit.is_finite() {
        lines.insert(0, line("CreateVersion/s, durable", *durable, "etcd's puts of as many bytes", ETCD_GOAL));
    }
    let notes = vec![format!(
        "The large fleet has {} models and {versions} versions. {CONNECTIONS} connections with {IN_FLIGHT} calls under way \
         on each; pages are asked for one after the other.",
        scale.models
    )];
    let json = [
        ("fleet_models", json!(scale.models)),
        ("fleet_versions", json!(versions)),
        ("create_version_per_s_empty", json!(durable.ours)),
        ("create_version_per_s_full", json!(growing.ours)),
        ("etcd_put_per_s", json!(durable.limit)),
        ("create_version_etcd_ratio", json!(durable.ratio)),
        ("get_model_per_s_full", json!(reading.ours)),
        ("get_model_ratio_full", json!(reading.ratio)),
        ("list_page_p99_ms", json!(page.p99_ms)),
        ("restart_s", json!(restart)),
        ("rss_bytes", json!(resident)),
    ];
    Figures { lines, notes, json: Map::from_iter(json.map(|(name, value)| (name.to_owned(), value))) }
}

/// A fleet that grows.
struct Fleet {
    clients: Vec<Client>,
    models: usize,
    created: Arc<AtomicUsize>,
}

impl Fleet {
    /// Durable creations, in turn with the puts of etcd where it is installed.
    async fn beside_etcd(&self, round: Duration, folder: &Path) -> Result<Compared> {
        let etcd = Etcd::start(folder, self.create_one().await?).await?;
        let put = async || match &etcd {
            Some(etcd) => etcd.puts(round).await,
            None => Ok(f64::NAN),
        };
        Ok(take_turns(async || self.creations(round).await, put).await?.compare(|rate| *rate))
    }

    /// Creates a version; how many bytes it has.
    async fn create_one(&self) -> Result<usize> {
        let request = new_version(self.created.fetch_add(1, Ordering::Relaxed), self.models);
        Ok(self.clients[0].clone().create_version(request).await?.into_inner().encoded_len())
    }

    /// Versions a second that are created, and durable, over `time`.
    async fn creations(&self, time: Duration) -> Result<f64> {
        let (created, models) = (Arc::clone(&self.created), self.models);
        let create = move |client: Client, _| create(client, created.fetch_add(1, Ordering::Relaxed), models);
        Ok(load::run(&self.clients, time, create).await?.per_second)
    }

    /// Creates versions until there are so many.
    async fn grow(&self, versions: usize) -> Result<()> {
        let tasks: Vec<_> = (0..FILLING)
            .map(|place| {
                let client = self.clients[place % self.clients.len()].clone();
                let (created, models) = (Arc::clone(&self.created), self.models);
                tokio::spawn(async move {
                    while created.load(Ordering::Relaxed) < versions {
                        create(client.clone(), created.fetch_add(1, Ordering::Relaxed), models).await?;
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(())
    }

    /// Filtered pages of models, one after the other.
    async fn pages(&self, time: Duration) -> Result<Served> {
        let page = async |client: &mut Client| client.list_models(page()).await;
        one_after_the_other(self.clients[0].clone(), time, page).await
    }
}

/// Calls of one caller that waits for each answer, for `time`.
async fn one_after_the_other<T>(
    mut client: Client,
    time: Duration,
    call: impl AsyncFn(&mut Client) -> Result<T, tonic::Status>,
) -> Result<Served> {
    call(&mut client).await?;
    let (began, spent, mut times) = (Instant::now(), processor_time::spent(), load::stopwatch()?);
    while times.is_empty() || began.elapsed() < time {
        let sent = Instant::now();
        call(&mut client).await?;
        times.saturating_record(sent.elapsed().as_nanos() as u64);
    }
    Ok(Served::of(&times, began.elapsed(), processor_time::spent().saturating_sub(spent)))
}

async fn create(mut client: Client, number: usize, models: usize) -> Result<()> {
    client.create_version(new_version(number, models)).await?;
    Ok(())
}

/// A version of one model after the other.
fn new_version(number: usize, models: usize) -> pb::CreateVersionRequest {
    let version = pb::Version {
        display_name: format!("build {number}"),
        artifact_uri: format!("s3://models/feed-ranker/{number:08}/model.onnx"),
        artifact_digest: format!("sha256:{number:064x}"),
        labels: [("run".to_owned(), format!("{number:08x}"))].into(),
        ..Default::default()
    };
    pb::CreateVersionRequest { parent: model_name(number % models), version: Some(version), ..Default::default() }
}

fn page() -> pb::ListModelsRequest {
    pb::ListModelsRequest {
        parent: "namespaces/default".to_owned(),
        page_size: 50,
        filter: FILTER.to_owned(),
        ..Default::default()
    }
}

/// Waits until the service at `address` answers.
async fn answers(address: &str) -> Result<()> {
    let request = pb::GetModelRequest { name: model_name(0), ..Default::default() };
    let mut client = clients(address).await?.swap_remove(0);
    client.get_model(request).await?;
    Ok(())
}

/// How much memory the process of `service` holds, in bytes.
fn resident(service: &Service) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", service.process()))?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    Ok(kib.context("the system tells how much memory a process holds")?.parse::<f64>()? * 1024.0)
}
