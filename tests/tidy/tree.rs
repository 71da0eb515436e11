//! The repository as the rules see it: its sources, manifests and documents, read once.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter};
use std::io;
use std::path::Path;

use super::source::Source;

/// Folders that hold nothing of the repository.
const FOREIGN: [&str; 3] = [".git", "target", "__pycache__"];

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl Display for Complaint {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// One text file.
#[derive(Debug)]
pub struct Text {
    /// Its path from the root, with `/`.
    pub path: String,
    /// What it holds.
    pub text: String,
}

impl Text {
    /// A complaint about the line that holds byte `offset`.
    pub fn complain(&self, offset: usize, what: impl Into<String>) -> Complaint {
        let line = self.text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1;
        Complaint { path: self.path.clone(), line, what: what.into() }
    }
}

/// A `Cargo.toml`.
#[derive(Debug)]
pub struct Manifest {
    /// Its folder from the root; empty for the workspace's own.
    pub folder: String,
    /// What it holds.
    pub table: toml::Table,
    text: String,
}

impl Manifest {
    /// A complaint about the first line that begins with `name`.
    pub fn complain(&self, name: &str, what: impl Into<String>) -> Complaint {
        let path = if self.folder.is_empty() { String::new() } else { format!("{}/", self.folder) };
        let line = self.text.lines().position(|line| line.starts_with(name)).unwrap_or_default() + 1;
        Complaint { path: format!("{path}Cargo.toml"), line, what: what.into() }
    }

    /// The names in one of its tables of dependencies.
    pub fn dependencies(&self, kind: &str) -> Vec<&str> {
        let table = self.table.get(kind).and_then(toml::Value::as_table);
        table.into_iter().flat_map(|table| table.keys().map(String::as_str)).collect()
    }
}

/// All files of a repository.
#[derive(Debug, Default)]
pub struct Tree {
    /// Every path, folders included (without a closing slash).
    pub paths: BTreeSet<String>,
    /// Every file that is UTF-8.
    pub texts: Vec<Text>,
    /// The Rust files among them.
    pub sources: Vec<Source>,
    /// The `Cargo.toml` files among them.
    pub manifests: Vec<Manifest>,
}

impl Tree {
    /// The repository at `root`.
    pub fn read(root: &str) -> io::Result<Self> {
        let root = Path::new(root);
        let mut tree = Self::default();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(root.join(&folder))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                if FOREIGN.contains(&name.as_str()) {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    tree.paths.insert(path.clone());
                    folders.push(path);
                } else {
                    tree.add(path, std::fs::read(entry.path())?);
                }
            }
        }
        Ok(tree)
    }

    /// A repository of these files, each with its path and text.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            for (index, _) in path.match_indices('/') {
                tree.paths.insert(path[..index].to_owned());
            }
            tree.add((*path).to_owned(), text.as_bytes().to_vec());
        }
        tree
    }

    fn add(&mut self, path: String, bytes: Vec<u8>) {
        self.paths.insert(path.clone());
        let Ok(text) = String::from_utf8(bytes) else { return };
        if path.ends_with(".rs") {
            self.sources.push(Source::parse(&path, &text));
        }
        if let Some(folder) = path.strip_suffix("Cargo.toml") {
            let table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
            let folder = folder.trim_end_matches('/').to_owned();
            self.manifests.push(Manifest { folder, table, text: text.clone() });
        }
        self.texts.push(Text { path, text });
    }
}
