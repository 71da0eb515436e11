//! The variables of the environment that `deploy/` gives to the programs: each is one that they read.

use std::collections::BTreeSet;

use crate::tables::settings;
use crate::workspace::Workspace;

const DEPLOY: &str = "deploy";

/// The endings of files that may hold variables.
const ENDINGS: [&str; 6] = ["md", "yml", "yaml", "service", "env", "Dockerfile"];

const PREFIX: &str = "SLIPWAY_";

/// Variables that no program reads.
///
/// # Errors
///
/// A file can't be read or parsed.
pub fn unknown(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let known = known(workspace)?;
    let mut findings = Vec::new();
    for ending in ENDINGS {
        for path in workspace.files(DEPLOY, ending)? {
            let named = named(&workspace.read(&path)?);
            let unknown = named.into_iter().filter(|name| !known.contains(name));
            findings.extend(unknown.map(|name| format!("{path}: no program reads `{name}`")));
        }
    }
    Ok(findings)
}

/// The variables of all settings of services, and those that the command line reads.
fn known(workspace: &Workspace) -> anyhow::Result<BTreeSet<String>> {
    let mut known = BTreeSet::new();
    for folder in settings::FOLDERS {
        known.extend(settings::in_folder(workspace, folder)?.iter().map(settings::Setting::variable));
    }
    for path in workspace.files("crates/cli/src", "rs")? {
        known.extend(named(&workspace.read(&path)?));
    }
    Ok(known)
}

/// The whole names in `text` that begin as variables of Slipway do.
fn named(text: &str) -> BTreeSet<String> {
    let word = |rest: &str| -> String {
        rest.chars()
            .take_while(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || *letter == '_')
            .collect()
    };
    let names = text.match_indices(PREFIX).map(|(at, _)| word(&text[at..]));
    names.filter(|name| name.len() > PREFIX.len()).collect()
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn whole_names_are_found_and_the_bare_prefix_is_none() {
        let found = named("`SLIPWAY_` SLIPWAY_LISTEN=1 ${SLIPWAY_DATA_DIR}");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["SLIPWAY_DATA_DIR", "SLIPWAY_LISTEN"]);
    }
}
