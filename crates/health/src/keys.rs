//! The keys under which the service keeps its records.
//!
//! ```text
//! head                                                          who wrote last, and how often
//! producers/{producer}0{principal}                              how far a producer has reported
//! members/{namespace}/{model}/{producer}0{principal}            that it reports this model
//! cells/minute/{namespace}/{model}/{version}{segment}0{minute}  the cell of a version
//! pairs/minute/{namespace}/{model}/{candidate}{baseline}{segment}0{minute}
//! ```
//!
//! Numbers of versions have eight bytes and minutes four, most significant first, so that the order of keys is that of
//! time. The segment ends with a zero byte; the empty one stands for all rows. Served and paired cells lie in ranges of
//! their own, because rows of a shadow are never rows that were served. In rows of layout 1 a producer had no principal, and no zero
//! byte.

use bytes::Bytes;
use slipway_domain::name::{Identifier, ModelName};
use slipway_domain::principal::Principal;

use crate::record::ProducerId;
use crate::window::Minute;

/// The key of the head record.
pub const HEAD: &str = "head";
/// What the keys of producers begin with.
pub const PRODUCERS: &str = "producers/";
/// What the keys of members begin with.
pub const MEMBERS: &str = "members/";
/// What the keys of served cells begin with.
pub const CELLS: &str = "cells/minute/";
/// What the keys of paired cells begin with.
pub const PAIRS: &str = "pairs/minute/";

/// A part of a model's rows, as a country; the empty one is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Segment(String);

impl Segment {
    /// All rows.
    pub const ALL: Self = Self(String::new());
}

/// Whose cells a series holds, within a model.
pub trait Subject: Clone + Ord {
    /// What the keys of such series begin with.
    const PREFIX: &'static str;
    /// Appends the subject as it stands in keys.
    fn write(&self, key: &mut Vec<u8>);
    /// The subject in front of `rest`, and what is behind it; none if there is none.
    fn read(rest: &[u8]) -> Option<(Self, &[u8])>;
}

/// One version, as it was served.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Served {
    /// The number of the version.
    pub version: u64,
    /// Which of its rows.
    pub segment: Segment,
}

/// Two versions on the same rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Paired {
    /// The number of the version under test.
    pub candidate: u64,
    /// The number of the version it is held against.
    pub baseline: u64,
    /// Which of their rows.
    pub segment: Segment,
}

impl Subject for Served {
    const PREFIX: &'static str = CELLS;

    fn write(&self, key: &mut Vec<u8>) {
        key.extend(self.version.to_be_bytes());
        write_segment(key, &self.segment);
    }

    fn read(rest: &[u8]) -> Option<(Self, &[u8])> {
        let (version, rest) = read_number(rest)?;
        let (segment, rest) = read_segment(rest)?;
        Some((Self { version, segment }, rest))
    }
}

impl Subject for Paired {
    const PREFIX: &'static str = PAIRS;

    fn write(&self, key: &mut Vec<u8>) {
        key.extend(self.candidate.to_be_bytes());
        key.extend(self.baseline.to_be_bytes());
        write_segment(key, &self.segment);
    }

    fn read(rest: &[u8]) -> Option<(Self, &[u8])> {
        let (candidate, rest) = read_number(rest)?;
        let (baseline, rest) = read_number(rest)?;
        let (segment, rest) = read_segment(rest)?;
        Some((Self { candidate, baseline, segment }, rest))
    }
}

fn write_segment(key: &mut Vec<u8>, segment: &Segment) {
    key.extend(segment.0.as_bytes());
    key.push(0);
}

fn read_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), rest))
}

fn read_segment(bytes: &[u8]) -> Option<(Segment, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((Segment(text.to_owned()), &bytes[end + 1..]))
}

/// The key of the cell of `subject` in `minute`.
pub fn cell<S: Subject>(model: &ModelName, subject: &S, minute: Minute) -> Bytes {
    let mut key = with_model(S::PREFIX, model);
    subject.write(&mut key);
    key.extend(minute.number().to_be_bytes());
    key.into()
}

/// What [`cell`] made `key` from; none if it is no such key.
pub fn read_cell<S: Subject>(key: &[u8]) -> Option<(ModelName, S, Minute)> {
    let (model, rest) = read_model(S::PREFIX, key)?;
    let (subject, rest) = S::read(rest)?;
    let minute = u32::from_be_bytes(rest.try_into().ok()?);
    Some((model, subject, Minute::from_number(minute)))
}

