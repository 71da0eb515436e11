//! The ledger's tree, its proofs, its checkpoints and its leaves.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod audits;
mod checkpoints;
mod leaves;
mod proofs;
mod vectors;

use slipway_domain::ledger::hash::{self, Hash};
use slipway_domain::ledger::proof::Head;
use slipway_domain::ledger::tree::Tree;

/// A tree of `size` different leaves.
fn tree(size: u64) -> Tree {
    (0..size).map(leaf).collect()
}

/// The hash of the leaf at `index` in it.
fn leaf(index: u64) -> Hash {
    hash::leaf([index.to_string().as_bytes()])
}

/// What a checkpoint of the first `size` leaves of `tree` says.
fn head(tree: &Tree, size: u64) -> Head {
    Head { size, root: tree.root(size).unwrap() }
}

/// `hash` with another bit changed, for each of its bits.
fn twisted(hash: Hash) -> impl Iterator<Item = Hash> {
    (0..256).map(move |bit| {
        let mut other = hash;
        other[bit / 8] ^= 1 << (bit % 8);
        other
    })
}
