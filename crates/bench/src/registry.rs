//! GetModel beside a service that does nothing, and CreateModel beside a file that is appended to and synced; both while a
//! backup is taken; what a large fleet changes of it; and how long a change takes to a thousand watchers.

mod backup;
mod etcd;
mod fleet;
mod watchers;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use prost::Message;
use serde_json::{Map, json};
use slipway_chassis::process;
use slipway_proto::registry::v1 as pb;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use slipway_registry::config::{DECLARATION, serve};
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{KeyRange, Store};
use tonic::transport::Channel;

use crate::bare::Bare;
use crate::echo::Echo;
use crate::figures::{Figures, Goal, Line};
use crate::load::{self, CONNECTIONS, IN_FLIGHT, Served};
use crate::running::Running;
use crate::secured;
use crate::turns::{Compared, Turns, take_turns};

pub use fleet::Scale;

type Client = RegistryClient<Channel>;

/// How many models are known while one is asked for after the other.
const MODELS: usize = 1000;

/// What is to be reached of the echo's rate.
const GOAL: Goal = Goal::Ratio(0.7);

/// What is to be left of the rate when everything is encrypted and everybody is asked who they are.
const SECURED_GOAL: Goal = Goal::Ratio(0.85);

/// Measures reading and creating models.
///
/// # Errors
/// When the service fails, or answers otherwise than the echo that it is held against.
pub async fn measure(round: Duration, folder: &Path, scale: Scale) -> Result<Figures> {
    let store: Arc<dyn Store> = Arc::new(Embedded::open(folder.join("store"), Options::default())?);
    let kept = Arc::clone(&store);
    let serving = Running::start(&DECLARATION, folder, |plan, _| {
        process::serve(plan, (), async move |(), start| serve(kept, start).await)
    });
    let running = serving.await?;
    let clients = clients(&running.address).await?;
    create_all(&clients[0], MODELS).await?;

    let (reading, payload) = compare_reading(round, &clients).await?;
    let record = record_bytes(&*store).await?;
    let creating = compare_creating(round, &clients, &Bare::new(folder, CONNECTIONS * IN_FLIGHT, record)).await?;
    running.stop().await?;
    let secured = secured::compare(round, folder).await?.compare(|served| served.per_second);
    let figures = figures(&reading, [creating, secured], [payload, record]);
    let figures = figures.and(backup::measure(round, folder).await?);
    let figures = figures.and(fleet::measure(round, folder, scale).await?);
    Ok(figures.and(watchers::measure(round, folder).await?))
}

fn figures(reading: &Turns<Served>, [creating, secured]: [Compared; 2], [payload, record]: [usize; 2]) -> Figures {
    let rate = reading.compare(|served| served.per_second);
    let p99 = reading.compare(|served| served.p99_ms);
    let cpu = reading.compare(|served| served.cpu_us);
    let line = |what: &str, figure, limit, goal| Line { what: what.to_owned(), figure, limit, goal };
    let lines = vec![
        line("GetModel/s", rate, "empty echo, same payload", Some(GOAL)),
        line("GetModel p99, ms", p99, "empty echo, same payload", None),
        line("GetModel, processor time, us", cpu, "empty echo, same payload", None),
        line("GetModel/s by TLS, JWT, policy", secured, "the same without them", Some(SECURED_GOAL)),
        line("CreateModel/s, durable", creating, "append + fdatasync, same bytes", None),
    ];
    let notes = vec![
        format!(
            "{CONNECTIONS} connections with {IN_FLIGHT} calls under way on each; client, service and echo share the cores."
        ),
        format!(
            "{MODELS} models are known; an answer has {payload} bytes, and creating a model stores {record} bytes."
        ),
    ];
    let json = [
        ("get_model_per_s", json!(rate.ours)),
        ("echo_per_s", json!(rate.limit)),
        ("get_model_ratio", json!(rate.ratio)),
        ("get_model_p99_ms", json!(p99.ours)),
        ("echo_p99_ms", json!(p99.limit)),
        ("get_model_cpu_us", json!(cpu.ours)),
        ("echo_cpu_us", json!(cpu.limit)),
        ("create_model_per_s", json!(creating.ours)),
        ("bare_sync_per_s", json!(creating.limit)),
        ("create_model_ratio", json!(creating.ratio)),
        ("get_model_per_s_tls_jwt", json!(secured.ours)),
        ("get_model_per_s_open", json!(secured.limit)),
        ("get_model_tls_jwt_ratio", json!(secured.ratio)),
        ("payload_bytes", json!(payload)),
        ("record_bytes", json!(record)),
    ];
    Figures { lines, notes, json: Map::from_iter(json.map(|(name, value)| (name.to_owned(), value))) }
}

