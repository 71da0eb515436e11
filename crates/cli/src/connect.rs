//! Where the services are, and short names made long.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use slipway_sdk::name::{
    AliasName, Identifier, LaunchName, ModelName, ModelTypeName, NamespaceName, PolicyName, TeamName, VersionName,
};
use slipway_sdk::{ClientFiles, Endpoint, Health, Launcher, Operations, Registry, pb};

use crate::{login, value};

/// How long a call may take at least that is known to take long.
const PATIENCE: Duration = Duration::from_secs(120);

/// One of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// The registry.
    Registry,
    /// The health monitor.
    Health,
    /// The launcher.
    Launcher,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Registry, Self::Health, Self::Launcher];

    /// The name, as it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Health => "health",
            Self::Launcher => "launcher",
        }
    }
}

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
    #[arg(value_parser = value::namespace, value_name = "ID")]
    namespace: Identifier,
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
    #[arg(long, global = true, default_value = "10", value_parser = value::deadline, value_name = "SECONDS")]
    deadline: Duration,
}

impl Connect {
    fn endpoint(&self, address: &str) -> Result<Endpoint> {
        let files = ClientFiles { ca: self.ca.clone(), identity: self.certificate.clone().zip(self.key.clone()) };
        if address.starts_with("https://") {
            files.check().context("connecting under TLS")?;
        }
        let endpoint = Endpoint::new(address)?.with_deadline(self.deadline).with_tls(files);
        Ok(match self.token_file.clone().or_else(|| login::stored(address)) {
            Some(path) => endpoint.with_token_file(&path)?,
            None => endpoint,
        })
    }

    /// A client of the registry.
    pub fn registry(&self) -> Result<Registry> {
        Ok(Registry::new(&self.endpoint(&self.registry)?))
    }

    /// A client of the registry for what takes longer than most calls do.
    pub fn patient_registry(&self) -> Result<Registry> {
        Ok(self.registry()?.with_deadline(self.deadline.max(PATIENCE)))
    }

    /// A client of the health monitor.
    pub fn health(&self) -> Result<Health> {
        Ok(Health::new(&self.endpoint(&self.health)?))
    }

    /// A client of the launcher.
    pub fn launcher(&self) -> Result<Launcher> {
        Ok(Launcher::new(&self.endpoint(&self.launcher)?))
    }

    /// Where a service is.
    pub fn address(&self, service: Service) -> &str {
        match service {
            Service::Registry => &self.registry,
            Service::Health => &self.health,
            Service::Launcher => &self.launcher,
        }
    }

    /// The file with the token that says who calls, if a flag names one.
    pub fn token_file(&self) -> Option<&Path> {
        self.token_file.as_deref()
    }

    /// What the service says of whoever has the token in `file`.
    pub async fn caller_with(&self, service: Service, file: &Path) -> Result<pb::GetCallerResponse> {
        let endpoint = self.endpoint(self.address(service))?.with_token_file(file)?;
        Ok(Operations::new(&endpoint).get_caller().await?)
    }

    /// A client of what every service answers to whoever runs it.
    pub fn operations(&self, service: Service) -> Result<Operations> {
        Ok(Operations::new(&self.endpoint(self.address(service))?))
    }

    /// The namespace of short names.
    pub fn namespace(&self) -> &Identifier {
        &self.namespace
    }

    /// `namespaces/{namespace}`.
    pub fn parent(&self) -> String {
        NamespaceName { namespace: self.namespace.clone() }.to_string()
    }

    /// The full name of a model.
    pub fn model(&self, typed: &value::Model) -> ModelName {
        typed.within(&self.namespace)
    }

    /// The full name of a model type.
    pub fn model_type(&self, typed: &value::ModelType) -> ModelTypeName {
        typed.within(&self.namespace)
    }

    /// The full name of a version.
    pub fn version(&self, typed: &value::Version) -> VersionName {
        typed.within(&self.namespace)
    }

    /// The full name of a team.
    pub fn team(&self, typed: &value::Team) -> TeamName {
        typed.within(&self.namespace)
    }

    /// The full name of a policy.
    pub fn policy(&self, typed: &value::Policy) -> PolicyName {
        typed.within(&self.namespace)
    }

    /// The full name of an alias.
    pub fn alias(&self, typed: &value::Alias) -> AliasName {
        typed.within(&self.namespace)
    }

    /// The full name of a launch.
    pub fn launch(&self, typed: &value::Launch) -> LaunchName {
        typed.within(&self.namespace)
    }

    /// The full name of any resource.
    pub fn resource(&self, typed: &value::Resource) -> String {
        typed.within(&self.namespace)
    }
}
