//! The hashes of a Merkle tree as RFC 9162 (section 2.1.1, the same as in RFC 6962) defines them: SHA-256, with another
//! first byte for leaves than for what lies above them, so that neither can pass for the other.

use sha2::{Digest, Sha256};

/// What a leaf, or all leaves below a place in the tree, come to.
pub type Hash = [u8; 32];

/// The root of a tree without leaves.
#[must_use]
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// The hash of a leaf, whose bytes are given in pieces.
#[must_use]
pub fn leaf<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    for piece in pieces {
        hasher.update(piece);
    }
    hasher.finalize().into()
}

/// The hash of a place in the tree above `left` and `right`.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// The hash in 64 hexadecimal digits.
#[must_use]
pub fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
