//! Measures the ledger's tree: hashing leaves, growing, and proofs in a tree of a million.
//!
//! `cargo run --release -p slipway-domain --example ledger_speed`

#![allow(clippy::print_stdout, reason = "an example that prints its measurement")]

use std::hint::black_box;
use std::time::Instant;

use slipway_domain::ledger::checkpoint::Checkpoint;
use slipway_domain::ledger::hash::Hash;
use slipway_domain::ledger::leaf::Leaf;
use slipway_domain::ledger::note::Signer;
use slipway_domain::ledger::proof::{self, Head};
use slipway_domain::ledger::tree::Tree;

const LEAVES: u64 = 1_000_000;
const PROOFS: u64 = 10_000;

fn main() {
    let key = [b"ledger/namespaces/default/models/flight-delay\0".as_slice(), &[7; 16]].concat();
    let mut hashes = Vec::new();
    for bytes in [300, 1000, 2000] {
        let record = vec![b'x'; bytes];
        let hash = |revision| Leaf { revision, key: &key, record: &record }.hash();
        let seconds = timed(|| hashes = (0..LEAVES).map(hash).collect());
        println!("leaves with records of {bytes} bytes: {:.0} a second", LEAVES as f64 / seconds);
    }
    let mut tree = Tree::default();
    let seconds = timed(|| tree = hashes.iter().copied().collect());
    println!("a tree of {LEAVES} made of hashes: {seconds:.3} s");
    let mut grown = tree.clone();
    let seconds = timed(|| (0..PROOFS).for_each(|_| grow(&mut grown)));
    println!("a copy and one leaf more: {:.2} us", seconds * 1e6 / PROOFS as f64);
    prove(&tree);
}

/// As a picture of the registry grows: the last copy is still being read.
fn grow(tree: &mut Tree) {
    let before = tree.clone();
    tree.push([1; 32]);
    black_box(before);
}

fn prove(tree: &Tree) {
    let head = Head { size: LEAVES, root: tree.root(LEAVES).expect("it has so many leaves") };
    let per_proof = |seconds: f64| seconds * 1e6 / PROOFS as f64;
    // Spread over all of the tree.
    let places = || (0..PROOFS).map(|at| at * 7919 * 13 % LEAVES);
    let roots = timed(|| places().for_each(|size| assert!(black_box(tree.root(size)).is_some())));
    let mut proofs: Vec<Vec<Hash>> = Vec::new();
    let proven = timed(|| proofs = places().filter_map(|index| tree.inclusion(index, LEAVES)).collect());
    let leaf = |index| tree.leaf(index).expect("it is one of them");
    let verified = timed(|| {
        for (index, proof) in places().zip(&proofs) {
            proof::inclusion(&leaf(index), index, &head, proof).expect("it is proven");
        }
    });
    let consistent = timed(|| places().for_each(|old| drop(black_box(tree.consistency(old, LEAVES)))));
    println!("in a tree of {LEAVES}: a root of any size {:.2} us", per_proof(roots));
    println!("  inclusion: made in {:.2} us, verified in {:.2} us", per_proof(proven), per_proof(verified));
    println!("  consistency: made in {:.2} us", per_proof(consistent));
    let signer = Signer::new("measured", &[7; 32]).expect("the name is one");
    let checkpoint = Checkpoint { origin: "measured".to_owned(), head };
    let mut note = String::new();
    let signed = timed(|| (0..PROOFS).for_each(|_| note = black_box(checkpoint.sign(&signer))));
    let opened = timed(|| (0..PROOFS).for_each(|_| drop(black_box(Checkpoint::open(&note, signer.verifier())))));
    println!("  checkpoint: signed in {:.1} us, verified in {:.1} us", per_proof(signed), per_proof(opened));
}

fn timed(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}