/// The key of a producer's record.
pub fn producer(producer: &ProducerId) -> Bytes {
    let mut key = PRODUCERS.as_bytes().to_vec();
    write_producer(&mut key, producer);
    key.into()
}

/// What [`producer`] made `key` from; none if it is no such key.
pub fn read_producer(key: &[u8]) -> Option<ProducerId> {
    read_bound(key.strip_prefix(PRODUCERS.as_bytes())?)
}

/// The key of the record that `producer` reports `model`.
pub fn member(model: &ModelName, producer: &ProducerId) -> Bytes {
    let mut key = with_model(MEMBERS, model);
    write_producer(&mut key, producer);
    key.into()
}

/// What [`member`] made `key` from; none if it is no such key.
pub fn read_member(key: &[u8]) -> Option<(ModelName, ProducerId)> {
    let (model, rest) = read_model(MEMBERS, key)?;
    Some((model, read_bound(rest)?))
}

fn write_producer(key: &mut Vec<u8>, producer: &ProducerId) {
    key.extend(producer.as_str().as_bytes());
    if let Some(principal) = producer.principal() {
        key.push(0);
        key.extend(principal.as_str().as_bytes());
    }
}

fn read_bound(bytes: &[u8]) -> Option<ProducerId> {
    let text = std::str::from_utf8(bytes).ok()?;
    match text.split_once('\0') {
        Some((name, principal)) => Some(ProducerId::parse(name)?.of(Principal::parse(principal).ok()?)),
        None => ProducerId::parse(text),
    }
}

fn with_model(prefix: &str, model: &ModelName) -> Vec<u8> {
    [prefix, model.namespace.as_str(), "/", model.model.as_str(), "/"].concat().into_bytes()
}

fn read_model<'a>(prefix: &str, key: &'a [u8]) -> Option<(ModelName, &'a [u8])> {
    let (namespace, rest) = read_identifier(key.strip_prefix(prefix.as_bytes())?)?;
    let (model, rest) = read_identifier(rest)?;
    Some((ModelName { namespace, model }, rest))
}

/// Identifiers hold no slash, so the first one ends them.
fn read_identifier(bytes: &[u8]) -> Option<(Identifier, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'/')?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((Identifier::parse(text).ok()?, &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> ModelName {
        ModelName::parse("namespaces/default/models/flight-delay").unwrap()
    }

    #[test]
    fn every_key_reads_back_as_what_it_was_made_from() {
        let segment = Segment("country=de".to_owned());
        // Bytes of the numbers that look like the marks between parts must not end a part.
        let served = Served { version: 0x2f00_2f00, segment: segment.clone() };
        let paired = Paired { candidate: 2, baseline: 0x0100, segment };
        let minute = Minute::from_number(0x002f_0000);
        let id = ProducerId::parse("ranker-7.eu-west:/a").unwrap();
        assert_eq!(read_cell(&cell(&model(), &served, minute)), Some((model(), served, minute)));
        assert_eq!(read_cell(&cell(&model(), &paired, minute)), Some((model(), paired, minute)));
        let bound = |principal| id.clone().of(principal);
        let own = [Principal::anonymous(), Principal::certificate("spiffe://acme/a/b").unwrap()].map(bound);
        for id in own.into_iter().chain([id.clone()]) {
            assert_eq!(read_producer(&producer(&id)), Some(id.clone()));
            assert_eq!(read_member(&member(&model(), &id)), Some((model(), id)));
        }
    }

    #[test]
    fn the_keys_of_a_series_are_in_the_order_of_time() {
        let served = Served { version: 1, segment: Segment::ALL };
        let keys = [1, 255, 256, 70_000].map(|minute| cell(&model(), &served, Minute::from_number(minute)));
        assert!(keys.is_sorted());
    }

    #[test]
    fn a_key_that_was_cut_is_no_key() {
        let key = cell(&model(), &Served { version: 1, segment: Segment::ALL }, Minute::from_number(9));
        for end in 0..key.len() {
            assert_eq!(read_cell::<Served>(&key[..end]), None, "cut at {end}");
        }
    }
}
