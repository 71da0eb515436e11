//! What a serving process does: asks the router which version serves each unit, scores it, reports the prediction, and
//! reports the outcome when it is known. At the end it asks how healthy the version is.
//!
//! Start the services with `slipway up`, register the model with the example `register_model`, then:
//!
//! ```text
//! cargo run -p slipway-sdk --example route_and_report
//! cargo run -p slipway-sdk --example route_and_report -- 127.0.0.1:7701 127.0.0.1:7702
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use slipway_sdk::name::ModelName;
use slipway_sdk::{
    Cache, CacheSettings, Endpoint, Health, ModelRouter, Observation, Registry, Reporter, ReporterSettings, pb,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut addresses = std::env::args().skip(1);
    let registry = Endpoint::new(&addresses.next().unwrap_or_else(|| "127.0.0.1:7701".to_owned()))?;
    let health = Endpoint::new(&addresses.next().unwrap_or_else(|| "127.0.0.1:7702".to_owned()))?;
    let model = ModelName::parse("namespaces/default/models/example-click")?;

    let file = std::env::temp_dir().join("slipway-example.cache");
    let settings = CacheSettings { parent: model.to_string(), file: Some(file), ..CacheSettings::default() };
    let cache = Cache::start(&Registry::new(&registry), settings);
    cache.ready(Duration::from_secs(5)).await?;
    println!("the registry's state is known: {:?}", cache.freshness());

    let health = Health::new(&health);
    let producer = format!("example-{}", std::process::id());
    let reporter = Reporter::start(&health, ReporterSettings::new(&producer));
    serve(&cache.router().model(&model), &reporter);
    reporter.flush(Duration::from_secs(5)).await?;
    println!("{:?}", reporter.stats());

    let request =
        pb::GetHealthRequest { name: model.version(1).to_string(), include_immature: true, ..Default::default() };
    println!("{}", health.get_health(request).await?.explanation);
    Ok(())
}

/// Serves ten thousand units whose outcomes are known at once.
fn serve(router: &ModelRouter, reporter: &Reporter) {
    for number in 0..10_000_u32 {
        let Some(routed) = router.route(&format!("viewer-{number}")) else {
            println!("no version serves the model yet");
            return;
        };
        // A perfect model: of the rows that it gives a tenth, one in ten is positive.
        let observation = Observation { prediction: 0.1, outcome: number % 10 == 0, weight: 1.0 };
        reporter.observed(routed.version(), Timestamp::now(), observation);
    }
    reporter.complete_through(Timestamp::now());
}
