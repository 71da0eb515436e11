//! Forgets the answers to repeated requests once nobody can still be repeating them.

use jiff::Timestamp;
use slipway_chassis::answers;
use slipway_store::Txn;

use super::Launcher;
use crate::Error;
use crate::keys::Key;

/// The most answers forgotten in one transaction.
const BATCH: usize = 1000;

impl Launcher {
    /// Sweeps for ever.
    pub(super) async fn forget_answers(&self) {
        answers::sweep(&self.env, |before| self.forget_answers_before(before)).await;
    }

    async fn forget_answers_before(&self, before: Timestamp) -> Result<(), Error> {
        let state = self.feed.current();
        let old: Vec<_> = state.answers.iter().filter(|(_, kept)| kept.value.at < before).map(|(id, _)| *id).collect();
        for batch in old.chunks(BATCH) {
            let txn = batch.iter().fold(Txn::new(), |txn, id| txn.delete(Key::Answer(*id).write()));
            self.store.txn(txn).await?;
        }
        Ok(())
    }
}
