//! What is launched, one after the other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use slipway_sdk::pb;

use super::stage::Stage;
use crate::text::wire;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// The plan of each launch, with real durations.
fn plan() -> pb::Plan {
    let days = |days: u64| wire(Duration::from_secs(days * DAY));
    let step = |share, bake| pb::RampStep { share, bake: days(bake) };
    pb::Plan {
        shadow: Some(pb::Shadow { bake: days(3) }),
        steps: vec![step(0.05, 2), step(0.25, 2), step(0.5, 2), step(1.0, 1)],
        watch: days(2),
        hold_deadline: days(45),
        evaluate_interval: wire(Duration::from_secs(6 * HOUR)),
        ..Default::default()
    }
}

/// Launches v2, v3 and v4, each when the one before has ended.
pub async fn run(stage: Arc<Stage>) -> Result<()> {
    let follower = tokio::spawn(follow(Arc::clone(&stage)));
    for (number, reason) in [(2, "fitted on a month more"), (3, "trained on more positives"), (4, "retrained v2")] {
        let request = pb::CreateLaunchRequest {
            parent: "namespaces/default".to_owned(),
            candidate: stage.version(number).to_string(),
            plan: Some(plan()),
            reason: reason.to_owned(),
            ..Default::default()
        };
        let launch = stage.launcher.create_launch(request).await.with_context(|| format!("launching v{number}"))?;
        let mut launches = stage.launches.subscribe();
        stage.note(launch.clone());
        let over = |launches: &Vec<pb::Launch>| {
            launches.iter().any(|known| known.name == launch.name && known.end_time.is_some())
        };
        launches.wait_for(over).await?;
    }
    follower.abort();
    Ok(())
}

/// Keeps the stage's picture of the launches up to date.
async fn follow(stage: Arc<Stage>) -> Result<()> {
    let request = pb::WatchLaunchesRequest { parent: "namespaces/default".to_owned(), after_revision: None };
    let mut stream = stage.launcher.watch(request);
    while let Some(step) = stream.next().await {
        match step {
            Ok(step) => step.launch.map(|launch| stage.note(launch)),
            // The stream goes on by itself when the launcher answers again.
            Err(error) if error.is_retryable() => None,
            Err(error) => return Err(error).context("watching the launches"),
        };
    }
    bail!("the launcher ended the stream")
}
