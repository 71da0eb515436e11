//! `slipway ledger checkpoint` and `slipway ledger key`: what to keep elsewhere, so that nobody can rewrite the ledger
//! unnoticed.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use slipway_domain::ledger::checkpoint::Checkpoint;
use slipway_sdk::pb;

use super::trust;
use crate::connect::Connect;
use crate::output::{Output, line};

/// `slipway ledger checkpoint`.
#[derive(Debug, Args)]
pub struct Take {
    /// As the ledger was when it had so many entries [default: as it is].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..), conflicts_with = "revision")]
    size: Option<i64>,
    /// As the ledger was at this revision.
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i64).range(0..))]
    revision: Option<i64>,
    /// The file to write, which must not be there [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The key that must have signed it, or a file with it [default: what the registry says].
    #[arg(long, value_name = "KEY")]
    signed_by: Option<String>,
}

impl Take {
    /// Prints the checkpoint or writes it into a file.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let request = pb::GetCheckpointRequest { size: self.size, revision: self.revision };
        let found = connect.registry()?.get_checkpoint(request).await?;
        let (verifier, _) = trust::key(self.signed_by.as_deref(), &found.verifier_key)?;
        Checkpoint::open(&found.note, &verifier).context("the checkpoint that the registry gave")?;
        let Some(path) = self.out else {
            return output.write("slipway.registry.v1.Checkpoint", &found, |found| found.note.clone());
        };
        let file = std::fs::File::options().write(true).create_new(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(found.note.as_bytes()).and_then(|()| file.sync_all()));
        written.with_context(|| format!("writing {}", path.display()))?;
        let (file, size) = (path.display().to_string(), found.size);
        if output.is_json() {
            return line(&json!({ "file": file, "size": size, "revision": found.revision }).to_string());
        }
        line(&format!("{file}: the ledger with {size} entries, up to revision {}", found.revision))
    }
}

/// Prints the key that checkpoints are verified with.
pub async fn key(connect: &Connect, output: Output) -> Result<()> {
    let found = connect.registry()?.get_checkpoint(pb::GetCheckpointRequest { size: Some(0), revision: None }).await?;
    if output.is_json() {
        return line(&json!({ "key": found.verifier_key }).to_string());
    }
    line(&found.verifier_key)
}
