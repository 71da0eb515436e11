//! Makes inputs from good ones, and shows the one that breaks a target.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How many inputs a target gets in a test.
const INPUTS: u64 = 4000;
/// The longest input, in bytes.
const LONGEST: usize = 8192;

/// Gives `target` inputs made from `good` ones and `words` that may stand in them.
pub fn run(name: &str, (good, words): (&[Vec<u8>], &[&str]), target: impl Fn(&[u8])) {
    let number = |variable: &str| std::env::var(variable).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("SLIPWAY_SEED") {
        return target(&input(seed, (good, words)));
    }
    let until = number("SLIPWAY_FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    good.iter().for_each(|input| target(input));
    for seed in 0.. {
        if until.map_or(seed >= INPUTS, |until| Instant::now() >= until) {
            return;
        }
        let input = input(seed, (good, words));
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            let shown = String::from_utf8_lossy(&input);
            panic!("{shown:?}\nlive through it again: SLIPWAY_SEED={seed} cargo test --workspace --test fuzz {name}");
        }
    }
}

fn input(seed: u64, (good, words): (&[Vec<u8>], &[&str])) -> Vec<u8> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut input = good[chance.random_range(0..good.len())].clone();
    for _ in 0..chance.random_range(1..8) {
        change(&mut input, (good, words), &mut chance);
        input.truncate(LONGEST);
    }
    input
}

fn change(input: &mut Vec<u8>, (good, words): (&[Vec<u8>], &[&str]), chance: &mut StdRng) {
    let at = chance.random_range(0..=input.len());
    let to = chance.random_range(at..=input.len());
    match chance.random_range(0..7) {
        0 if at < input.len() => input[at] ^= 1 << chance.random_range(0..8),
        1 => input.insert(at, chance.random()),
        2 => drop(input.drain(at..to)),
        3 => {
            let part = input[at..to].to_vec();
            let times = if chance.random_ratio(1, 20) { 200 } else { 1 };
            (0..times).for_each(|_| input.splice(at..at, part.iter().copied()).for_each(drop));
        }
        4 => {
            let other = &good[chance.random_range(0..good.len())];
            let part = chance.random_range(0..=other.len());
            input.splice(at..to, other[part..].iter().copied()).for_each(drop);
        }
        5 if at < input.len() => input[at] = [0, 0x7f, 0x80, 0xff][chance.random_range(0..4)],
        _ if !words.is_empty() => {
            let word = words[chance.random_range(0..words.len())];
            input.splice(at..at, word.bytes()).for_each(drop);
        }
        _ => input.reverse(),
    }
}

#[test]
fn a_seed_makes_the_same_input_and_another_one_another() {
    let good = [b"owner = ranking".to_vec()];
    let made = |seed| input(seed, (&good, &["AND"]));
    assert_eq!(made(7), made(7));
    let mut all: Vec<_> = (0..100).map(made).collect();
    all.sort();
    all.dedup();
    assert!(all.len() > 80, "{}", all.len());
}
