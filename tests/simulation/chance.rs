//! All chance of a simulation: streams of numbers that follow from one seed and don't disturb each other.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

/// What a stream of numbers is for. Drawing more from one leaves the others as they are.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    /// How the world is made, and how long everything breathes.
    World,
    /// What the network does to calls.
    Network,
    /// What people do.
    People,
    /// Units, their outcomes and their delays.
    Fleet,
    /// Who is killed, when, and for how long.
    Kills,
    /// Seeds of the stores' faults.
    Stores,
}

/// One stream of chance, shared by whoever draws from it.
pub struct Chance(Mutex<ChaCha8Rng>);

impl Chance {
    /// The stream of `seed` for one purpose.
    pub fn new(seed: u64, stream: Stream) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream as u64 + 1);
        Self(Mutex::new(random))
    }

    fn random(&self) -> MutexGuard<'_, ChaCha8Rng> {
        // Drawing a number cannot leave the generator half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Any number.
    pub fn number(&self) -> u64 {
        self.random().next_u64()
    }

    /// A number below `end`, which is above 0.
    pub fn below(&self, end: u64) -> u64 {
        self.random().random_range(0..end)
    }

    /// An index into something of `length`, which is above 0.
    pub fn index(&self, length: usize) -> usize {
        self.random().random_range(0..length)
    }

    /// True once in so many times; never for 0.
    pub fn one_in(&self, times: u64) -> bool {
        times > 0 && self.below(times) == 0
    }

    /// True with this probability.
    pub fn happens(&self, probability: f64) -> bool {
        self.random().random_bool(probability)
    }

    /// A number from 0 to below 1.
    pub fn fraction(&self) -> f64 {
        self.random().random()
    }

    /// A whole number of minutes up to `most`.
    pub fn minutes(&self, most: u64) -> Duration {
        Duration::from_secs(60 * self.below(most + 1))
    }

    /// One of several; none of nothing.
    pub fn pick<'a, T>(&self, among: &'a [T]) -> Option<&'a T> {
        (!among.is_empty()).then(|| &among[self.index(among.len())])
    }

    /// An identifier of the form of a UUID4.
    pub fn id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.random().fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
