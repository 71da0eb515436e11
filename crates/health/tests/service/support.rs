//! A health service on a free port, and short ways to report to it and to ask it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use slipway_chassis::env::{Driver, Env};
use slipway_chassis::process::{self, Plan};
use slipway_chassis::server::Listeners;
use slipway_chassis::settings::Request;
use slipway_health::config::{Config, DECLARATION, serve};
use slipway_proto::health::v1 as pb;
use slipway_proto::health::v1::health_client::HealthClient;
use slipway_proto::r#type::v1::Evidence;
use slipway_sdk::Endpoint;
use slipway_store::Store;
use slipway_store::memory::Memory;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

/// Where the driven clock begins: noon of the first of June.
pub const START: &str = "2013-06-01T12:00:00Z";

/// The versions of the tests.
pub const V1: &str = "namespaces/default/models/flight-delay/versions/1";
pub const V2: &str = "namespaces/default/models/flight-delay/versions/2";

/// A running service.
pub struct Running {
    /// A client of it.
    pub client: HealthClient<Channel>,
    /// Where it listens.
    pub address: String,
    /// Moves its clock.
    pub clock: Driver,
    /// What it keeps its state in.
    pub store: Arc<dyn Store>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// A service on an empty store that knows no registry.
pub async fn start() -> Running {
    start_on(Arc::new(Memory::new())).await
}

/// A service on `store` that knows no registry.
pub async fn start_on(store: Arc<dyn Store>) -> Running {
    start_at(store, START.parse().unwrap(), None).await
}

/// A service on `store` whose clock begins at `now`.
pub async fn start_at(store: Arc<dyn Store>, now: Timestamp, registry: Option<Endpoint>) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let data = format!("--data-dir={}", folder.path().join("data").display());
    let Request::Run(settings) = DECLARATION.parse([data], []).unwrap() else { panic!("no settings") };
    let listeners = Listeners::loopback().await.unwrap();
    let address = format!("http://{}", listeners.grpc.local_addr().unwrap());
    let (env, clock) = Env::driven(now, 7);
    let stop = CancellationToken::new();
    let plan = Plan { name: "health", common: settings.common, listeners, env, stop: stop.clone() };
    let config = Config { registry, ..settings.own };
    let own = Arc::clone(&store);
    let task = tokio::spawn(async move {
        let _folder = folder;
        process::serve(plan, config, async move |config, start| serve(config, own, start).await).await.unwrap();
    });
    let client = HealthClient::new(Channel::from_shared(address.clone()).unwrap().connect_lazy());
    let running = Running { client, address, clock, store, stop, task };
    // Whatever it answers, it has read its store by then.
    drop(running.ask_health(query(V1)).await);
    running
}

impl Running {
    /// Stops it and starts another on the same store at the same time.
    pub async fn restart(self) -> Self {
        let Self { store, stop, task, clock, .. } = self;
        stop.cancel();
        task.await.unwrap();
        start_at(store, clock.now(), None).await
    }

    /// Leaves it alone in the middle of whatever it does, as a process that its supervisor takes for dead.
    pub fn abandon(self) -> Abandoned {
        Abandoned { _stop: self.stop, _task: self.task }
    }

    /// A stream of reports.
    pub async fn stream(&self) -> Stream {
        let (reports, outgoing) = mpsc::channel(256);
        let requests = tokio_stream::wrappers::ReceiverStream::new(outgoing);
        let answers = self.client.clone().report(requests).await.unwrap().into_inner();
        Stream { reports, answers }
    }

    /// One report on a stream of its own.
    pub async fn report(&self, report: pb::ReportRequest) -> Result<pb::ReportResponse, Status> {
        self.stream().await.say(report).await
    }

    /// The health of a version over all its cohorts, however young.
    pub async fn health(&self, name: &str) -> pb::GetHealthResponse {
        self.ask_health(pb::GetHealthRequest { include_immature: true, ..query(name) }).await.unwrap()
    }

    pub async fn ask_health(&self, request: pb::GetHealthRequest) -> Result<pb::GetHealthResponse, Status> {
        self.client.clone().get_health(request).await.map(tonic::Response::into_inner)
    }

    pub async fn evaluate(&self, request: pb::EvaluateRequest) -> Result<Evidence, Status> {
        self.client.clone().evaluate(request).await.map(tonic::Response::into_inner)
    }
}

/// A service that nobody asks any more and that may still be writing.
pub struct Abandoned {
    _stop: CancellationToken,
    _task: tokio::task::JoinHandle<()>,
}

/// A stream of reports and its answers.
pub struct Stream {
    pub reports: mpsc::Sender<pb::ReportRequest>,
    pub answers: Streaming<pb::ReportResponse>,
}

impl Stream {
    /// Sends one report and waits for the next answer.
    pub async fn say(&mut self, report: pb::ReportRequest) -> Result<pb::ReportResponse, Status> {
        // A stream that has ended takes nothing more; its answer says why.
        drop(self.reports.send(report).await);
        self.answer().await
    }

    /// The next answer.
    pub async fn answer(&mut self) -> Result<pb::ReportResponse, Status> {
        let answer = tokio::time::timeout(Duration::from_secs(30), self.answers.message()).await;
        answer.expect("a stream answers").map(|answer| answer.expect("a stream ends only when it is told to"))
    }
}

/// An instant as the wire has it.
pub fn instant(instant: Timestamp) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: instant.as_second(), nanos: 0 })
}

/// The instant so many minutes after the clock's beginning.
pub fn minute(number: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(number)
}

/// The `sequence`-th report of producer `p` in epoch 1, with these columns.
pub fn report(sequence: i64, columns: Vec<pb::Columns>) -> pb::ReportRequest {
    pb::ReportRequest { producer: "p".to_owned(), epoch: 1, sequence, columns, ..Default::default() }
}

/// `rows` rows of `version` in the minute `at`, all predicted `p`, of which the first `positives` came about.
pub fn rows(version: &str, at: i64, p: f32, (rows, positives): (usize, usize)) -> pb::Columns {
    pb::Columns {
        version: version.to_owned(),
        minute: instant(minute(at)),
        predictions: vec![p; rows],
        outcomes: (0..rows).map(|row| row < positives).collect(),
        ..Default::default()
    }
}

/// The same for two versions on the same rows.
pub fn pairs(at: i64, (candidate, baseline): (f32, f32), (rows, positives): (usize, usize)) -> pb::PairedColumns {
    pb::PairedColumns {
        candidate: V2.to_owned(),
        baseline: V1.to_owned(),
        minute: instant(minute(at)),
        candidate_predictions: vec![candidate; rows],
        baseline_predictions: vec![baseline; rows],
        outcomes: (0..rows).map(|row| row < positives).collect(),
        ..Default::default()
    }
}

pub fn query(name: &str) -> pb::GetHealthRequest {
    pb::GetHealthRequest { name: name.to_owned(), ..Default::default() }
}

/// The reason of an answer that must be an error, with its code.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    let info = status.get_details_error_info().expect("every error says its reason");
    (status.code(), info.reason)
}

/// The facts of an answer that must be an error.
pub fn fact<T: std::fmt::Debug>(answer: Result<T, Status>, key: &str) -> String {
    answer.unwrap_err().get_details_error_info().unwrap().metadata[key].clone()
}

/// The wrong fields of an answer that must be an error, each with its reason, in order.
pub fn fields<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let violations = status.get_details_bad_request().unwrap().field_violations;
    violations.into_iter().map(|violation| format!("{} {}", violation.field, violation.reason)).collect()
}
