//! Checking proofs about a Merkle tree without the tree, by the algorithms of RFC 9162.
//!
//! A size is bound by the signature of the checkpoint that names it, and not by a proof: a path that turns the same way in
//! trees of two sizes fits both.

use super::hash::{Hash, node};

/// What a proof does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no leaf of this number in a tree of this size.
    #[error("there is no entry {index} in a ledger of {size}")]
    Outside {
        /// The number of the leaf, from 0.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The old tree is larger than the new one.
    #[error("a ledger of {new} entries is shorter than one of {old}")]
    Shorter {
        /// The size of the old tree.
        old: u64,
        /// The size of the new tree.
        new: u64,
    },
    /// It has too few or too many hashes.
    #[error("the proof has {found} hashes, which is not what there must be")]
    Length {
        /// How many it has.
        found: usize,
    },
    /// It does not lead to the root.
    #[error("the proof does not lead to the root of the ledger")]
    Root,
    /// It does not lead to the root of the old tree.
    #[error("the proof does not lead to the root of the older ledger: what was written then is not there any more")]
    OldRoot,
}

/// A tree as a checkpoint tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Makes sure that the leaf with the hash `leaf` is the one at `index` in the tree of `head` (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// [`Error`] if the proof does not show it.
pub fn inclusion(leaf: &Hash, index: u64, head: &Head, proof: &[Hash]) -> Result<(), Error> {
    let Head { size, root } = *head;
    if index >= size {
        return Err(Error::Outside { index, size });
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for step in proof {
        if last == 0 {
            return Err(Error::Length { found: proof.len() });
        }
        if at % 2 == 1 || at == last {
            hash = node(step, &hash);
            climb(&mut at, &mut last);
        } else {
            hash = node(&hash, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    match last {
        0 if hash == root => Ok(()),
        0 => Err(Error::Root),
        _ => Err(Error::Length { found: proof.len() }),
    }
}

/// Makes sure that the tree of `new` begins with the tree of `old` (RFC 9162, section 2.1.4.2). Every tree begins with the
/// empty one.
///
/// # Errors
/// [`Error`] if the proof does not show it.
pub fn consistency(old: &Head, new: &Head, proof: &[Hash]) -> Result<(), Error> {
    let length = Error::Length { found: proof.len() };
    if old.size > new.size {
        return Err(Error::Shorter { old: old.size, new: new.size });
    }
    if old.size == new.size || old.size == 0 {
        let is_same = if old.size == 0 { old.root == super::hash::empty() } else { old.root == new.root };
        return if !proof.is_empty() { Err(length) } else { is_same.then_some(()).ok_or(Error::OldRoot) };
    }
    // An old tree that is one complete subtree is where the way up begins, and its root is known.
    let (first, rest) = match proof.split_first() {
        _ if old.size.is_power_of_two() => (old.root, proof),
        Some((first, rest)) => (*first, rest),
        None => return Err(length),
    };
    let (mut at, mut last) = (old.size - 1, new.size - 1);
    while at % 2 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut before, mut after) = (first, first);
    for step in rest {
        if last == 0 {
            return Err(length);
        }
        if at % 2 == 1 || at == last {
            (before, after) = (node(step, &before), node(step, &after));
            climb(&mut at, &mut last);
        } else {
            after = node(&after, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    match last {
        0 if before != old.root => Err(Error::OldRoot),
        0 if after != new.root => Err(Error::Root),
        0 => Ok(()),
        _ => Err(length),
    }
}

/// Passes over the levels on which a place at the right edge of the tree has nobody beside it.
fn climb(at: &mut u64, last: &mut u64) {
    while at.is_multiple_of(2) && *at != 0 {
        (*at, *last) = (*at >> 1, *last >> 1);
    }
}
