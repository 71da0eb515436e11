//! `slipway launch watch`: a launch as it happens.

use std::collections::HashMap;
use std::process::ExitCode;

use anyhow::{Result, bail};
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use slipway_sdk::name::LaunchName;
use slipway_sdk::pb;

use super::{LAUNCH, show};
use crate::connect::Connect;
use crate::output::{Output, line};
use crate::text;

/// Follows the launch until it ends: a line for each transition and a bar for its share on a terminal, or each state
/// as a line of JSON.
pub async fn one(connect: &Connect, output: Output, name: &LaunchName) -> Result<ExitCode> {
    // A launch that is not there is an error, and not an endless wait.
    connect.launcher()?.get_launch(name).await?;
    let request = pb::WatchLaunchesRequest { parent: name.to_string(), after_revision: None };
    let mut stream = connect.launcher()?.watch(request);
    let bar = ProgressBar::new(1000);
    bar.set_style(ProgressStyle::with_template("{bar:40} {msg}")?);
    let mut told = 0;
    while let Some(step) = stream.next().await {
        let step = match step {
            Ok(step) => step,
            Err(error) if error.is_retryable() => {
                bar.set_message(format!("waiting for the launcher: {error}"));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let Some(launch) = step.launch else { continue };
        if output.is_json() {
            output.write(LAUNCH, &launch, show::launch)?;
        } else {
            bar.set_position((launch.share * 1000.0) as u64);
            bar.set_message(format!("{}  {}", show::phase(&launch), show::why(&launch)));
            for entry in launch.transitions.iter().skip(told) {
                bar.suspend(|| line(&transition(entry)))?;
            }
            told = launch.transitions.len();
        }
        if launch.end_time.is_some() {
            bar.finish_and_clear();
            if let (false, Some(evidence)) = (output.is_json(), &launch.evidence) {
                line(&show::evidence(evidence))?;
            }
            let good = launch.state() == pb::LaunchState::Succeeded;
            return Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    bail!("the launcher ended the stream; `slipway launch show {name}` tells how it went")
}

/// Follows all launches of the namespace until somebody stops it: a line for each new state of one, or each launch as a
/// line of JSON.
pub async fn all(connect: &Connect, output: Output) -> Result<ExitCode> {
    let request = pb::WatchLaunchesRequest { parent: connect.parent(), after_revision: None };
    let mut stream = connect.launcher()?.watch(request);
    let mut told: HashMap<String, usize> = HashMap::new();
    let mut is_first = true;
    while let Some(step) = stream.next().await {
        let step = match step {
            Ok(step) => step,
            // Who never got through is told; a break later is mended by the stream itself.
            Err(error) if error.is_retryable() && !is_first => continue,
            Err(error) => return Err(error.into()),
        };
        is_first = false;
        let Some(launch) = step.launch else { continue };
        if output.is_json() {
            output.write(LAUNCH, &launch, show::launch)?;
            continue;
        }
        let told = told.entry(launch.name.clone()).or_default();
        for entry in launch.transitions.iter().skip(*told) {
            line(&format!("{:<28}{}", text::id(&launch.name), transition(entry)))?;
        }
        *told = launch.transitions.len();
    }
    bail!("the launcher ended the stream; `slipway launch ls` tells how they stand")
}

fn transition(entry: &pb::Transition) -> String {
    let state = entry.state().as_str_name().trim_start_matches("LAUNCH_STATE_");
    let when = text::instant(entry.time);
    format!("{when}  {state:<18} {:>7}  {}", text::percent(entry.share), entry.reason)
}
