//! The file of an exported ledger: JSON, one object a line, for whoever verifies it in any language.
//!
//! The first line is the header, each other one an entry, in order:
//!
//! ```text
//! {"format":"slipway-ledger/1","checkpoint":"NOTE","key":"NAME+HASH+KEY"}
//! {"index":0,"hash":"HEX","revision":2,"resource":"NAME","change":{…},"leaf":"BASE64"}
//! ```
//! `leaf` is what counts: its bytes are described in the API, at `ProveInclusionResponse.leaf`. `hash` is SHA-256 of a zero
//! byte and the leaf; `revision`, `resource` and `change` say what the leaf says, in words for people. `checkpoint` is a
//! signed note (<https://c2sp.org/tlog-checkpoint>) with the root of the Merkle tree (RFC 9162) over all leaves.

use std::io::BufRead;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slipway_chassis::record;
use slipway_domain::ledger::hash;
use slipway_domain::ledger::leaf::Leaf;

/// What the first line says of the others.
pub const FORMAT: &str = "slipway-ledger/1";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// What the entries come to, as a signed note.
    pub checkpoint: String,
    /// The key that it is verified with.
    pub key: String,
}

/// The line of an entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Which, from 0.
    pub index: u64,
    /// The hash of the leaf, in hexadecimal digits.
    pub hash: String,
    /// The revision that the change made.
    pub revision: u64,
    /// The full name of the resource that was changed.
    pub resource: String,
    /// Who, when, why, before and after; null if this program can't read it.
    pub change: Value,
    /// The leaf, in base 64.
    pub leaf: String,
}

impl Entry {
    /// The line of the entry at `index`, whose bytes are `leaf`.
    ///
    /// # Errors
    /// If the bytes are no leaf.
    pub fn new(index: u64, leaf: &[u8]) -> Result<Self> {
        let decoded = Leaf::decode(leaf)?;
        Ok(Self {
            index,
            hash: hash::hex(&hash::leaf([leaf])),
            revision: decoded.revision,
            resource: decoded.resource().to_owned(),
            change: change(decoded.record),
            leaf: STANDARD.encode(leaf),
        })
    }

    /// The bytes of its leaf.
    ///
    /// # Errors
    /// If they are not in base 64.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        STANDARD.decode(&self.leaf).context("its leaf is not in base 64")
    }

    /// The fields that say something else than the leaf, whose bytes are `leaf`.
    pub fn lies(&self, leaf: &[u8]) -> Vec<&'static str> {
        let Ok(truth) = Self::new(self.index, leaf) else { return Vec::new() };
        let Self { index: _, hash, revision, resource, change, leaf: _ } = self;
        let lies = [
            ("hash", *hash != truth.hash),
            ("revision", *revision != truth.revision),
            ("resource", *resource != truth.resource),
            ("change", *change != truth.change),
        ];
        lies.into_iter().filter(|(_, lies)| *lies).map(|(field, _)| field).collect()
    }
}

/// What a record says, as JSON. A number with many digits is read as a reader of the file reads it.
fn change(record: &[u8]) -> Value {
    let read: Option<Value> = record::decode(record).ok();
    read.and_then(|value| serde_json::from_str(&value.to_string()).ok()).unwrap_or(Value::Null)
}

/// The lines of a file, read one after the other.
pub struct Reading<R> {
    lines: std::io::Lines<R>,
    number: u64,
}

impl<R: BufRead> Reading<R> {
    /// Reads the header, and goes on with the entries.
    ///
    /// # Errors
    /// If it is no exported ledger.
    pub fn begin(read: R) -> Result<(Header, Self)> {
        let mut lines = read.lines();
        let first = lines.next().context("it is empty")?.context("reading it")?;
        let header: Header =
            serde_json::from_str(&first).context("its first line is not that of an exported ledger")?;
        if header.format != FORMAT {
            bail!("it has the format {:?}, and this program reads {FORMAT:?}", header.format);
        }
        Ok((header, Self { lines, number: 1 }))
    }

    /// The next line, and its number in the file; none at the end.
    ///
    /// # Errors
    /// If the file can't be read. A line that is no entry is told within.
    pub fn entry(&mut self) -> Result<Option<(u64, Result<Entry>)>> {
        let Some(line) = self.lines.next() else { return Ok(None) };
        self.number += 1;
        let entry = serde_json::from_str(&line.context("reading the file")?);
        Ok(Some((self.number, entry.context("it is no entry"))))
    }
}
