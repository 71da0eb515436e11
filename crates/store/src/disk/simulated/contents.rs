//! The contents of one simulated file: as they are, as they were synced, and what lies between.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// What a disk writes as one piece: a power cut tears a write only at its multiples.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    pub now: Vec<u8>,
    synced: Vec<u8>,
    /// What was done since the last sync, in order.
    unsynced: Vec<Change>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLen(usize),
}

impl Contents {
    /// Durable contents.
    pub(super) fn durable(bytes: Vec<u8>) -> Self {
        Self { now: bytes.clone(), synced: bytes, unsynced: Vec::new() }
    }

    pub(super) fn apply(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.unsynced.push(change);
    }

    /// Makes all of it durable.
    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.synced);
        }
    }

    /// The contents after a power cut.
    pub(super) fn survivor(&self, chance: &mut ChaCha8Rng) -> Self {
        let mut bytes = self.synced.clone();
        for change in &self.unsynced {
            change.apply_partly(&mut bytes, chance);
        }
        Self::durable(bytes)
    }
}

impl Change {
    fn apply(&self, target: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => overwrite(target, *offset, bytes),
            Self::SetLen(len) if *len < target.len() => target.truncate(*len),
            Self::SetLen(len) => extend(target, *len),
        }
    }

    fn apply_partly(&self, target: &mut Vec<u8>, chance: &mut ChaCha8Rng) {
        match self {
            Self::SetLen(_) if chance.random_bool(0.5) => self.apply(target),
            Self::SetLen(_) => {}
            Self::Write { offset, bytes } => {
                let mut at = 0;
                while at < bytes.len() {
                    let sector_end = SECTOR - (offset + at) % SECTOR;
                    let end = bytes.len().min(at + sector_end);
                    if chance.random_bool(0.5) {
                        overwrite(target, offset + at, &bytes[at..end]);
                    }
                    at = end;
                }
            }
        }
    }
}

/// Writes `bytes` at `offset`, with zeros before if the target is shorter.
fn overwrite(target: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if target.len() < end {
        extend(target, end);
    }
    target[offset..end].copy_from_slice(bytes);
}

/// Appends zeros up to `len`: in one piece, which is fast also where nothing is optimised.
fn extend(target: &mut Vec<u8>, len: usize) {
    target.extend_from_slice(&vec![0; len - target.len()]);
}
