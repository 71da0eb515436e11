//! What a verification rests on: a key, and checkpoints that somebody kept.

use std::path::Path;

use anyhow::{Context, Result};
use slipway_domain::ledger::note::Verifier;

/// Where a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Whoever verifies has named it.
    Given,
    /// It came together with what it verifies.
    CameAlong,
}

/// The key that was given, as its text or as a file with it; else `along`, which came with what is verified.
pub fn key(given: Option<&str>, along: &str) -> Result<(Verifier, Source)> {
    let Some(given) = given else {
        return Ok((Verifier::parse(along).context("the key that came with the ledger")?, Source::CameAlong));
    };
    if let Ok(verifier) = Verifier::parse(given) {
        return Ok((verifier, Source::Given));
    }
    let text =
        std::fs::read_to_string(given).with_context(|| format!("{given} is neither a key nor a file with one"))?;
    Ok((Verifier::parse(text.trim()).with_context(|| format!("the key in {given}"))?, Source::Given))
}

/// The signed note in a file.
pub fn note(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading the checkpoint {}", path.display()))
}

impl Source {
    /// What to say of a verification that rests on a key from there.
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self::Given => None,
            Self::CameAlong => Some(
                "the key came with the ledger, so whoever changed one could have changed the other: keep what \
                 `slipway ledger key` says elsewhere, and give it with --signed-by",
            ),
        }
    }
}
