//! From a unit to its bucket.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// How many buckets the units of a model fall into.
pub const BUCKETS: u32 = 100_000;

/// Salt and unit that fit in here together are hashed in one go; the streaming hash costs several times as much.
/// Most are far shorter, and a small buffer is cheaper to clear.
const SHORT: usize = 192;
const SHORTEST: usize = 64;

/// The bucket of a unit, 0 to 99,999: `xxh3_64(salt ∥ 0x00 ∥ unit) mod 100000`, seed 0, over the UTF-8 bytes.
///
/// Does not allocate. `testdata/bucket-vectors.csv` holds values for implementations in other languages.
#[must_use]
pub fn bucket(salt: &str, unit: &str) -> u32 {
    let (salt, unit) = (salt.as_bytes(), unit.as_bytes());
    let length = salt.len() + 1 + unit.len();
    let hash = if length <= SHORTEST {
        short::<SHORTEST>(salt, unit, length)
    } else if length <= SHORT {
        short::<SHORT>(salt, unit, length)
    } else {
        long(salt, unit)
    };
    u32::try_from(hash % u64::from(BUCKETS)).expect("a remainder of 100,000 fits into 32 bits")
}

#[inline]
fn short<const N: usize>(salt: &[u8], unit: &[u8], length: usize) -> u64 {
    let mut buffer = [0; N];
    buffer[..salt.len()].copy_from_slice(salt);
    buffer[salt.len() + 1..length].copy_from_slice(unit);
    xxh3_64(&buffer[..length])
}

#[cold]
fn long(salt: &[u8], unit: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(salt);
    hash.update(&[0]);
    hash.update(unit);
    hash.digest()
}
