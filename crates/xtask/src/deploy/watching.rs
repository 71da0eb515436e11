//! The rules of Prometheus and the dashboards of Grafana: they ask for figures that exist, and every alert is explained
//! where a person looks at night.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde_json::Value;

use super::promql;
use crate::tables::figures;
use crate::workspace::Workspace;

/// Rules, and what is asked of them in their tests.
const RULES: &str = "deploy/prometheus";
/// Dashboards.
const DASHBOARDS: &str = "deploy/grafana";
/// Where every alert has a heading.
const RUNBOOK: &str = "deploy/RUNBOOK.md";

/// What Prometheus knows by itself of everything that it scrapes.
const BUILT_IN: [&str; 1] = ["up"];

/// Expressions that ask for a series that no service shows.
///
/// # Errors
///
/// A file can't be read or is no JSON.
pub fn unknown_figures(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut known: BTreeSet<String> = BUILT_IN.map(str::to_owned).into();
    known.extend(figures::all(workspace)?.iter().flat_map(figures::Figure::series));
    let mut asked = Vec::new();
    for path in workspace.files(RULES, "yml")? {
        let text = workspace.read(&path)?;
        known.extend(values(&text, "record:"));
        asked.extend(values(&text, "expr:").into_iter().map(|expression| (path.clone(), expression)));
    }
    for path in workspace.files(DASHBOARDS, "json")? {
        let dashboard = serde_json::from_str(&workspace.read(&path)?).with_context(|| path.clone())?;
        asked.extend(expressions(&dashboard).into_iter().map(|expression| (path.clone(), expression)));
    }
    let unknown = |(path, expression): &(String, String)| {
        let names = promql::series(expression).into_iter().filter(|name| !known.contains(name));
        names.map(|name| format!("{path}: no service shows `{name}`")).collect::<Vec<_>>()
    };
    Ok(asked.iter().flat_map(unknown).collect())
}

/// Alerts without a heading in the runbook.
///
/// # Errors
///
/// A file can't be read.
pub fn unexplained_alerts(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let runbook = workspace.read(RUNBOOK)?;
    let headings: BTreeSet<&str> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    let mut findings = Vec::new();
    for path in workspace.files(RULES, "yml")? {
        let alerts = values(&workspace.read(&path)?, "alert:").into_iter();
        let missing = alerts.filter(|alert| !headings.contains(alert.as_str()));
        findings.extend(missing.map(|alert| format!("{path}: {RUNBOOK} does not say what to do at {alert}")));
    }
    Ok(findings)
}

/// What stands behind `key` in a file of YAML: on its line, and on the deeper lines that follow it.
fn values(text: &str, key: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = text.lines().collect();
    let value = |(index, line): (usize, &&str)| {
        // The first key of an item of a list stands behind its dash.
        let entry = line.trim_start();
        let first = entry.strip_prefix("- ").unwrap_or(entry).strip_prefix(key)?.trim();
        let column = line.len() - line.trim_start().trim_start_matches("- ").len();
        let follows = |next: &&&str| next.trim().is_empty() || indent(next) > column;
        let rest = lines[index + 1..].iter().take_while(follows).map(|line| line.trim());
        // A mark that the value is a block.
        let first = if first.starts_with(['|', '>']) { "" } else { first };
        Some(std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" ").trim().to_owned())
    };
    lines.iter().enumerate().filter_map(value).collect()
}

/// The texts of all fields `expr`, however deep.
fn expressions(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(expressions).collect(),
        Value::Object(fields) => {
            let own = fields.get("expr").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(expressions)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{expressions, values};

    #[test]
    fn an_expression_is_read_on_one_line_or_on_many() {
        let text = "rules:\n  - alert: A\n    expr: up == 0\n    for: 1m\n  - alert: B\n    expr: |\n      a\n        > b\n    for: 2m\n";
        assert_eq!(values(text, "expr:"), ["up == 0", "a > b"]);
        assert_eq!(values(text, "alert:"), ["A", "B"]);
    }

    #[test]
    fn expressions_of_a_dashboard_are_found_however_deep() {
        let dashboard =
            serde_json::json!({"panels": [{"targets": [{"expr": "a"}], "panels": [{"targets": [{"expr": "b"}]}]}]});
        let mut found = expressions(&dashboard);
        found.sort();
        assert_eq!(found, ["a", "b"]);
    }
}