async fn clients(address: &str) -> Result<Vec<Client>> {
    Ok(load::connect(address, CONNECTIONS).await?.into_iter().map(RegistryClient::new).collect())
}

/// GetModel of one model after the other, in turn with the echo; and how long an answer is.
async fn compare_reading(round: Duration, ours: &[Client]) -> Result<(Turns<Served>, usize)> {
    let requests = requests();
    let answer = ours[0].clone().get_model(requests[0].clone()).await?.into_inner();
    let payload = answer.encoded_len();
    let echo = Echo::start(Bytes::from(answer.encode_to_vec())).await?;
    let echoing = clients(&echo.address).await?;
    let echoed = echoing[0].clone().get_model(requests[0].clone()).await?.into_inner();
    ensure!(echoed == answer, "the echo does not answer as the registry does");

    let get = move |client, number: usize| get(client, requests[number % MODELS].clone());
    let limit = get.clone();
    let ours = async || load::run(ours, round, get.clone()).await;
    let turns = take_turns(ours, async || load::run(&echoing, round, limit.clone()).await).await?;
    Ok((turns, payload))
}

/// What is asked for one after the other.
fn requests() -> Arc<[pb::GetModelRequest]> {
    let request = |number| pb::GetModelRequest { name: model_name(number), ..Default::default() };
    (0..MODELS).map(request).collect()
}

async fn get(mut client: Client, request: pb::GetModelRequest) -> Result<()> {
    client.get_model(request).await?;
    Ok(())
}

async fn create(mut client: Client, number: usize) -> Result<()> {
    client.create_model(new_model(number)).await?;
    Ok(())
}

/// CreateModel of ever new models, in turn with the bare loop.
async fn compare_creating(round: Duration, clients: &[Client], bare: &Bare) -> Result<Compared> {
    let next = Arc::new(AtomicUsize::new(MODELS));
    let create = move |client, _| create(client, next.fetch_add(1, Ordering::Relaxed));
    let ours = async || Ok(load::run(clients, round, create.clone()).await?.per_second);
    let turns = take_turns(ours, async || bare.records_per_second(round)).await?;
    Ok(turns.compare(|rate| *rate))
}

/// Creates so many `models`, which are asked for later.
pub async fn create_all(client: &Client, models: usize) -> Result<()> {
    let team = pb::CreateTeamRequest {
        parent: "namespaces/default".to_owned(),
        team_id: "ranking".to_owned(),
        ..Default::default()
    };
    client.clone().create_team(team).await?;
    let create = |number| {
        let mut client = client.clone();
        tokio::spawn(async move { client.create_model(new_model(number)).await })
    };
    let numbers: Vec<usize> = (0..models).collect();
    // No more at once than a service takes that is short of processors.
    for some in numbers.chunks(CONNECTIONS * IN_FLIGHT) {
        let tasks: Vec<_> = some.iter().copied().map(create).collect();
        for task in tasks {
            task.await??;
        }
    }
    Ok(())
}

/// How many bytes creating a model puts into the store.
async fn record_bytes(store: &dyn Store) -> Result<usize> {
    let mut commits = store.watch(KeyRange::all(), 0).await?;
    // The first of all is the key of the ledger.
    let mut commit = commits.next().await?;
    while commit.changes.len() == 1 {
        commit = commits.next().await?;
    }
    Ok(commit.changes.iter().map(|change| change.key().len() + change.value().map_or(0, Bytes::len)).sum())
}

/// The full name of the model with `number`.
pub fn model_name(number: usize) -> String {
    format!("namespaces/default/models/{}", id(number))
}

fn id(number: usize) -> String {
    format!("feed-ranker-{number:08}")
}

/// A model as people register them.
fn new_model(number: usize) -> pb::CreateModelRequest {
    let model = pb::Model {
        display_name: format!("Feed ranker {number}"),
        owner: "ranking".to_owned(),
        on_call: "ranking".to_owned(),
        surface: "feed".to_owned(),
        funnel_stage: pb::FunnelStage::LateRanking.into(),
        business_function: "Orders the posts of the feed.".to_owned(),
        predicted_event: "The viewer opens the post within an hour.".to_owned(),
        label_window: Some(prost_types::Duration { seconds: 3600, nanos: 0 }),
        labels: [("team".to_owned(), "feed".to_owned()), ("region".to_owned(), "eu".to_owned())].into(),
        ..Default::default()
    };
    pb::CreateModelRequest {
        parent: "namespaces/default".to_owned(),
        model_id: id(number),
        model: Some(model),
        reason: "measured".to_owned(),
        ..Default::default()
    }
}
