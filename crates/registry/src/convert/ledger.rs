//! Checkpoints, proofs and exports of the ledger: what is asked, and what is answered.

use slipway_chassis::scalar::{signed, unsigned};
use slipway_domain::check::Check;
use slipway_domain::ledger::hash::Hash;
use slipway_proto::registry::v1 as pb;

use crate::Error;
use crate::service::{Exported, Included, Moment, Signed, Which};

/// A moment by the size that the ledger had then.
fn at_size(check: &mut Check, field: &str, size: Option<i64>) -> Moment {
    size.map_or(Moment::Now, |size| Moment::Size(unsigned(check, field, size)))
}

/// Reads a request for a checkpoint.
///
/// # Errors
/// [`Error::Invalid`] for a negative number, or a size and a revision together.
pub fn get_checkpoint(request: pb::GetCheckpointRequest) -> Result<Moment, Error> {
    let pb::GetCheckpointRequest { size, revision } = request;
    let mut check = Check::new();
    if size.is_some() && revision.is_some() {
        check.add("revision", "EXCLUSIVE", "is not for a request with a size: give one of them");
    }
    let by_revision = revision.map(|revision| Moment::Revision(unsigned(&mut check, "revision", revision)));
    let moment = by_revision.unwrap_or_else(|| at_size(&mut check, "size", size));
    check.finish()?;
    Ok(moment)
}

/// Reads a request for the proof of an entry.
///
/// # Errors
/// [`Error::Invalid`] for a negative number, or if it does not say which entry in one of the two ways.
pub fn prove_inclusion(request: pb::ProveInclusionRequest) -> Result<(Which, Moment), Error> {
    let pb::ProveInclusionRequest { index, revision, resource, size } = request;
    let mut check = Check::new();
    let which = match (index, revision) {
        (Some(index), None) if resource.is_empty() => Which::Index(unsigned(&mut check, "index", index)),
        (None, Some(revision)) if !resource.is_empty() => {
            Which::Change(unsigned(&mut check, "revision", revision), resource)
        }
        _ => {
            check.add("index", "REQUIRED", "give either the index of an entry, or its revision and its resource");
            Which::Index(0)
        }
    };
    let moment = at_size(&mut check, "size", size);
    check.finish()?;
    Ok((which, moment))
}

/// Reads a request for a proof of consistency: the old size, and the new moment.
///
/// # Errors
/// [`Error::Invalid`] for a negative number.
pub fn prove_consistency(request: pb::ProveConsistencyRequest) -> Result<(u64, Moment), Error> {
    let pb::ProveConsistencyRequest { old_size, new_size } = request;
    let mut check = Check::new();
    let asked = (unsigned(&mut check, "old_size", old_size), at_size(&mut check, "new_size", new_size));
    check.finish()?;
    Ok(asked)
}

/// Reads a request for an export: the first entry, and the moment.
///
/// # Errors
/// [`Error::Invalid`] for a negative number.
pub fn export_ledger(request: pb::ExportLedgerRequest) -> Result<(u64, Moment), Error> {
    let pb::ExportLedgerRequest { first_index, size } = request;
    let mut check = Check::new();
    let asked = (unsigned(&mut check, "first_index", first_index), at_size(&mut check, "size", size));
    check.finish()?;
    Ok(asked)
}

/// What the ledger was.
#[must_use]
pub fn checkpoint(found: Signed) -> pb::Checkpoint {
    let Signed { note, head, revision, key } = found;
    pb::Checkpoint {
        note,
        size: signed(head.size),
        root: head.root.to_vec(),
        revision: signed(revision),
        verifier_key: key,
    }
}

fn hashes(hashes: &[Hash]) -> Vec<Vec<u8>> {
    hashes.iter().map(|hash| hash.to_vec()).collect()
}

/// An entry with its proof.
#[must_use]
pub fn inclusion(found: Included) -> pb::ProveInclusionResponse {
    let Included { index, leaf, hashes: proof, signed: found } = found;
    let checkpoint = Some(checkpoint(found));
    pb::ProveInclusionResponse { index: signed(index), leaf, hashes: hashes(&proof), checkpoint }
}

/// A proof of consistency.
#[must_use]
pub fn consistency((proof, found): (Vec<Hash>, Signed)) -> pb::ProveConsistencyResponse {
    pb::ProveConsistencyResponse { hashes: hashes(&proof), checkpoint: Some(checkpoint(found)) }
}

/// A part of an export.
#[must_use]
pub fn exported(part: Exported) -> pb::ExportLedgerResponse {
    match part {
        Exported::Entries(first, leaves) => {
            let entry = |(index, leaf)| pb::LedgerEntry { index: signed(index), leaf };
            pb::ExportLedgerResponse { entries: (first..).zip(leaves).map(entry).collect(), checkpoint: None }
        }
        Exported::Complete(found) => {
            pb::ExportLedgerResponse { entries: Vec::new(), checkpoint: Some(checkpoint(found)) }
        }
    }
}
