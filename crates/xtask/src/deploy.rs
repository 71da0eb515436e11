//! What holds `deploy/` to the code: the example files of settings are made from it, and what watches the services asks
//! only for figures and settings that exist.

mod examples;
mod keys;
mod promql;
mod variables;
mod watching;

use crate::workspace::Workspace;

/// What in `deploy/` says something else than the code.
///
/// # Errors
///
/// A file can't be read.
pub fn check(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let stale = examples::stale(workspace)?.into_iter().map(|(path, _)| format!("{path}: it is out of date"));
    let mut findings: Vec<String> = stale.collect();
    findings.extend(watching::unknown_figures(workspace)?);
    findings.extend(watching::unexplained_alerts(workspace)?);
    findings.extend(keys::unknown(workspace)?);
    findings.extend(variables::unknown(workspace)?);
    Ok(findings)
}

/// Writes the example files; returns those that changed.
///
/// # Errors
///
/// As [`check`], or a file can't be written.
pub fn write(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut written = Vec::new();
    for (path, text) in examples::stale(workspace)? {
        workspace.write(&path, &text)?;
        written.push(path);
    }
    Ok(written)
}
