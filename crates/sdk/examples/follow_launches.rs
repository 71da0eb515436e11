//! Prints every launch as it is and then as it changes, through restarts of the launcher, until it is interrupted.
//!
//! Start the services with `slipway up`, then:
//!
//! ```text
//! cargo run -p slipway-sdk --example follow_launches
//! cargo run -p slipway-sdk --example follow_launches -- 127.0.0.1:7703 namespaces/default
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::error::Error;

use futures_util::StreamExt as _;
use slipway_sdk::{Endpoint, Launcher, pb};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:7703".to_owned());
    let parent = arguments.next().unwrap_or_else(|| "namespaces/-".to_owned());
    let launcher = Launcher::new(&Endpoint::new(&address)?);
    let mut launches = launcher.watch(pb::WatchLaunchesRequest { parent, after_revision: None });
    while let Some(step) = launches.next().await {
        match step {
            Ok(pb::WatchLaunchesResponse { launch: Some(launch), .. }) => print(&launch),
            // A mark of progress: nothing has changed.
            Ok(pb::WatchLaunchesResponse { launch: None, .. }) => {}
            Err(interruption) if interruption.is_retryable() => println!("interrupted, going on: {interruption}"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn print(launch: &pb::Launch) {
    let state = launch.state().as_str_name().trim_start_matches("LAUNCH_STATE_");
    println!("{} {} {:.1} % {}", launch.candidate, state, launch.share * 100.0, launch.reason);
}
