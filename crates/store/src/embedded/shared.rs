//! What the threads of an open store share with its readers and watchers.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::format::Format;
use super::journal::Journal;
use super::record::Tip;
use super::state::State;
use super::stats::Counters;
use super::tail::Tail;
use super::view::{Overlay, View};
use crate::{Commit, Error, Revision};

/// The durable state of the store, as it goes on.
#[derive(Debug)]
pub(super) struct Shared {
    pub format: Format,
    pub journal: Arc<Journal>,
    pub tail: Tail,
    pub counters: Counters,
    view: ArcSwap<View>,
    /// Held for writing by who writes into the state.
    applying: RwLock<()>,
    /// Held by who replaces the view by one made from it.
    replacing: Mutex<()>,
    published: watch::Sender<Published>,
    /// How often the state was replaced by another one.
    replaced: watch::Sender<u64>,
}

/// What watchers wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Published {
    /// Everything up to here is durable and can be read.
    pub revision: Revision,
    pub closed: bool,
}

impl Shared {
    pub(super) fn new(format: Format, journal: Arc<Journal>, (state, tip): (State, Tip), tail_bytes: usize) -> Self {
        let (active, frozen) = (Overlay::default(), Overlay::default());
        let view = View { tip, active, frozen, frozen_tip: tip, state: Arc::new(state) };
        Self {
            format,
            journal,
            tail: Tail::new(tail_bytes),
            counters: Counters::default(),
            view: ArcSwap::from_pointee(view),
            applying: RwLock::new(()),
            replacing: Mutex::new(()),
            published: watch::Sender::new(Published { revision: tip.revision, closed: false }),
            replaced: watch::Sender::new(0),
        }
    }

    /// The newest view.
    pub(super) fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Shows `commits`, which are durable and end at `tip`, to readers and then to watchers.
    pub(super) fn publish(&self, commits: &[Arc<Commit>], tip: Tip) {
        self.replace_view(|view| view.after(commits.iter(), tip));
        self.tail.extend(commits);
        self.published.send_modify(|published| published.revision = tip.revision);
    }

    /// Reads from a view that the state cannot go past meanwhile.
    pub(super) fn read_unpassed<T>(&self, read: impl Fn(&View) -> Result<Option<T>, Error>) -> Result<T, Error> {
        let _held_back = self.applying.read().unwrap_or_else(PoisonError::into_inner);
        // The view is taken after the lock, so it has everything that the state was ever given.
        let answer = read(&self.view())?;
        Ok(answer.expect("nobody writes into the state while the lock is held"))
    }

    /// Writes all changes that wait into the state.
    pub(super) fn apply_waiting(&self) -> Result<(), Error> {
        let _alone = self.applying.write().unwrap_or_else(PoisonError::into_inner);
        let view = self.replace_view(|view| {
            let mut next = view.clone();
            // It is not empty if writing it failed.
            if next.frozen.is_empty() {
                next.frozen = std::mem::take(&mut next.active);
                next.frozen_tip = next.tip;
            }
            next
        });
        if !view.frozen.is_empty() {
            view.state.apply(view.frozen.slots(), view.frozen_tip)?;
            self.thaw(Arc::clone(&view.state));
        }
        Ok(())
    }

    /// Drops the frozen overlay, all of which is in `state` by now.
    pub(super) fn thaw(&self, state: Arc<State>) {
        let old = self.view().state.clone();
        self.replace_view(|view| View { frozen: Overlay::default(), state: Arc::clone(&state), ..view.clone() });
        if !Arc::ptr_eq(&old, &state) {
            self.replaced.send_modify(|times| *times += 1);
        }
    }

    /// Tells when the state is replaced by another one.
    pub(super) fn replacements(&self) -> watch::Receiver<u64> {
        self.replaced.subscribe()
    }

    /// Tells watchers that nothing more will come.
    pub(super) fn close(&self) {
        self.published.send_modify(|published| published.closed = true);
    }

    /// Tells what is published, now and later.
    pub(super) fn subscribe(&self) -> watch::Receiver<Published> {
        self.published.subscribe()
    }

    fn replace_view(&self, replace: impl FnOnce(&View) -> View) -> Arc<View> {
        let _alone = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(replace(&self.view.load()));
        self.view.store(Arc::clone(&next));
        next
    }
}
