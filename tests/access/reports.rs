//! Reports under one name by callers of different principals.

use futures_util::stream;
use slipway_proto::health::v1 as pb;
use slipway_proto::health::v1::health_client::HealthClient;
use tonic::{Code, Request, Status};

use crate::services::Services;

const POLICY: &str = "\
[[bindings]]
role = \"reporter\"
members = [\"token:ranker\", \"token:mallory\"]
";

fn report(epoch: i64, sequence: i64) -> pb::ReportRequest {
    let columns = pb::Columns {
        version: "namespaces/default/models/ranker/versions/1".to_owned(),
        minute: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
        predictions: vec![0.5],
        outcomes: vec![true],
        ..Default::default()
    };
    pb::ReportRequest { producer: "ranker-7".to_owned(), epoch, sequence, columns: vec![columns], ..Default::default() }
}

/// Sends one report as `token:NAME`; how many of its rows were counted.
async fn say(services: &Services, name: &str, report: pb::ReportRequest) -> Result<u64, Status> {
    let mut request = Request::new(stream::iter([report]));
    request.metadata_mut().insert("authorization", services.header(name).parse().unwrap());
    let mut client = HealthClient::new(services.channel("slipway.health.v1.Health"));
    let answer = client.report(request).await?.into_inner().message().await?.expect("an answer");
    Ok(answer.accepted_rows.try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_fences_or_repeats_the_producer_of_somebody_else() {
    let services = Services::start(POLICY, &["ranker", "mallory"]).await;
    assert_eq!(say(&services, "ranker", report(1, 1)).await.unwrap(), 1);
    assert_eq!(say(&services, "mallory", report(9, 1)).await.unwrap(), 1, "it is a producer of its own");
    assert_eq!(say(&services, "ranker", report(1, 2)).await.unwrap(), 1, "it is not fenced");
    let gap = say(&services, "mallory", report(9, 3)).await.unwrap_err();
    assert_eq!(gap.code(), Code::OutOfRange);
    assert!(gap.message().contains("report 2 is the next one"), "each has its own numbers: {gap:?}");
    services.stop().await;
}
