//! The settings files that `deploy/` installs: each key is a setting of its service.

use std::collections::BTreeSet;

use anyhow::Context as _;

use crate::tables::settings::{self, COMMON};
use crate::workspace::Workspace;

/// Where the services' settings files are, by the name of the service.
const FOLDERS: [&str; 2] = ["deploy/etc", "deploy/kubernetes/base/config"];

const SERVICES: [&str; 3] = ["registry", "health", "launcher"];

/// Keys that are no setting of their service.
///
/// # Errors
///
/// A file can't be read or is no TOML.
pub fn unknown(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let common = settings::in_folder(workspace, COMMON)?;
    let mut findings = Vec::new();
    for service in SERVICES {
        let own = settings::in_folder(workspace, &format!("crates/{service}/src"))?;
        let known: BTreeSet<&str> = common.iter().chain(&own).map(|setting| setting.name.as_str()).collect();
        for folder in FOLDERS {
            let path = format!("{folder}/{service}.toml");
            let table: toml::Table = workspace.read(&path)?.parse().with_context(|| path.clone())?;
            let unknown = keys("", &table).into_iter().filter(|key| !known.contains(key.as_str()));
            findings.extend(unknown.map(|key| format!("{path}: slipway-{service} has no setting `{key}`")));
        }
    }
    Ok(findings)
}

/// All keys of `table`, those of tables in it with dots.
fn keys(prefix: &str, table: &toml::Table) -> Vec<String> {
    let key = |(name, value): (&String, &toml::Value)| match value {
        toml::Value::Table(inner) => keys(&format!("{prefix}{name}."), inner),
        _ => vec![format!("{prefix}{name}")],
    };
    table.iter().flat_map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn keys_of_tables_have_dots_however_they_are_written() {
        let table = "a = 1\nb.c = 2\n[d]\ne-f = 3\n".parse().unwrap();
        assert_eq!(keys("", &table), ["a", "b.c", "d.e-f"]);
    }
}
