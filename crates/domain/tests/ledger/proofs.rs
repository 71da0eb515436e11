//! Every proof of every tree up to a size: it holds, and with any bit of anything changed it does not.

use slipway_domain::ledger::hash::{Hash, node};
use slipway_domain::ledger::proof::{self, Error, Head};

use crate::{head, leaf, tree, twisted};

/// The largest tree that is tried whole.
const MOST: u64 = 70;

/// The definition in RFC 9162, section 2.1.1, as it is written there.
fn by_definition(leaves: &[Hash]) -> Hash {
    let [one] = leaves else {
        let half = leaves.len().next_power_of_two() / 2;
        return node(&by_definition(&leaves[..half]), &by_definition(&leaves[half..]));
    };
    *one
}

/// How the way up from a leaf turns: what a path that fits another place would have to share.
fn turns_of_inclusion(index: u64, size: u64) -> Option<String> {
    match size {
        0 => None,
        1 => (index == 0).then(String::new),
        _ if index >= size => None,
        _ => {
            let half = size.next_power_of_two() / 2;
            let (inner, turn) = if index < half {
                (turns_of_inclusion(index, half), 'r')
            } else {
                (turns_of_inclusion(index - half, size - half), 'l')
            };
            inner.map(|inner| format!("{inner}{turn}"))
        }
    }
}

/// The same for a proof of consistency: whether it begins with the old root, then its turns.
fn turns_of_consistency(old: u64, new: u64, begins: char) -> String {
    if old == new {
        return begins.to_string();
    }
    let half = new.next_power_of_two() / 2;
    if old <= half {
        turns_of_consistency(old, half, begins) + "r"
    } else {
        turns_of_consistency(old - half, new - half, 'n') + "l"
    }
}

/// `proof` with one bit of one hash changed, without one hash, or with one more.
fn spoiled(proof: &[Hash]) -> impl Iterator<Item = Vec<Hash>> + '_ {
    let bits = proof.iter().enumerate().flat_map(move |(at, hash)| {
        twisted(*hash).map(move |other| [&proof[..at], &[other], &proof[at + 1..]].concat())
    });
    let shorter = (0..proof.len()).map(|at| [&proof[..at], &proof[at + 1..]].concat());
    let longer = (0..=proof.len()).map(|at| [&proof[..at], &[leaf(0)], &proof[at..]].concat());
    bits.chain(shorter).chain(longer)
}

/// The sizes and numbers that differ from `number` in one bit.
fn bits(number: u64) -> impl Iterator<Item = u64> {
    (0..64).map(move |bit| number ^ (1 << bit))
}

#[test]
fn the_root_of_every_size_is_what_the_definition_says() {
    let tree = tree(MOST);
    let leaves: Vec<Hash> = (0..MOST).map(leaf).collect();
    for size in 1..=MOST {
        assert_eq!(tree.root(size), Some(by_definition(&leaves[..usize::try_from(size).unwrap()])), "{size}");
    }
}

#[test]
fn every_leaf_of_every_size_is_proven_and_no_other_in_its_place() {
    let tree = tree(MOST);
    for size in 1..=MOST {
        let head = head(&tree, size);
        for index in 0..size {
            let proof = tree.inclusion(index, size).unwrap();
            let proves = |leaf: &Hash, index, head: &Head| proof::inclusion(leaf, index, head, &proof).is_ok();
            assert!(proves(&leaf(index), index, &head), "{index} in {size}");
            for other in (0..size).filter(|other| *other != index) {
                assert!(!proves(&leaf(other), index, &head), "{other} as {index} in {size}");
                assert!(!proves(&leaf(index), other, &head), "{index} as {other} in {size}");
            }
            for other in bits(size).filter(|other| *other <= 4 * MOST) {
                let fits = turns_of_inclusion(index, other) == turns_of_inclusion(index, size);
                assert_eq!(
                    proves(&leaf(index), index, &Head { size: other, ..head }),
                    fits,
                    "{index} in {size}: {other}"
                );
            }
        }
        assert!(tree.inclusion(size, size).is_none() && tree.inclusion(0, MOST + 1).is_none());
    }
}

