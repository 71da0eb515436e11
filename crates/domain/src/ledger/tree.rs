//! The Merkle tree of RFC 9162 (section 2.1, the same as in RFC 6962) over leaves that are only ever appended.
//!
//! It keeps the hash of every complete subtree: the leaves on level 0, on level *n* the subtrees of 2^*n* leaves. That
//! is 64 bytes a leaf, and each root and each proof of any size that it has had costs a logarithm of it.

use imbl::Vector;

use super::hash::{Hash, empty, node};

/// A tree. Copies share what they have in common, so a copy and a leaf more cost no second tree.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    levels: Vec<Vector<Hash>>,
}

impl Tree {
    /// How many leaves it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The hash of the leaf at `index`.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.levels.first()?.get(usize::try_from(index).ok()?).copied()
    }

    /// Appends a leaf, by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vector::new());
            }
            let hashes = &mut self.levels[level];
            hashes.push_back(hash);
            if hashes.len() % 2 == 1 {
                return;
            }
            let left = hashes[hashes.len() - 2];
            hash = node(&left, &hash);
        }
    }

    /// The root over the first `size` leaves; none if there are fewer.
    #[must_use]
    pub fn root(&self, size: u64) -> Option<Hash> {
        match size {
            0 => Some(empty()),
            _ if size > self.size() => None,
            _ => Some(self.over(0, size)),
        }
    }

    /// The proof that the leaf at `index` is in the tree of the first `size` leaves: what its hash is combined with, from
    /// below to the root (RFC 9162, section 2.1.3.1). None if there is no such leaf in it, or no such tree.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut start, mut size, mut proof) = (0, size, Vec::new());
        while size > 1 {
            let half = half(size);
            if index - start < half {
                proof.push(self.over(start + half, size - half));
                size = half;
            } else {
                proof.push(self.over(start, half));
                (start, size) = (start + half, size - half);
            }
        }
        proof.reverse();
        Some(proof)
    }

    /// The proof that the tree of the first `new` leaves begins with that of the first `old` (RFC 9162, section
    /// 2.1.4.1). None if `old` is more than `new`, or `new` more than there are. A proof about an empty tree, or about one
    /// that did not grow, is empty.
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        if old > new || new > self.size() {
            return None;
        }
        if old == 0 {
            return Some(Vec::new());
        }
        // Whether the subtree that is looked at is the whole old tree, whose root the verifier has.
        let (mut start, mut size, mut is_known, mut proof) = (0, new, true, Vec::new());
        while old - start < size {
            let half = half(size);
            if old - start <= half {
                proof.push(self.over(start + half, size - half));
                size = half;
            } else {
                proof.push(self.over(start, half));
                (start, size, is_known) = (start + half, size - half, false);
            }
        }
        if !is_known {
            proof.push(self.over(start, size));
        }
        proof.reverse();
        Some(proof)
    }

    /// The root over `size` leaves from `start`, which are there; one split of RFC 9162's recursion after the other led
    /// to them, so that `start` is a multiple of every complete subtree in them.
    fn over(&self, start: u64, size: u64) -> Hash {
        if size.is_power_of_two() {
            let level = size.trailing_zeros();
            let at = usize::try_from(start >> level).unwrap_or(usize::MAX);
            return self.levels[level as usize][at];
        }
        let half = half(size);
        node(&self.over(start, half), &self.over(start + half, size - half))
    }
}

impl FromIterator<Hash> for Tree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut tree = Self::default();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }
}

/// Where a tree of `size` leaves, two at least, is split: the largest power of two below it.
fn half(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}
