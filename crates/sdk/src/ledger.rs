//! The ledger on its way to whoever verifies it.

use tonic::{Code, Streaming};

use crate::call::Terms;
use crate::context::Carried;
use crate::error::Error;
use crate::pb;

/// An export of the ledger under way. Dropping it ends it.
#[derive(Debug)]
pub struct LedgerExport {
    parts: Streaming<pb::ExportLedgerResponse>,
    carried: Carried,
    terms: Terms,
    checkpoint: Option<pb::Checkpoint>,
}

impl LedgerExport {
    pub(crate) fn new(parts: Streaming<pb::ExportLedgerResponse>, carried: Carried, terms: Terms) -> Self {
        Self { parts, carried, terms, checkpoint: None }
    }

    /// The next entries; none when all have come.
    ///
    /// # Errors
    /// As the service says; `EXPORT_CUT` if it ends before its end. What was taken is no export then.
    pub async fn entries(&mut self) -> Result<Option<Vec<pb::LedgerEntry>>, Error> {
        while self.checkpoint.is_none() {
            let part = self.parts.message().await.map_err(|status| self.terms.failure(&self.carried, &status))?;
            let Some(pb::ExportLedgerResponse { entries, checkpoint }) = part else { return Err(cut()) };
            self.checkpoint = checkpoint;
            if !entries.is_empty() {
                return Ok(Some(entries));
            }
        }
        Ok(None)
    }

    /// What the entries come to, together with those before the first of them; none before the last was taken.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&pb::Checkpoint> {
        self.checkpoint.as_ref()
    }
}

fn cut() -> Error {
    let message = "the export ended before its end, and what has come is none: begin another one";
    Error::local(Code::DataLoss, "EXPORT_CUT", message)
}
