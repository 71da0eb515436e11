//! What the stored form of a value promises.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use serde::{Deserialize, Serialize};
use slipway_chassis::record::{self, Error};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Old {
    name: String,
    shares: Vec<u32>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Grown {
    name: String,
    shares: Vec<u32>,
    #[serde(default)]
    note: Option<String>,
}

fn old() -> Old {
    Old { name: "flight-delay".to_owned(), shares: vec![95_000, 5_000] }
}

#[test]
fn a_value_comes_back_as_it_was() {
    assert_eq!(record::decode::<Old>(&record::encode(&old())).unwrap(), old());
}

#[test]
fn a_field_can_be_added_and_an_older_reader_passes_over_it() {
    let grown: Grown = record::decode(&record::encode(&old())).unwrap();
    assert_eq!(grown.note, None);
    let newer = record::encode(&Grown { note: Some("new".to_owned()), ..grown });
    assert_eq!(record::decode::<Old>(&newer).unwrap(), old());
}

#[test]
fn a_record_of_a_newer_program_is_refused_in_plain_words() {
    let mut bytes = record::encode(&old());
    bytes[0] = record::VERSION + 1;
    let error = record::decode::<Old>(&bytes).unwrap_err();
    assert!(error.to_string().contains("written by a newer slipway"), "{error}");
}

#[test]
fn rubbish_is_an_error_wherever_the_record_is_cut() {
    let bytes = record::encode(&old());
    for end in 0..bytes.len() {
        assert!(record::decode::<Old>(&bytes[..end]).is_err(), "cut at {end}");
    }
    assert!(matches!(record::decode::<Old>(&[0, 1, 2]), Err(Error::Unmarked)));
}
