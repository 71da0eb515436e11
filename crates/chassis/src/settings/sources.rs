//! The texts of settings as they were given: flags over environment over file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Row;
use super::fault::{Fault, Origin};

/// The texts that were given outside of the settings file, which is itself a setting (`config`).
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Flags by the names of their settings.
    pub flags: Vec<(String, String)>,
    /// Environment variables by their names; those that are no setting's are passed over.
    pub environment: Vec<(String, String)>,
}

/// A text and where it came from.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub text: String,
    pub origin: Origin,
}

/// The text that holds for each setting that was given at all, and what is wrong with the file.
pub(super) fn gather(rows: &[Row], sources: Sources) -> (BTreeMap<&'static str, Given>, Vec<Fault>) {
    let mut outside = BTreeMap::new();
    for row in rows {
        let variable = row.variable();
        if let Some((_, text)) = sources.environment.iter().find(|(name, _)| *name == variable) {
            outside.insert(row.name, Given { text: text.clone(), origin: Origin::Variable(variable) });
        }
        if let Some((name, text)) = sources.flags.iter().rfind(|(name, _)| name == row.name) {
            outside.insert(row.name, Given { text: text.clone(), origin: Origin::Flag(name.clone()) });
        }
    }
    let Some(config) = outside.get("config").filter(|config| !config.text.is_empty()) else {
        return (outside, Vec::new());
    };
    let (mut all, faults) = from_file(rows, Path::new(&config.text));
    all.append(&mut outside);
    (all, faults)
}

fn from_file(rows: &[Row], path: &Path) -> (BTreeMap<&'static str, Given>, Vec<Fault>) {
    match entries(path) {
        Ok(entries) => sort(rows, path, entries),
        Err(fault) => (BTreeMap::new(), vec![fault]),
    }
}

/// The text that the file at `path` gives for `row`; none if it gives none.
///
/// # Errors
/// When it can't be read, or is no TOML.
pub(super) fn in_file(row: &Row, path: &Path) -> Result<Option<String>, Fault> {
    let found = entries(path)?.into_iter().find(|(key, _)| key == row.name);
    Ok(found.map(|(_, text)| text))
}

/// The keys in the file at `path`, joined by dots, and their texts.
fn entries(path: &Path) -> Result<Vec<(String, String)>, Fault> {
    let fault = |cause: String| Fault::File { file: path.to_owned(), cause };
    let text = std::fs::read_to_string(path).map_err(|error| fault(format!("it cannot be read: {error}")))?;
    let table = text.parse::<toml::Table>().map_err(|error| fault(format!("it is no TOML: {error}")))?;
    let mut entries = Vec::new();
    flatten("", &table, &mut entries);
    Ok(entries)
}

/// The values of `table` with their keys joined by dots.
fn flatten(prefix: &str, table: &toml::Table, entries: &mut Vec<(String, String)>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => flatten(&format!("{prefix}{key}."), inner, entries),
            toml::Value::String(text) => entries.push((format!("{prefix}{key}"), text.clone())),
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_) => entries.push((format!("{prefix}{key}"), value.to_string())),
        }
    }
}

fn sort(rows: &[Row], path: &Path, entries: Vec<(String, String)>) -> (BTreeMap<&'static str, Given>, Vec<Fault>) {
    let (mut known, mut faults) = (BTreeMap::new(), Vec::new());
    for (key, text) in entries {
        match rows.iter().find(|row| row.name == key && row.name != "config") {
            Some(row) => {
                known.insert(row.name, Given { text, origin: Origin::File(PathBuf::from(path)) });
            }
            None => faults.push(Fault::UnknownKey { key, file: PathBuf::from(path) }),
        }
    }
    (known, faults)
}
