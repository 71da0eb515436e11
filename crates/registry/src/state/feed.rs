//! Keeps the picture up to date with the store, and lets a writer wait until its own change is in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use slipway_chassis::env::Env;
use slipway_store::{Revision, Store, Watch};
use tokio::sync::oneshot;

use super::State;
use crate::Error;
use crate::keys;

/// How long to wait before a store that failed is read again.
const PAUSE: Duration = Duration::from_millis(200);

/// The picture, and who waits for it.
pub struct Feed {
    current: ArcSwap<State>,
    waiting: Mutex<BTreeMap<Revision, Vec<oneshot::Sender<()>>>>,
}

impl Feed {
    /// Reads the whole store.
    ///
    /// # Errors
    /// [`Error`] if the store can't be read or a row is damaged.
    pub async fn open(store: &dyn Store) -> Result<Arc<Self>, Error> {
        let state = read(store).await?;
        Ok(Arc::new(Self { current: ArcSwap::from_pointee(state), waiting: Mutex::default() }))
    }

    /// The picture as it is now. It holds every change that was acknowledged before.
    #[must_use]
    pub fn current(&self) -> Arc<State> {
        self.current.load_full()
    }

    /// The picture as it is now, for a moment's look without counting references.
    pub fn look(&self) -> arc_swap::Guard<Arc<State>> {
        self.current.load()
    }

    /// Waits until the picture holds `revision`.
    pub async fn reached(&self, revision: Revision) {
        let told = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            // Under the lock: `publish` looks for waiters only after the picture is in place.
            if self.current.load().revision >= revision {
                return;
            }
            let (tell, told) = oneshot::channel();
            waiting.entry(revision).or_default().push(tell);
            told
        };
        // The sender lives in `waiting` until it is used, and `waiting` as long as `self`.
        let _ = told.await;
    }

    fn publish(&self, state: State) {
        let revision = state.revision;
        self.current.store(Arc::new(state));
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(first) = waiting.first_entry().filter(|first| *first.key() <= revision) {
            for tell in first.remove() {
                // A writer that went away needs no word.
                let _ = tell.send(());
            }
        }
    }

    /// Follows the store for ever; a store that fails is read again after a pause.
    pub async fn run(self: Arc<Self>, store: Arc<dyn Store>, env: Env) {
        loop {
            let after = self.look().revision;
            let ended = match store.watch(keys::all(), after).await {
                Ok(watch) => self.follow(watch).await,
                Err(slipway_store::Error::Compacted { .. }) => self.read_again(&*store).await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = ended {
                tracing::error!(%error, "the picture of the store stands still; trying again");
                env.sleep(PAUSE).await;
            }
        }
    }

    async fn follow(&self, mut watch: Watch) -> Result<(), Error> {
        loop {
            let first = watch.next().await?;
            let mut state = State::clone(&self.look());
            state.take_in(&first)?;
            // What the pictures share is copied once where a picture changes it, so one picture is made of all that
            // has happened meanwhile.
            while let Some(commit) = watch.ready() {
                state.take_in(&commit)?;
            }
            self.publish(state);
        }
    }

    async fn read_again(&self, store: &dyn Store) -> Result<(), Error> {
        self.publish(read(store).await?);
        Ok(())
    }
}

async fn read(store: &dyn Store) -> Result<State, Error> {
    let listing = store.range(&keys::all(), 0).await?;
    let mut state = State { revision: listing.revision, ..State::default() };
    for entry in &listing.entries {
        state.load(entry)?;
    }
    Ok(state)
}
