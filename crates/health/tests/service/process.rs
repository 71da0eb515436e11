//! The service as its program starts it: on the embedded engine in its data folder.

use slipway_chassis::env::Env;
use slipway_chassis::process::{self, Plan};
use slipway_chassis::server::Listeners;
use slipway_chassis::settings::Request;
use slipway_health::config::{Config, DECLARATION, start};
use slipway_proto::health::v1::health_client::HealthClient;
use slipway_proto::health::v1::{GetHealthRequest, ReportRequest};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::support::{START, V1, query, report, rows};

/// Runs the service on `folder` for one report and one question: how many rows were accepted, and how many there are.
async fn life(folder: &std::path::Path, report: ReportRequest) -> (i64, i64) {
    let Request::Run(settings) = DECLARATION.parse([format!("--data-dir={}", folder.display())], []).unwrap() else {
        panic!("no settings")
    };
    let listeners = Listeners::loopback().await.unwrap();
    let address = format!("http://{}", listeners.grpc.local_addr().unwrap());
    let (env, _clock) = Env::driven(START.parse().unwrap(), 7);
    let stop = CancellationToken::new();
    let plan = Plan { name: "health", common: settings.common, listeners, env, stop: stop.clone() };
    let config = Config { registry: None, ..settings.own };
    let task = tokio::spawn(process::serve(plan, config, start));
    let mut client = HealthClient::new(Channel::from_shared(address).unwrap().connect_lazy());
    let mut answers = client.report(tokio_stream::iter([report])).await.unwrap().into_inner();
    let accepted = answers.message().await.unwrap().unwrap().accepted_rows;
    let question = GetHealthRequest { include_immature: true, ..query(V1) };
    let known = client.get_health(question).await.unwrap().into_inner().rows;
    stop.cancel();
    task.await.unwrap().unwrap();
    (accepted, known)
}

#[tokio::test]
async fn a_service_on_its_data_folder_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let ten = |sequence| report(sequence, vec![rows(V1, sequence, 0.5, (10, 5))]);
    assert_eq!(life(&folder, ten(1)).await, (10, 10));
    assert_eq!(life(&folder, ten(1)).await, (0, 10));
    assert_eq!(life(&folder, ten(2)).await, (10, 20));
}

#[test]
fn wrong_settings_are_all_named_at_once() {
    let wrong = ["--registry=ftp://x", "--producer-idle=soon"].map(str::to_owned);
    let faults = DECLARATION.parse(wrong, []).unwrap_err().to_string();
    assert!(faults.contains("registry") && faults.contains("producer-idle"), "{faults}");
}
