//! A settings file: all that is wrong with it, and with the files that it names.

use std::fmt;
use std::path::PathBuf;

use slipway_chassis::settings::{Common, Declaration, Faults, Sources};
use slipway_operations::examine::{self, Finding};

/// A settings file and the service that it is of.
#[derive(Debug, Clone)]
pub struct Named {
    service: &'static str,
    file: PathBuf,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the {}", self.file.display(), self.service)
    }
}

impl Named {
    /// Reads `SERVICE=FILE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let known = |name: &str| ["registry", "health", "launcher"].into_iter().find(|service| *service == name);
        let named = text.split_once('=').and_then(|(name, file)| Some((known(name)?, file)));
        let (service, file) = named.filter(|(_, file)| !file.is_empty()).ok_or_else(|| {
            "write registry=FILE, health=FILE or launcher=FILE, as registry=/etc/slipway/registry.toml".to_owned()
        })?;
        Ok(Self { service, file: file.into() })
    }

    /// Looks at the settings, at the policy, tokens and keys that they name, and at the data folder.
    pub fn examine(&self) -> Vec<Finding> {
        match self.read() {
            Err(Faults(faults)) => {
                let advice = format!("mend it; `slipway-{} --help` lists all settings", self.service);
                faults.iter().map(|fault| Finding::failure(fault.to_string(), &advice)).collect()
            }
            Ok(common) => {
                let mut findings = vec![Finding::fine("its settings are understood")];
                findings.push(access(&common));
                if common.data_dir.exists() {
                    findings.extend(examine::folder(&common.data_dir, Some(self.service)).into_iter().map(|finding| {
                        let what = format!("{}: {}", common.data_dir.display(), finding.what);
                        Finding { what, ..finding }
                    }));
                }
                findings
            }
        }
    }

    fn read(&self) -> Result<Common, Faults> {
        let flags = vec![("config".to_owned(), self.file.display().to_string())];
        let sources = Sources { flags, environment: vec![] };
        match self.service {
            "registry" => common(&slipway_registry::config::DECLARATION, sources),
            "health" => common(&slipway_health::config::DECLARATION, sources),
            _ => common(&slipway_launcher::config::DECLARATION, sources),
        }
    }
}

fn common<C>(declaration: &Declaration<C>, sources: Sources) -> Result<Common, Faults> {
    declaration.read(sources).map(|settings| settings.common)
}

/// What is to be said of who may do what.
fn access(common: &Common) -> Finding {
    let Some(sources) = &common.access else {
        let advice = "give access.policy before anybody else can reach the service";
        return Finding::warning("there is no policy: everybody who reaches the service may do everything", advice);
    };
    match sources.read() {
        Ok(_) => Finding::fine("policy, tokens and keys are understood"),
        Err(error) => Finding::failure(error.to_string(), "mend the file; a running service keeps what held before"),
    }
}

#[cfg(test)]
mod tests {
    use slipway_operations::examine::Gravity;

    use super::*;

    fn examine(text: &str) -> Vec<Finding> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("registry.toml");
        std::fs::write(&file, text).unwrap();
        Named::parse(&format!("registry={}", file.display())).unwrap().examine()
    }

    #[test]
    fn all_faults_of_a_file_are_told() {
        let findings = examine("listen = \"nowhere\"\ncolour = \"blue\"\ngrace = \"soon\"\n");
        assert_eq!(findings.len(), 3, "{findings:?}");
        assert!(findings.iter().all(|finding| finding.gravity == Gravity::Failure && !finding.advice.is_empty()));
    }

    #[test]
    fn no_policy_is_warned_of_and_a_broken_one_fails() {
        let gravity = |text| examine(text).iter().map(|finding| finding.gravity).max();
        assert_eq!(gravity("data-dir = \"/nowhere/at/all\"\n"), Some(Gravity::Warning));
        let missing = "data-dir = \"/nowhere/at/all\"\n[access]\npolicy = \"/nowhere/policy.toml\"\n";
        assert_eq!(gravity(missing), Some(Gravity::Failure));
    }

    #[test]
    fn a_file_without_a_service_is_refused_with_an_example() {
        for text in ["", "registry", "registry=", "registrar=x", "x.toml"] {
            assert!(Named::parse(text).unwrap_err().contains("registry=/etc/slipway/registry.toml"), "{text}");
        }
    }
}
