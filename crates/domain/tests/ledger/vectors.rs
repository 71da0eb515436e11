//! What the implementations of RFC 6962 agree on: the leaves, roots and proofs that certificate-transparency-go and its
//! relatives test themselves against.

use slipway_domain::ledger::hash::{self, Hash, hex};
use slipway_domain::ledger::proof::{self, Head};
use slipway_domain::ledger::tree::Tree;

const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const LEAF_1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const LEAVES_2_3: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const LEAVES_4_7: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const LEAF_4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const LEAVES_4_5: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const LEAVES_6_7: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn root(size: u64) -> Head {
    let root: Hash = bytes(ROOTS[usize::try_from(size).unwrap()]).try_into().unwrap();
    Head { size, root }
}

fn tree() -> Tree {
    LEAVES.into_iter().map(|leaf| hash::leaf([bytes(leaf).as_slice()])).collect()
}

fn shown(proof: Option<&Vec<Hash>>) -> Vec<String> {
    proof.unwrap().iter().map(hex).collect()
}

#[test]
fn the_roots_of_all_sizes_are_the_known_ones() {
    let tree = tree();
    for (size, wanted) in ROOTS.into_iter().enumerate() {
        assert_eq!(hex(&tree.root(size as u64).unwrap()), wanted, "{size}");
    }
    assert_eq!(tree.root(9), None);
}

#[test]
fn the_proofs_of_inclusion_are_the_known_ones_and_hold() {
    let known: [(u64, u64, &[&str]); 4] = [
        (0, 8, &[LEAF_1, LEAVES_2_3, LEAVES_4_7]),
        (5, 8, &[LEAF_4, LEAVES_6_7, ROOTS[4]]),
        (2, 3, &[ROOTS[2]]),
        (1, 5, &[ROOTS[1], LEAVES_2_3, LEAF_4]),
    ];
    let tree = tree();
    for (index, size, wanted) in known {
        let found = tree.inclusion(index, size);
        assert_eq!(shown(found.as_ref()), wanted, "{index} in {size}");
        proof::inclusion(&tree.leaf(index).unwrap(), index, &root(size), &found.unwrap()).unwrap();
    }
}

#[test]
fn the_proofs_of_consistency_are_the_known_ones_and_hold() {
    let known: [(u64, u64, &[&str]); 4] = [
        (1, 1, &[]),
        (1, 8, &[LEAF_1, LEAVES_2_3, LEAVES_4_7]),
        (6, 8, &[LEAVES_4_5, LEAVES_6_7, ROOTS[4]]),
        (2, 5, &[LEAVES_2_3, LEAF_4]),
    ];
    let tree = tree();
    for (old, new, wanted) in known {
        let found = tree.consistency(old, new);
        assert_eq!(shown(found.as_ref()), wanted, "{old} to {new}");
        proof::consistency(&root(old), &root(new), &found.unwrap()).unwrap();
    }
}
