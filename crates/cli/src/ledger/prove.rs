//! `slipway ledger prove`: that a change is in the ledger, by a proof that is verified here.

use anyhow::{Context, Result, ensure};
use clap::Args;
use slipway_domain::ledger::checkpoint::Checkpoint;
use slipway_domain::ledger::leaf::Leaf;
use slipway_domain::ledger::proof;
use slipway_sdk::pb;

use super::{since, trust};
use crate::connect::Connect;
use crate::output::Output;
use crate::{text, value};

/// `slipway ledger prove`.
#[derive(Debug, Args)]
pub struct Prove {
    /// The revision that the change made, as `slipway ledger ls` shows it.
    #[arg(value_name = "REVISION", value_parser = clap::value_parser!(i64).range(0..))]
    revision: i64,
    /// The resource that was changed: a model, a version, or any full name.
    resource: value::Resource,
    /// The key that must have signed the ledger, or a file with it [default: what the registry says].
    #[arg(long, value_name = "KEY")]
    signed_by: Option<String>,
}

impl Prove {
    /// Asks for the proof, verifies it, and says what it shows.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let resource = connect.resource(&self.resource);
        let request = pb::ProveInclusionRequest {
            revision: Some(self.revision),
            resource: resource.clone(),
            ..pb::ProveInclusionRequest::default()
        };
        let answer = connect.registry()?.prove_inclusion(request).await?;
        let found = answer.checkpoint.as_ref().context("an answer without its checkpoint")?;
        let (verifier, _) = trust::key(self.signed_by.as_deref(), &found.verifier_key)?;
        let signed = Checkpoint::open(&found.note, &verifier).context("the checkpoint of the registry")?;
        let leaf = Leaf::decode(&answer.leaf).context("the entry")?;
        let asked = (self.revision.unsigned_abs(), resource.as_str());
        ensure!((leaf.revision, leaf.resource()) == asked, "the registry has proven another change");
        let (index, hashes) = (answer.index.unsigned_abs(), since::hashes(&answer.hashes));
        proof::inclusion(&leaf.hash(), index, &signed.head, &hashes).context("the proof of the registry")?;
        let said = format!(
            "the change of {} at revision {} is entry {index} of the ledger of {} entries, as {} signed it",
            text::resource(&resource),
            self.revision,
            signed.head.size,
            verifier.short(),
        );
        output.write("slipway.registry.v1.ProveInclusionResponse", &answer, |_| said)
    }
}
