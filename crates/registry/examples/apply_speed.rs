//! How long a manifest takes on the store that services run on: `cargo run --release -p slipway-registry --example
//! apply_speed -- 1000 10000` prints a line for each size, in milliseconds. All of it is one call over a socket and one
//! durable transaction.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it prints figures, and who runs it sees where it failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use slipway_chassis::env::Env;
use slipway_chassis::process::{self, Plan};
use slipway_chassis::server::Listeners;
use slipway_chassis::settings::Request;
use slipway_registry::config::{DECLARATION, start};
use slipway_sdk::pb::resource::Resource;
use slipway_sdk::{Endpoint, Registry, pb};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() {
    println!("models\tbytes\tdry_run\tcreate\tnoop\tone_changed\tall_changed");
    for size in std::env::args().skip(1) {
        measure(size.parse().unwrap()).await;
    }
}

/// A manifest of so many models of ten teams, as fleets describe them.
fn manifest(models: usize, text: &str, changed: usize) -> pb::ApplyModelsRequest {
    let team = |number: usize| {
        Resource::Team(pb::Team { name: format!("namespaces/default/teams/t{number}"), ..Default::default() })
    };
    let model = |number: usize| {
        let text = if number < changed { text } else { "" };
        Resource::Model(pb::Model {
            name: format!("namespaces/default/models/model-{number:05}"),
            owner: format!("t{}", number % 10),
            description: format!("Predicts the outcome of the event number {number}, for the feed. {text}"),
            surface: "feed".to_owned(),
            business_function: "engagement".to_owned(),
            criticality: Some(pb::Criticality {
                tier: (number % 5) as i32,
                reason: "its share of revenue".to_owned(),
                ..Default::default()
            }),
            labels: [("managed-by", "fleet"), ("region", "eu")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..Default::default()
        })
    };
    let resources =
        (0..10).map(team).chain((0..models).map(model)).map(|resource| pb::Resource { resource: Some(resource) });
    let (parent, field_manager) = ("namespaces/default".to_owned(), "fleet".to_owned());
    pb::ApplyModelsRequest { parent, resources: resources.collect(), field_manager, ..Default::default() }
}

async fn measure(models: usize) {
    let folder = tempfile::tempdir().unwrap();
    let data = format!("--data-dir={}", folder.path().join("data").display());
    let Request::Run(settings) = DECLARATION.parse([data], []).unwrap() else { panic!("no settings") };
    let listeners = Listeners::loopback().await.unwrap();
    let address = format!("http://{}", listeners.grpc.local_addr().unwrap());
    let stop = CancellationToken::new();
    let plan = Plan { name: "registry", common: settings.common, listeners, env: Env::system(), stop: stop.clone() };
    let config = settings.own;
    let task = tokio::spawn(process::serve(plan, config, async |config, begun| start(config, begun).await));
    let client = Arc::new(Registry::new(&Endpoint::new(&address).unwrap().with_deadline(Duration::from_secs(300))));
    let took = async |request: pb::ApplyModelsRequest| {
        let begun = Instant::now();
        client.apply_models(request).await.unwrap();
        begun.elapsed().as_millis()
    };
    let first = manifest(models, "", 0);
    let bytes = prost::Message::encoded_len(&first);
    let dry = took(pb::ApplyModelsRequest { validate_only: true, ..first.clone() }).await;
    let (create, noop) = (took(first.clone()).await, took(first).await);
    let (one, all) = (took(manifest(models, "New.", 1)).await, took(manifest(models, "Newer.", models)).await);
    println!("{models}\t{bytes}\t{dry}\t{create}\t{noop}\t{one}\t{all}");
    stop.cancel();
    task.await.unwrap().unwrap();
}
