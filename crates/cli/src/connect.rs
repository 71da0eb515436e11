//! Where the services are, and short names made long.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use slipway_sdk::name::{LaunchName, ModelName, VersionName};
use slipway_sdk::{ClientFiles, Endpoint, Health, Launcher, Registry};

/// Where the services are.
#[derive(Debug, Args)]
pub struct Connect {
    /// The registry.
    #[arg(long, global = true, env = "SLIPWAY_REGISTRY", default_value = "http://127.0.0.1:7701", value_name = "URL")]
    registry: String,
    /// The health monitor.
    #[arg(long, global = true, env = "SLIPWAY_HEALTH", default_value = "http://127.0.0.1:7702", value_name = "URL")]
    health: String,
    /// The launcher.
    #[arg(long, global = true, env = "SLIPWAY_LAUNCHER", default_value = "http://127.0.0.1:7703", value_name = "URL")]
    launcher: String,
    /// The namespace of short names.
    #[arg(long, short, global = true, env = "SLIPWAY_NAMESPACE", default_value = "default")]
    namespace: String,
    /// The certificates of who certified the services, in PEM, in place of whom this machine trusts; for https addresses.
    #[arg(long, global = true, env = "SLIPWAY_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The certificate that says who calls, in PEM.
    #[arg(long, global = true, env = "SLIPWAY_CERTIFICATE", value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The private key of the certificate, in PEM.
    #[arg(long, global = true, env = "SLIPWAY_KEY", value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// A file with the token that says who calls.
    #[arg(long, global = true, env = "SLIPWAY_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// How long one call may take, in seconds.
    #[arg(long, global = true, default_value_t = 10.0, value_name = "SECONDS")]
    deadline: f64,
}

impl Connect {
    fn endpoint(&self, address: &str) -> Result<Endpoint> {
        let deadline = Duration::try_from_secs_f64(self.deadline).context("--deadline is not a number of seconds")?;
        let files = ClientFiles { ca: self.ca.clone(), identity: self.certificate.clone().zip(self.key.clone()) };
        if address.starts_with("https://") {
            files.check().context("connecting under TLS")?;
        }
        let endpoint = Endpoint::new(address)?.with_deadline(deadline).with_tls(files);
        Ok(match &self.token_file {
            Some(path) => endpoint.with_token_file(path)?,
            None => endpoint,
        })
    }

    /// A client of the registry.
    pub fn registry(&self) -> Result<Registry> {
        Ok(Registry::new(&self.endpoint(&self.registry)?))
    }

    /// A client of the health monitor.
    pub fn health(&self) -> Result<Health> {
        Ok(Health::new(&self.endpoint(&self.health)?))
    }

    /// A client of the launcher.
    pub fn launcher(&self) -> Result<Launcher> {
        Ok(Launcher::new(&self.endpoint(&self.launcher)?))
    }

    /// `namespaces/{namespace}`.
    pub fn parent(&self) -> String {
        format!("namespaces/{}", self.namespace)
    }

    /// The model that `text` names: in full, or by its id.
    pub fn model(&self, text: &str) -> Result<ModelName> {
        let full = if text.contains('/') { text.to_owned() } else { format!("{}/models/{text}", self.parent()) };
        ModelName::parse(&full)
            .with_context(|| format!("{text:?} is not a model; write flight-delay, or its full name"))
    }

    /// The version that `text` names: in full, or as `model/number`.
    pub fn version(&self, text: &str) -> Result<VersionName> {
        let full = match text.split('/').collect::<Vec<_>>()[..] {
            [model, number] => format!("{}/models/{model}/versions/{number}", self.parent()),
            _ => text.to_owned(),
        };
        VersionName::parse(&full)
            .with_context(|| format!("{text:?} is not a version; write flight-delay/2, or its full name"))
    }

    /// The launch that `text` names: in full, or by its id.
    pub fn launch(&self, text: &str) -> Result<LaunchName> {
        let full = if text.contains('/') { text.to_owned() } else { format!("{}/launches/{text}", self.parent()) };
        LaunchName::parse(&full).with_context(|| format!("{text:?} is not a launch; `slipway launch ls` shows them"))
    }
}

/// Pairs of `key=value`.
pub fn labels(pairs: &[String]) -> Result<Vec<(String, String)>> {
    let pair = |pair: &String| match pair.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => bail!("{pair:?} is not a label; write key=value"),
    };
    pairs.iter().map(pair).collect()
}
