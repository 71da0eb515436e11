//! What a routing decision costs, beside the hash that is the heart of it.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, json};
use slipway_chassis::process;
use slipway_domain::traffic::BUCKETS;
use slipway_registry::config::{DECLARATION, start};
use slipway_sdk::name::{ModelName, TeamName};
use slipway_sdk::{Cache, CacheSettings, Endpoint, Registry, pb};
use xxhash_rust::xxh3::xxh3_64;

use crate::figures::{Figures, Goal, Line};
use crate::running::Running;
use crate::turns::{Compared, median, take_turns};

/// How many units are routed, one after the other.
const UNITS: usize = 10_000;

/// How long the client may take to know the registry.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be reached, in nanoseconds.
const GOAL: Goal = Goal::AtMost(50.0);

/// Measures routing from the cache of a client whose registry runs.
///
/// # Errors
/// When the registry fails, or a unit has no version.
pub async fn measure(round: Duration, folder: &Path) -> Result<Figures> {
    let serving = Running::start(&DECLARATION, folder, |plan, own| process::serve(plan, own, start));
    let running = serving.await?;
    let registry = Registry::new(&Endpoint::new(&running.address)?);
    let model: ModelName = "namespaces/default/models/flight-delay".parse()?;
    let salt = split(&registry, &model).await?;
    let cache = Cache::start(&registry, CacheSettings::default());
    cache.ready(PATIENCE).await?;

    let units: Vec<String> = (0..UNITS).map(|number| format!("flight-2013-07-{number:05}")).collect();
    let hashed: Vec<Vec<u8>> = units.iter().map(|unit| [salt.as_bytes(), &[0], unit.as_bytes()].concat()).collect();
    let (router, all) = (cache.router().model(&model), cache.router());
    ensure!(units.iter().all(|unit| router.route(unit).is_some()), "a unit has no version");
    let hash = || nanoseconds(round, &hashed, |bytes| xxh3_64(bytes) % u64::from(BUCKETS));
    let known = || nanoseconds(round, &units, |unit| router.route(unit).map_or(0, |routed| routed.number()));
    let by_name = || nanoseconds(round, &units, |unit| all.route(&model, unit).map_or(0, |routed| routed.number()));
    let known = take_turns(async || Ok(known()), async || Ok(hash())).await?.compare(|time| *time);
    let by_name = take_turns(async || Ok(by_name()), async || Ok(hash())).await?.compare(|time| *time);
    drop((router, all, cache));
    running.stop().await?;
    Ok(figures(known, by_name))
}

fn figures(known: Compared, by_name: Compared) -> Figures {
    let line = |what: &str, figure, goal| Line { what: what.to_owned(), figure, limit: "the hash alone", goal };
    let lines = vec![
        line("a routing decision, ns", known, Some(GOAL)),
        line("the same with the model looked up by its name, ns", by_name, None),
    ];
    let notes = vec!["A client that follows a registry; two versions at 95 and 5 %; one thread.".to_owned()];
    let json = [
        ("route_ns", json!(known.ours)),
        ("hash_ns", json!(known.limit)),
        ("ratio", json!(known.ratio)),
        ("route_by_name_ns", json!(by_name.ours)),
    ];
    Figures { lines, notes, json: Map::from_iter(json.map(|(name, value)| (name.to_owned(), value))) }
}

/// Creates the model with two versions that share the units, and tells the salt by which they are divided.
async fn split(registry: &Registry, model: &ModelName) -> Result<String> {
    let created = pb::CreateModelRequest {
        parent: model.parent().to_string(),
        model_id: model.model.as_str().to_owned(),
        model: Some(pb::Model { owner: "airport".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    registry.ensure_team(&TeamName::parse("namespaces/default/teams/airport")?).await.context("creating the team")?;
    registry.create_model(created).await.context("creating the model")?;
    for digit in ["1", "2"] {
        let version = pb::Version {
            artifact_uri: format!("s3://models/flight-delay/{digit}"),
            artifact_digest: format!("sha256:{}", digit.repeat(64)),
            ..Default::default()
        };
        let request =
            pb::CreateVersionRequest { parent: model.to_string(), version: Some(version), ..Default::default() };
        registry.create_version(request).await.context("creating a version")?;
    }
    let range = |start, end, number| pb::BucketRange { start, end, version: model.version(number).to_string() };
    let request = pb::SetTrafficRequest {
        name: model.traffic(),
        ranges: vec![range(0, 95_000, 1), range(95_000, 100_000, 2)],
        ..Default::default()
    };
    Ok(registry.set_traffic(request).await.context("setting the traffic")?.salt)
}

/// How long `decide` takes for one of `subjects`, on this thread: the median of all passes over them within `time`. A
/// pass is short, so most of them are not interrupted, however busy the machine is.
fn nanoseconds<T>(time: Duration, subjects: &[T], decide: impl Fn(&T) -> u64) -> f64 {
    let (began, mut passes) = (Instant::now(), Vec::new());
    while passes.is_empty() || began.elapsed() < time {
        let pass = Instant::now();
        for subject in subjects {
            black_box(decide(black_box(subject)));
        }
        passes.push(pass.elapsed().as_nanos() as f64 / subjects.len() as f64);
    }
    median(passes.into_iter())
}
