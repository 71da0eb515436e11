//! `slipway ledger export`: the ledger in a file, byte for byte.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use slipway_sdk::{LedgerExport, pb};
use tempfile::NamedTempFile;

use super::file::{Entry, FORMAT, Header};
use crate::connect::Connect;
use crate::output::{Output, line};

/// `slipway ledger export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The file to write, which must not be there.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The ledger as it was when it had so many entries [default: as it is].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    size: Option<i64>,
}

impl Export {
    /// Writes the file, which has its name only when it is whole.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let checkpoint = registry.get_checkpoint(pb::GetCheckpointRequest { size: self.size, revision: None }).await?;
        let request = pb::ExportLedgerRequest { first_index: 0, size: Some(checkpoint.size) };
        let export = registry.export_ledger(request).await?;
        let folder = self.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let unnamed = NamedTempFile::new_in(folder).with_context(|| format!("writing into {}", folder.display()))?;
        write(&unnamed, export, &checkpoint).await?;
        unnamed.as_file().sync_all().context("writing the ledger")?;
        unnamed.persist_noclobber(&self.out).with_context(|| format!("writing {}", self.out.display()))?;
        self.tell(output, &checkpoint)
    }

    fn tell(&self, output: Output, checkpoint: &pb::Checkpoint) -> Result<()> {
        let (file, pb::Checkpoint { size, revision, .. }) = (self.out.display().to_string(), checkpoint);
        if output.is_json() {
            let told = json!({ "file": file, "size": size, "revision": revision, "key": checkpoint.verifier_key });
            return line(&told.to_string());
        }
        line(&format!("{file}: the ledger with {size} entries, up to revision {revision}"))?;
        line(&format!("verify it: slipway ledger verify {file}"))
    }
}

async fn write(file: &NamedTempFile, mut export: LedgerExport, checkpoint: &pb::Checkpoint) -> Result<()> {
    let mut writing = BufWriter::new(file);
    let pb::Checkpoint { note, verifier_key, .. } = checkpoint.clone();
    let header = Header { format: FORMAT.to_owned(), checkpoint: note, key: verifier_key };
    writeln!(writing, "{}", serde_json::to_string(&header)?).context("writing the ledger")?;
    while let Some(entries) = export.entries().await? {
        for pb::LedgerEntry { index, leaf } in entries {
            let entry = Entry::new(index.unsigned_abs(), &leaf).with_context(|| format!("entry {index}"))?;
            writeln!(writing, "{}", serde_json::to_string(&entry)?).context("writing the ledger")?;
        }
    }
    writing.flush().context("writing the ledger")?;
    if export.checkpoint() != Some(checkpoint) {
        bail!(
            "the registry says two things of {} entries: export again, and look at `slipway doctor`",
            checkpoint.size
        );
    }
    Ok(())
}
