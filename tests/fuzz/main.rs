//! Whatever anybody may send is read without a panic, and read again as the same: filters, orders, names, page tokens, and
//! every message that the registry takes apart.
//!
//! Inputs are made from good ones by chance, from a seed. A test tries a few thousand; for longer:
//!
//! ```sh
//! SLIPWAY_FUZZ_SECONDS=600 cargo test --release --workspace --test fuzz        # ten minutes for each target
//! SLIPWAY_SEED=17 cargo test --workspace --test fuzz filters    # one input, as a failure names it
//! ```

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod driver;
mod messages;
mod texts;
