//! Forgets the answers to repeated requests once nobody can still be repeating them.

use std::time::Duration;

use slipway_store::Txn;

use super::Launcher;
use crate::Error;
use crate::keys::Key;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How often old answers are looked for.
const SWEEP: Duration = Duration::from_secs(60 * 60);
/// The most answers forgotten in one transaction.
const BATCH: usize = 1000;

impl Launcher {
    /// Sweeps for ever.
    pub(super) async fn forget_answers(&self) {
        loop {
            self.env.sleep(SWEEP).await;
            if let Err(error) = self.sweep_answers().await {
                tracing::warn!(%error, "old answers are still kept; trying again in the next sweep");
            }
        }
    }

    async fn sweep_answers(&self) -> Result<(), Error> {
        let now = self.env.now();
        let old = |at: jiff::Timestamp| Duration::try_from(now.duration_since(at)).is_ok_and(|age| age > KEPT);
        let state = self.feed.current();
        let ids: Vec<_> = state.answers.iter().filter(|(_, kept)| old(kept.value.at)).map(|(id, _)| *id).collect();
        for batch in ids.chunks(BATCH) {
            let txn = batch.iter().fold(Txn::new(), |txn, id| txn.delete(Key::Answer(*id).write()));
            self.store.txn(txn).await?;
        }
        Ok(())
    }
}