#[test]
fn every_size_begins_with_every_smaller_one_and_with_no_other() {
    let tree = tree(MOST);
    for new in 1..=MOST {
        for old in 1..=new {
            let proof = tree.consistency(old, new).unwrap();
            let (before, after) = (head(&tree, old), head(&tree, new));
            let shows = |before: &Head, after: &Head| proof::consistency(before, after, &proof).is_ok();
            assert!(shows(&before, &after), "{old} to {new}");
            let turns = turns_of_consistency(old, new, 'o');
            for other in bits(new).filter(|other| *other <= 4 * MOST) {
                let fits = old <= other && old != new && turns_of_consistency(old, other, 'o') == turns;
                assert_eq!(shows(&before, &Head { size: other, ..after }), fits, "{old} to {new}: {other}");
            }
            for other in bits(old).filter(|other| (1..=new).contains(other)) {
                let fits = old != new && other != new && turns_of_consistency(other, new, 'o') == turns;
                assert_eq!(shows(&Head { size: other, ..before }, &after), fits, "{old} to {new}: {other}");
            }
        }
    }
    assert!(tree.consistency(2, 1).is_none() && tree.consistency(1, MOST + 1).is_none());
}

#[test]
fn a_bit_of_a_hash_or_a_hash_more_or_less_makes_a_proof_worth_nothing() {
    let tree = tree(MOST);
    for size in [1, 2, 3, 7, 8, 13, 64, MOST] {
        let now = head(&tree, size);
        for index in [0, size / 3, size / 2, size - 1] {
            let proof = tree.inclusion(index, size).unwrap();
            let proves = |leaf: &Hash, head: &Head, proof: &[Hash]| proof::inclusion(leaf, index, head, proof).is_ok();
            assert!(spoiled(&proof).all(|proof| !proves(&leaf(index), &now, &proof)), "{index} in {size}");
            assert!(twisted(leaf(index)).all(|leaf| !proves(&leaf, &now, &proof)));
            assert!(twisted(now.root).all(|root| !proves(&leaf(index), &Head { root, ..now }, &proof)));
            let (old, before) = (index + 1, head(&tree, index + 1));
            let proof = tree.consistency(old, size).unwrap();
            let shows = |before: &Head, now: &Head, proof: &[Hash]| proof::consistency(before, now, proof).is_ok();
            assert!(spoiled(&proof).all(|proof| !shows(&before, &now, &proof)), "{old} to {size}");
            assert!(twisted(before.root).all(|root| !shows(&Head { root, ..before }, &now, &proof)));
            assert!(twisted(now.root).all(|root| !shows(&before, &Head { root, ..now }, &proof)));
        }
    }
}

#[test]
fn the_empty_tree_is_where_everything_begins() {
    let tree = tree(5);
    let (nothing, now) = (head(&tree, 0), head(&tree, 5));
    assert_eq!(tree.consistency(0, 5), Some(vec![]));
    assert_eq!(proof::consistency(&nothing, &now, &[]), Ok(()));
    assert_eq!(proof::consistency(&nothing, &now, &[leaf(0)]), Err(Error::Length { found: 1 }));
    assert_eq!(proof::consistency(&Head { size: 0, root: leaf(0) }, &now, &[]), Err(Error::OldRoot));
    assert_eq!(proof::consistency(&now, &nothing, &[]), Err(Error::Shorter { old: 5, new: 0 }));
    assert_eq!(proof::inclusion(&leaf(0), 0, &nothing, &[]), Err(Error::Outside { index: 0, size: 0 }));
}

#[test]
fn a_copy_of_a_tree_stays_as_it_is_while_the_tree_grows() {
    let mut grown = tree(33);
    let copy = grown.clone();
    grown.push(leaf(33));
    assert_eq!((copy.size(), copy.root(33)), (33, tree(33).root(33)));
    assert_eq!((grown.size(), grown.root(34)), (34, tree(34).root(34)));
}
