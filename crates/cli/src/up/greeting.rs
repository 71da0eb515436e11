//! What `slipway up` says once it is up: where it listens, and what to type next.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use super::cluster::Cluster;
use crate::output::{Output, line};

/// Where the services look for each other, and the command for them, unless it is told otherwise.
const DEFAULTS: [(&str, &str); 3] = [
    ("SLIPWAY_REGISTRY", "http://127.0.0.1:7701"),
    ("SLIPWAY_HEALTH", "http://127.0.0.1:7702"),
    ("SLIPWAY_LAUNCHER", "http://127.0.0.1:7703"),
];

/// Where the three services are.
#[derive(Debug, Clone)]
pub struct Greeting {
    registry: String,
    health: String,
    launcher: String,
    data: PathBuf,
}

impl Greeting {
    /// The greeting of `cluster`, whose data lies in `data`.
    pub fn of(cluster: &Cluster, data: &Path) -> Self {
        Self {
            registry: cluster.registry.clone(),
            health: cluster.health.clone(),
            launcher: cluster.launcher.clone(),
            data: data.to_owned(),
        }
    }

    /// Writes it: in words, or as one object.
    pub fn write(&self, output: Output) -> Result<()> {
        match output.is_json() {
            true => line(&self.object().to_string()),
            false => line(&self.words()),
        }
    }

    fn object(&self) -> serde_json::Value {
        let Self { registry, health, launcher, data } = self;
        json!({ "registry": registry, "health": health, "launcher": launcher, "dataDir": data })
    }

    fn words(&self) -> String {
        let Self { registry, health, launcher, data } = self;
        let elsewhere: String = DEFAULTS
            .iter()
            .zip([registry, health, launcher])
            .filter(|((_, default), address)| default != address)
            .map(|((name, _), address)| format!("  export {name}={address}\n"))
            .collect();
        format!(
            "Slipway is up; its data lies in {}.
  registry        {registry}
  health monitor  {health}
  launcher        {launcher}

Next, in another terminal:
{elsewhere}  slipway team create ops
  slipway model create flight-delay --owner ops
  slipway model ls

Ctrl-C stops it.",
            data.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(port: u16) -> Greeting {
        let address = |port: u16| format!("http://127.0.0.1:{port}");
        Greeting {
            registry: address(port),
            health: address(7702),
            launcher: address(7703),
            data: PathBuf::from("slipway-data"),
        }
    }

    #[test]
    fn only_an_address_that_the_command_does_not_know_is_to_be_exported() {
        assert!(!greeting(7701).words().contains("export"));
        let words = greeting(8701).words();
        assert!(words.contains("export SLIPWAY_REGISTRY=http://127.0.0.1:8701\n"), "{words}");
        assert!(!words.contains("SLIPWAY_HEALTH"), "{words}");
    }

    #[test]
    fn a_program_gets_one_object() {
        assert_eq!(greeting(1).object()["registry"], "http://127.0.0.1:1");
    }
}
