//! Registers a model with its first version and lets that serve everything. Running it again changes nothing.
//!
//! Start the services with `slipway up`, then:
//!
//! ```text
//! cargo run -p slipway-sdk --example register_model
//! cargo run -p slipway-sdk --example register_model -- 127.0.0.1:7701
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::error::Error;

use slipway_sdk::name::ModelName;
use slipway_sdk::{Code, Endpoint, Registry, pb};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7701".to_owned());
    let registry = Registry::new(&Endpoint::new(&address)?);
    let name = ModelName::parse("namespaces/default/models/example-click")?;

    registry.ensure_team(&"namespaces/default/teams/ranking".parse()?).await?;
    let model = match registry.create_model(model(&name)).await {
        Err(error) if error.code() == Code::AlreadyExists => registry.get_model(&name).await?,
        created => created?,
    };
    println!("{} belongs to {}", model.name, model.owner);

    if model.latest_version == 0 {
        let version = registry.create_version(first_version(&name)).await?;
        println!("{} was created", version.name);
    }
    let traffic = registry.get_traffic(&name).await?;
    if traffic.ranges.is_empty() {
        let traffic = registry.set_traffic(all_to_the_first(&name, traffic.generation)).await?;
        println!("{} is at generation {}", traffic.name, traffic.generation);
    }
    Ok(())
}

fn model(name: &ModelName) -> pb::CreateModelRequest {
    let model = pb::Model {
        display_name: "Clicks (example)".to_owned(),
        owner: "ranking".to_owned(),
        predicted_event: "The viewer clicks within an hour.".to_owned(),
        label_window: Some(prost_types::Duration { seconds: 3_600, nanos: 0 }),
        ..Default::default()
    };
    pb::CreateModelRequest {
        parent: name.parent().to_string(),
        model_id: name.model.as_str().to_owned(),
        model: Some(model),
        reason: "an example".to_owned(),
        ..Default::default()
    }
}

fn first_version(name: &ModelName) -> pb::CreateVersionRequest {
    let version = pb::Version {
        display_name: "v1".to_owned(),
        artifact_uri: "s3://models/example-click/1".to_owned(),
        artifact_digest: format!("sha256:{}", "5a".repeat(32)),
        ..Default::default()
    };
    pb::CreateVersionRequest { parent: name.to_string(), version: Some(version), ..Default::default() }
}

fn all_to_the_first(name: &ModelName, generation: i64) -> pb::SetTrafficRequest {
    let all = pb::BucketRange { start: 0, end: 100_000, version: name.version(1).to_string() };
    pb::SetTrafficRequest {
        name: name.traffic(),
        ranges: vec![all],
        generation,
        reason: "the first version serves".to_owned(),
        ..Default::default()
    }
}
