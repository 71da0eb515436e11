//! Checkpoints: what a ledger was at one moment, in the field's format (<https://c2sp.org/tlog-checkpoint>), signed.
//!
//! Whoever keeps one can tell for ever whether a later ledger still has everything that was in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::note::{self, Signer, Verifier};
use super::proof::Head;

/// Why a text is no checkpoint of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no note, or not signed by the ledger.
    #[error(transparent)]
    Note(#[from] note::Error),
    /// The text that was signed is no checkpoint.
    #[error("it is no checkpoint: {0}")]
    Form(&'static str),
    /// It is of another ledger than the key.
    #[error("it is of the ledger {found}, and the key is of {wanted}")]
    Origin {
        /// The ledger that it is of.
        found: String,
        /// The one whose key it was held against.
        wanted: String,
    },
}

/// What a ledger was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger.
    pub origin: String,
    /// How many entries it had, and what they came to.
    pub head: Head,
}

impl Checkpoint {
    /// The signed note that says so.
    #[must_use]
    pub fn sign(&self, signer: &Signer) -> String {
        signer.sign(&self.to_string())
    }

    /// Reads the checkpoint in `note`, which the ledger of `verifier` signed.
    ///
    /// # Errors
    /// [`Error`] if it is none, or none of that ledger.
    pub fn open(note: &str, verifier: &Verifier) -> Result<Self, Error> {
        let checkpoint = Self::parse(verifier.open(note)?)?;
        if checkpoint.origin != verifier.name() {
            return Err(Error::Origin { found: checkpoint.origin, wanted: verifier.name().to_owned() });
        }
        Ok(checkpoint)
    }

    /// Reads the text that is signed. Lines behind the third are extensions, which are passed over.
    ///
    /// # Errors
    /// [`Error::Form`] if it is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let body = text.strip_suffix('\n').ok_or(Error::Form("its last line does not end"))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(Error::Form("it does not say of what"))?;
        let size = lines.next().and_then(number).ok_or(Error::Form("its second line is no number of entries"))?;
        let root = lines.next().and_then(|line| STANDARD.decode(line).ok()).and_then(|root| root.try_into().ok());
        let root = root.ok_or(Error::Form("its third line is no root"))?;
        if lines.any(str::is_empty) {
            return Err(Error::Form("a line of it is empty"));
        }
        Ok(Self { origin: origin.to_owned(), head: Head { size, root } })
    }
}

impl std::fmt::Display for Checkpoint {
    /// The text that is signed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { origin, head: Head { size, root } } = self;
        write!(f, "{origin}\n{size}\n{}\n", STANDARD.encode(root))
    }
}

/// A number as the format writes it: decimal digits, without zeros in front.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
