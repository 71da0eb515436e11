//! A step of a launch is one trace, through all three services, and an operator finds it from any line of the log.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::Span;
use slipway_chassis::env::Env;
use slipway_sdk::pb;

use crate::binaries::binary;
use crate::collector;
use crate::fleet::{Clock, Fleet};
use crate::summer;
use crate::tower::Tower;

const SPEED: f64 = 60_000.0;
const PATIENCE: Duration = Duration::from_secs(60);

/// The names of the spans of each trace.
fn traces(spans: Vec<Span>) -> Vec<Vec<String>> {
    let mut traces = BTreeMap::<Vec<u8>, Vec<String>>::new();
    for span in spans {
        traces.entry(span.trace_id).or_default().push(span.name);
    }
    traces.into_values().collect()
}

fn is_whole(trace: &[String]) -> bool {
    let whole = ["step", "command", "slipway.health.v1.Health/Evaluate", "slipway.registry.v1.Registry/SetTraffic"];
    whole.iter().all(|name| trace.iter().any(|span| span == name))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_from_shadow_to_the_first_share_is_one_trace_through_all_three_services() {
    // Building takes its time, which is not the summer's.
    binary("slipway");
    let collector = collector::start().await;
    let clock = Clock { origin: Timestamp::now(), start: summer::start(), speed: SPEED };
    let endpoint = format!("http://{}", collector.address);
    let fleet = Fleet::start_with(clock, &["--otlp-endpoint", &endpoint, "--trace-sample", "1"]).await;
    let mut tower = Tower::build(&fleet, 30).await;
    let day = |days: u64| prost_types::Duration::try_from(Duration::from_secs(days * 86_400)).ok();
    let plan = pb::Plan {
        shadow: Some(pb::Shadow { bake: day(1) }),
        steps: vec![pb::RampStep { share: 0.05, bake: day(1) }, pb::RampStep { share: 1.0, bake: day(1) }],
        ..Default::default()
    };
    let request = pb::CreateLaunchRequest {
        parent: "namespaces/default".to_owned(),
        candidate: tower.model.version(2).to_string(),
        plan: Some(plan),
        ..Default::default()
    };
    let launched = tower.launcher.create_launch(request).await.unwrap();
    let launch = tower.follow(launched);
    let begun = Instant::now();
    while !traces(collector.spans()).iter().any(|trace| is_whole(trace)) {
        let state = launch.borrow().state();
        tower.until(fleet.clock.now(), state);
        assert!(begun.elapsed() < PATIENCE, "{state:?}: {:#?}\n{}", traces(collector.spans()), fleet.log());
        Env::system().sleep(Duration::from_millis(2)).await;
    }
}
