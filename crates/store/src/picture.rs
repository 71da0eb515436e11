//! A picture: what a store holds, in memory and as its owner understands it, kept current by a watch.
//!
//! Reads are answered from an immutable [`Picture`] and never wait for the store. A [`Feed`] replaces it with every
//! stretch of commits, and lets a writer wait until its own change is in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;
use tokio::sync::oneshot;

use crate::{Change, Commit, Error, KeyRange, Revision, Store, Watch};

/// What its owner makes of the entries of a store. The default is the picture of an empty store.
///
/// A picture is copied before it is changed, so its parts are best of a kind that copies share.
pub trait Picture: Clone + Default + Send + Sync + 'static {
    /// Why an entry can't be understood, or the store not be read.
    type Error: From<Error> + Send;

    /// The keys that it shows.
    fn range() -> KeyRange;

    /// The revision that it shows.
    fn revision(&self) -> Revision;

    /// All up to `revision` is in it.
    fn advance(&mut self, revision: Revision);

    /// `key` has `value`, written at `revision`.
    ///
    /// # Errors
    /// The entry is none of the owner's.
    fn put(&mut self, key: &Bytes, value: &[u8], revision: Revision) -> Result<(), Self::Error>;

    /// `key` is gone.
    fn delete(&mut self, key: &[u8]);
}

/// A value with the revision that last changed it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept<T> {
    /// The value.
    pub value: Arc<T>,
    /// The revision of its last change.
    pub revision: Revision,
}

impl<T> Kept<T> {
    /// `value`, last changed at `revision`.
    pub fn new(value: impl Into<Arc<T>>, revision: Revision) -> Self {
        Self { value: value.into(), revision }
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), revision: self.revision }
    }
}

/// A picture that is kept current, and who waits for it.
#[derive(Debug)]
pub struct Feed<P> {
    current: ArcSwap<P>,
    waiting: Mutex<Waiting>,
}

/// Who waits for which revision, each under a number of its own.
#[derive(Debug, Default)]
struct Waiting {
    numbers: u64,
    tell: BTreeMap<(Revision, u64), oneshot::Sender<()>>,
}

impl<P: Picture> Feed<P> {
    /// The picture of all that `store` holds. [`Feed::follow`] must run beside it.
    ///
    /// # Errors
    /// The store can't be read, or an entry not be understood.
    pub async fn open(store: &dyn Store) -> Result<Self, P::Error> {
        Ok(Self { current: ArcSwap::from_pointee(read::<P>(store).await?), waiting: Mutex::default() })
    }

    /// The picture as it is now. It holds every change whose writer has waited for it with [`Feed::reached`].
    pub fn current(&self) -> Arc<P> {
        self.current.load_full()
    }

    /// The picture as it is now, for a moment's look without counting references.
    pub fn look(&self) -> arc_swap::Guard<Arc<P>> {
        self.current.load()
    }

    /// Waits until the picture holds `revision`. May be dropped while it waits, and leaves nothing behind.
    pub async fn reached(&self, revision: Revision) {
        let (told, _place) = {
            let mut waiting = self.waiting();
            // Under the lock: `publish` looks for waiters only after the picture is in place.
            if self.look().revision() >= revision {
                return;
            }
            let (tell, told) = oneshot::channel();
            waiting.numbers += 1;
            let key = (revision, waiting.numbers);
            waiting.tell.insert(key, tell);
            (told, Place { waiting: &self.waiting, key })
        };
        // The sender lives in `waiting` until it is used, and `waiting` as long as `self`.
        let _ = told.await;
    }

    /// Keeps the picture current until something prevents it; called again, it goes on where it was.
    ///
    /// # Errors
    /// It ends only with one: the store can't be read, or an entry not be understood. The picture is then one from
    /// before that entry's transaction.
    pub async fn follow(&self, store: &dyn Store) -> P::Error {
        loop {
            let after = self.look().revision();
            let ended = match store.watch(P::range(), after).await {
                Ok(watch) => self.take_in(watch).await,
                Err(error) => error.into(),
            };
            match ended {
                Ended::Compacted => match read(store).await {
                    Ok(picture) => self.publish(picture),
                    Err(error) => return error,
                },
                Ended::With(error) => return error,
            }
        }
    }

