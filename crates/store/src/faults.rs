//! A store that misbehaves in front of one that does not: it refuses, delays, loses requests, and
//! loses answers of transactions that were applied. Everything it does follows from a seed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::watch::{Batch, Cursor};
use crate::{Error, Got, KeyRange, Listing, Outcome, Revision, Store, Txn, Watch};

/// How often each misfortune happens, from 0 (never) to 1 (always). All are 0 by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// A call is refused: a definite error, nothing is applied.
    pub refuse: f64,
    /// A transaction gets lost on its way to the store: an unknown error, and nothing is applied.
    pub lose_request: f64,
    /// The answer to a transaction gets lost: an unknown error, and it is applied.
    pub lose_answer: f64,
    /// A watch breaks when it is read.
    pub break_watch: f64,
    /// A call waits before it reaches the store, and again before it is answered.
    pub delay: f64,
    /// The longest delay; delays are drawn evenly from zero to this.
    pub longest_delay: Duration,
}

/// A store with faults.
pub struct Faults {
    store: Arc<dyn Store>,
    chance: Arc<Chance>,
}

/// The one source of misfortune of a store and its watches.
struct Chance {
    state: Mutex<(ChaCha8Rng, Rates)>,
}

/// The fate of a transaction.
enum Fate {
    Refused,
    RequestLost,
    AnswerLost,
    Answered,
}

impl Faults {
    /// Puts faults of the given `rates`, drawn from `seed`, in front of `store`.
    ///
    /// The same calls in the same order meet the same faults.
    pub fn new(store: Arc<dyn Store>, seed: u64, rates: Rates) -> Self {
        let state = Mutex::new((ChaCha8Rng::seed_from_u64(seed), rates));
        Self { store, chance: Arc::new(Chance { state }) }
    }

    /// Changes the rates from now on, also of the watches that are open. The default rates heal everything.
    pub fn set_rates(&self, rates: Rates) {
        self.chance.state().1 = rates;
    }

    /// What a read meets before it reaches the store.
    async fn before_read(&self) -> Result<(), Error> {
        self.chance.delay().await;
        self.chance.happens(|rates| rates.refuse).then(refused).map_or(Ok(()), Err)
    }
}

impl Chance {
    fn state(&self) -> MutexGuard<'_, (ChaCha8Rng, Rates)> {
        // Drawing a number cannot leave the generator half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happens(&self, rate: impl FnOnce(&Rates) -> f64) -> bool {
        let mut state = self.state();
        let rate = rate(&state.1).clamp(0.0, 1.0);
        state.0.random_bool(rate)
    }

    fn fate(&self) -> Fate {
        if self.happens(|rates| rates.refuse) {
            Fate::Refused
        } else if self.happens(|rates| rates.lose_request) {
            Fate::RequestLost
        } else if self.happens(|rates| rates.lose_answer) {
            Fate::AnswerLost
        } else {
            Fate::Answered
        }
    }

    async fn delay(&self) {
        if self.happens(|rates| rates.delay) {
            let part: f64 = self.state().0.random();
            let longest = self.state().1.longest_delay;
            tokio::time::sleep(longest.mul_f64(part)).await;
        }
    }
}

fn refused() -> Error {
    Error::Unavailable { reason: "refused by an injected fault".to_owned() }
}

fn lost() -> Error {
    Error::Unknown { reason: "lost by an injected fault".to_owned() }
}

#[async_trait]
impl Store for Faults {
    async fn get(&self, key: &[u8]) -> Result<Got, Error> {
        self.before_read().await?;
        let got = self.store.get(key).await;
        self.chance.delay().await;
        got
    }

    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Listing, Error> {
        self.before_read().await?;
        let listing = self.store.range(range, limit).await;
        self.chance.delay().await;
        listing
    }

    async fn txn(&self, txn: Txn) -> Result<Outcome, Error> {
        let fate = self.chance.fate();
        self.chance.delay().await;
        match fate {
            Fate::Refused => return Err(refused()),
            Fate::RequestLost => return Err(lost()),
            Fate::AnswerLost | Fate::Answered => {}
        }
        let outcome = self.store.txn(txn).await;
        self.chance.delay().await;
        match fate {
            // What was refused as it stands was not applied, and says so itself.
            Fate::AnswerLost => outcome.and(Err(lost())),
            Fate::Refused | Fate::RequestLost | Fate::Answered => outcome,
        }
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<Watch, Error> {
        self.before_read().await?;
        let watch = self.store.watch(range, after).await?;
        let chance = Arc::clone(&self.chance);
        Ok(watch.through(|cursor| Box::new(FaultyCursor { cursor, chance })))
    }
}

struct FaultyCursor {
    cursor: Box<dyn Cursor>,
    chance: Arc<Chance>,
}

#[async_trait]
impl Cursor for FaultyCursor {
    async fn read(&mut self) -> Result<Batch, Error> {
        // The delay comes first: once the cursor was read, this future must not wait any more, or what was
        // read would be lost when it is dropped.
        self.chance.delay().await;
        if self.chance.happens(|rates| rates.break_watch) {
            return Err(refused());
        }
        self.cursor.read().await
    }
}
