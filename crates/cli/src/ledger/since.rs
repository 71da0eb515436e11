//! Whether the registry's ledger begins with what somebody kept a checkpoint of: two hashes and a proof, however long the
//! ledger is.

use anyhow::{Context, Result};
use slipway_domain::ledger::checkpoint::Checkpoint;
use slipway_domain::ledger::hash::Hash;
use slipway_domain::ledger::proof;
use slipway_sdk::pb;

use super::trust;
use super::verdict::Verdict;
use crate::connect::Connect;

/// Asks the registry for the proof, and verifies it.
pub async fn verify(connect: &Connect, older: &str, signed_by: Option<&str>) -> Result<Verdict> {
    let registry = connect.registry()?;
    let now = registry.get_checkpoint(pb::GetCheckpointRequest::default()).await?;
    let (verifier, source) = trust::key(signed_by, &now.verifier_key)?;
    let mut verdict = Verdict::default();
    source.advice().into_iter().for_each(|advice| verdict.remark(advice));
    let older = match Checkpoint::open(older, &verifier) {
        Ok(older) => older,
        Err(error) => {
            verdict.problems.push(format!("the older checkpoint: {error}"));
            return Ok(verdict);
        }
    };
    verdict.older = Some(older.head.size);
    verdict.entries = now.size.unsigned_abs();
    verdict.revision = now.revision.unsigned_abs();
    if older.head.size > verdict.entries {
        let (found, kept) = (verdict.entries, older.head.size);
        verdict.problems.push(slipway_domain::ledger::audit::Problem::CutSince { found, kept }.to_string());
        return Ok(verdict);
    }
    let request = pb::ProveConsistencyRequest { old_size: i64::try_from(older.head.size)?, new_size: Some(now.size) };
    let answer = registry.prove_consistency(request).await?;
    let now = Checkpoint::open(&answer.checkpoint.context("an answer without its checkpoint")?.note, &verifier);
    let shown = now.map_err(|error| format!("the checkpoint of the registry: {error}")).and_then(|now| {
        let shown = proof::consistency(&older.head, &now.head, &hashes(&answer.hashes));
        shown.map_err(|error| format!("the first {} entries: {error}", older.head.size))
    });
    verdict.problems.extend(shown.err());
    Ok(verdict)
}

/// The hashes of a proof. One of another length proves nothing.
pub fn hashes(proof: &[Vec<u8>]) -> Vec<Hash> {
    proof.iter().map(|hash| Hash::try_from(hash.as_slice()).unwrap_or_default()).collect()
}