    /// Takes in what the watch gives, until it ends.
    async fn take_in(&self, mut watch: Watch) -> Ended<P::Error> {
        loop {
            let first = match watch.next().await {
                Ok(commit) => commit,
                Err(error) => return error.into(),
            };
            let mut picture = P::clone(&self.look());
            let mut taken = take(&mut picture, &first);
            // What the pictures share is copied once where a picture changes it, so one picture is made of all that
            // has happened meanwhile.
            while let (Ok(()), Some(commit)) = (&taken, watch.ready()) {
                taken = take(&mut picture, &commit);
            }
            match taken {
                Ok(()) => self.publish(picture),
                Err(error) => return Ended::With(error),
            }
        }
    }

    fn publish(&self, picture: P) {
        let revision = picture.revision();
        self.current.store(Arc::new(picture));
        let mut waiting = self.waiting();
        while let Some(first) = waiting.tell.first_entry().filter(|first| first.key().0 <= revision) {
            // A writer that went away this very moment needs no word.
            let _ = first.remove().send(());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among those who wait, given up when it is dropped.
struct Place<'a> {
    waiting: &'a Mutex<Waiting>,
    key: (Revision, u64),
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).tell.remove(&self.key);
    }
}

/// Why a watch gives no more.
enum Ended<E> {
    /// It fell behind what the store keeps: the whole is read again.
    Compacted,
    /// With an error that somebody has to hear of.
    With(E),
}

impl<E: From<Error>> From<Error> for Ended<E> {
    fn from(error: Error) -> Self {
        if matches!(error, Error::Compacted { .. }) { Self::Compacted } else { Self::With(error.into()) }
    }
}

fn take<P: Picture>(picture: &mut P, commit: &Commit) -> Result<(), P::Error> {
    for change in &commit.changes {
        match change {
            Change::Put { key, value } => picture.put(key, value, commit.revision)?,
            Change::Delete { key } => picture.delete(key),
        }
    }
    picture.advance(commit.revision);
    Ok(())
}

async fn read<P: Picture>(store: &dyn Store) -> Result<P, P::Error> {
    let listing = store.range(&P::range(), 0).await?;
    let mut picture = P::default();
    for entry in &listing.entries {
        picture.put(&entry.key, &entry.value, entry.mod_revision)?;
    }
    picture.advance(listing.revision);
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Txn;
    use crate::memory::Memory;

    /// Shows how far the store has come and nothing else.
    #[derive(Clone, Default)]
    struct Nothing(Revision);

    impl Picture for Nothing {
        type Error = Error;

        fn range() -> KeyRange {
            KeyRange::all()
        }

        fn revision(&self) -> Revision {
            self.0
        }

        fn advance(&mut self, revision: Revision) {
            self.0 = revision;
        }

        fn put(&mut self, _: &Bytes, _: &[u8], _: Revision) -> Result<(), Error> {
            Ok(())
        }

        fn delete(&mut self, _: &[u8]) {}
    }

    #[tokio::test]
    async fn a_wait_leaves_nothing_behind_whether_it_was_given_up_or_fulfilled() {
        let store = Memory::new();
        let feed = Feed::<Nothing>::open(&store).await.unwrap();
        for _ in 0..3 {
            tokio::select! {
                biased;
                () = feed.reached(1) => panic!("revision 1 is not there yet"),
                () = std::future::ready(()) => {}
            }
        }
        assert_eq!(feed.waiting().tell.len(), 0);
        store.txn(Txn::new().put("a", "1")).await.unwrap();
        tokio::select! {
            biased;
            () = async { tokio::join!(feed.reached(1), feed.reached(1)); } => {}
            error = feed.follow(&store) => panic!("{error}"),
        }
        assert_eq!(feed.waiting().tell.len(), 0);
    }
}
