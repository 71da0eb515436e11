//! Holds what cargo would build against `deny.toml`: licences, banned crates, sources. Cargo alone answers, so the check
//! needs no network beyond what a build needs and no further tool; `cargo deny check` reads the same file and goes deeper.

use anyhow::{Context as _, bail};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::workspace::Workspace;

const FILE: &str = "deny.toml";

/// The part of `deny.toml` that is checked here.
#[derive(Debug, Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// The part of `cargo metadata` that is checked here.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

/// What the workspace depends on and must not.
///
/// # Errors
///
/// `Cargo.lock` is out of date, or `deny.toml` can't be read.
pub fn check(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let policy: Policy = toml::from_str(&workspace.read(FILE)?).with_context(|| format!("can't read {FILE}"))?;
    let output = workspace.cargo(&["metadata", "--locked", "--format-version", "1"]).output()?;
    if !output.status.success() {
        bail!("cargo metadata --locked: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    Ok(metadata.packages.iter().flat_map(|package| judge(&policy, package)).collect())
}

fn judge(policy: &Policy, package: &Package) -> Vec<String> {
    let named = format!("{} {}", package.name, package.version);
    let mut findings = Vec::new();
    // A package without a source is a member of the workspace.
    let Some(source) = &package.source else { return findings };
    if !source.starts_with("registry+") {
        findings.push(format!("{named} comes from {source}, not from a registry"));
    }
    if let Some(ban) = policy.bans.deny.iter().find(|ban| ban.name == package.name) {
        findings.push(format!("{named} is banned: {}", ban.reason));
    }
    if !allowed(policy, package.license.as_deref().unwrap_or_default()) {
        findings.push(format!("{named} has the licence {:?}, which is not allowed", package.license));
    }
    findings
}

fn allowed(policy: &Policy, license: &str) -> bool {
    let Ok(expression) = Expression::parse_mode(license, ParseMode::LAX) else { return false };
    let allow: Vec<Licensee> = policy.licenses.allow.iter().filter_map(|name| Licensee::parse(name).ok()).collect();
    expression.evaluate(|requirement| allow.iter().any(|licensee| licensee.satisfies(requirement)))
}

#[cfg(test)]
mod tests {
    use super::{Ban, Bans, Licenses, Package, Policy, judge};

    fn judged(license: &str, source: Option<&str>) -> Vec<String> {
        let allow = ["MIT", "MPL-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).to_vec();
        let ban = Ban { name: "banned".to_owned(), reason: "for a test".to_owned() };
        let policy = Policy { licenses: Licenses { allow }, bans: Bans { deny: vec![ban] } };
        let package = Package {
            name: "banned".to_owned(),
            version: "1.0.0".to_owned(),
            license: Some(license.to_owned()),
            source: source.map(str::to_owned),
        };
        judge(&policy, &package)
    }

    #[test]
    fn a_choice_of_licences_needs_one_allowed_and_a_conjunction_all() {
        let findings = |license: &str| judged(license, Some("registry+x")).len() - 1;
        assert_eq!(findings("MIT OR GPL-3.0"), 0);
        assert_eq!(findings("MIT/GPL-3.0"), 0, "the old way of writing OR");
        assert_eq!(findings("MPL-2.0+"), 0, "this version or any later one");
        assert_eq!(findings("Apache-2.0 WITH LLVM-exception"), 0);
        assert_eq!(findings("MIT AND GPL-3.0"), 1);
        assert_eq!(findings(""), 1);
        assert_eq!(findings("what I like"), 1);
    }

    #[test]
    fn a_banned_crate_and_a_foreign_source_are_found() {
        let findings = judged("MIT", Some("git+https://example.com/x"));
        assert_eq!(findings.len(), 2);
        assert!(findings[0].contains("not from a registry"));
        assert!(findings[1].contains("is banned: for a test"));
    }

    #[test]
    fn a_member_of_the_workspace_is_not_judged() {
        assert_eq!(judged("none", None), [""; 0]);
    }
}
