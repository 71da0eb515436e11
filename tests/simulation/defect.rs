//! What is broken on purpose, to see that an invariant notices: the services stay as they are, and what surrounds them
//! lies.

use std::sync::Arc;

use async_trait::async_trait;
use slipway_store::{Error, Got, KeyRange, Listing, Outcome, Revision, Store, Txn, Watch};

/// One thing that is wrong with the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Defect {
    /// Nothing.
    #[default]
    None,
    /// The network turns every answer of a gate that is no failure into a pass.
    GatesGrantAll,
    /// The network tells the launcher that traffic was set which was not.
    RestoreLost,
    /// Changes of traffic are made whatever epoch they state.
    EpochIgnored,
    /// The launcher's clock runs four times too fast.
    FastClock,
    /// The fleet reports again, under a new number, what it has no answer for.
    CountedAgain,
    /// The launcher's store forgets when launches act next.
    TimersForgotten,
}

/// A store that forgets when launches act next.
pub struct Forgetful(pub Arc<dyn Store>);

#[async_trait]
impl Store for Forgetful {
    async fn get(&self, key: &[u8]) -> Result<Got, Error> {
        self.0.get(key).await
    }

    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Listing, Error> {
        self.0.range(range, limit).await
    }

    async fn txn(&self, txn: Txn) -> Result<Outcome, Error> {
        let mut kept = txn
            .compares()
            .iter()
            .fold(Txn::new(), |kept, compare| kept.compare(compare.key.clone(), compare.mod_revision));
        for (key, value) in txn.into_writes() {
            kept = match value {
                Some(_) if key.starts_with(b"due/") => kept,
                Some(value) => kept.put(key, value),
                None => kept.delete(key),
            };
        }
        self.0.txn(kept).await
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<Watch, Error> {
        self.0.watch(range, after).await
    }
}
