//! Buckets agree with the vectors that other languages are held to, and spread evenly.

use slipway_domain::traffic::{BUCKETS, bucket};
use xxhash_rust::xxh3::xxh3_64;

fn text(hex: &str) -> String {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    String::from_utf8((0..hex.len()).step_by(2).map(byte).collect()).unwrap()
}

#[test]
fn every_committed_vector_holds() {
    let vectors = include_str!("../../testdata/bucket-vectors.csv");
    let mut count = 0;
    for line in vectors.lines().skip(2) {
        let [salt, unit, _, wanted] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert_eq!(bucket(&text(salt), &text(unit)), wanted.parse::<u32>().unwrap(), "{line}");
        count += 1;
    }
    assert_eq!(count, 39);
}

#[test]
fn short_and_long_units_are_hashed_alike() {
    for length in 0..600 {
        let unit = "u".repeat(length);
        let joined = [b"salt", &b"\0"[..], unit.as_bytes()].concat();
        assert_eq!(u64::from(bucket("salt", &unit)), xxh3_64(&joined) % u64::from(BUCKETS), "{length}");
    }
}

#[test]
fn salt_and_unit_do_not_run_into_each_other() {
    assert_ne!(bucket("a", "bc"), bucket("ab", "c"));
}

#[test]
fn units_spread_evenly_over_the_buckets() {
    let mut tenths = [0_u32; 10];
    for unit in 0..100_000 {
        tenths[(bucket("salt", &format!("unit-{unit}")) / 10_000) as usize] += 1;
    }
    // A binomial count of 10,000 has a standard deviation of 95.
    assert!(tenths.iter().all(|count| count.abs_diff(10_000) < 500), "{tenths:?}");
}

#[test]
fn another_salt_gives_an_independent_split() {
    let both = (0..100_000).filter(|unit| {
        let unit = format!("unit-{unit}");
        bucket("one", &unit) < 50_000 && bucket("two", &unit) < 50_000
    });
    assert!(both.count().abs_diff(25_000) < 700);
}
