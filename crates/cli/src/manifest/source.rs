//! Where manifests come from: files, folders, standard input.

use std::convert::Infallible;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use slipway_sdk::name::Identifier;

use super::{Fault, Manifest, read};

/// The most bytes of one file.
const MOST: u64 = 64 << 20;
/// How the names of manifests end, in a folder.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// A file, a folder, or standard input.
#[derive(Debug, Clone)]
pub enum Input {
    /// `-`.
    Standard,
    /// All others.
    Path(PathBuf),
}

impl FromStr for Input {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "-" { Self::Standard } else { Self::Path(text.into()) })
    }
}

/// What all inputs ask for, and what is wrong in them. A folder is read with all that lies below it, in the order of names.
pub fn read_all(inputs: &[Input], namespace: &Identifier) -> Result<(Manifest, Vec<Fault>)> {
    let (mut manifest, mut faults) = (Manifest::default(), Vec::new());
    for (name, text) in texts(inputs)? {
        let (more, wrong) = read(&name, &text, namespace);
        manifest.items.extend(more.items);
        faults.extend(wrong);
    }
    Ok((manifest, faults))
}

fn texts(inputs: &[Input]) -> Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    for input in inputs {
        match input {
            Input::Standard => {
                texts.push(("standard input".to_owned(), text(std::io::stdin().lock(), "standard input")?))
            }
            Input::Path(path) => {
                let files = if path.is_dir() { below(path)? } else { vec![path.clone()] };
                if files.is_empty() {
                    bail!("there is no manifest in {}: their names end in {}", path.display(), ENDINGS.join(", "));
                }
                for file in files {
                    let name = file.display().to_string();
                    let opened = std::fs::File::open(&file).with_context(|| format!("reading {name}"))?;
                    texts.push((name.clone(), text(opened, &name)?));
                }
            }
        }
    }
    Ok(texts)
}

fn text(from: impl Read, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    from.take(MOST + 1).read_to_end(&mut bytes).with_context(|| format!("reading {name}"))?;
    if bytes.len() as u64 > MOST {
        bail!("{name} is too long: at most {} MiB of one file are read", MOST >> 20);
    }
    String::from_utf8(bytes).with_context(|| format!("{name} is no text in UTF-8"))
}

/// The manifests in a folder and below it.
fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            // What is hidden, and what a link leads to, stands elsewhere as well, as in a folder that Kubernetes mounts.
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if !path.is_dir() && ENDINGS.contains(&ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
