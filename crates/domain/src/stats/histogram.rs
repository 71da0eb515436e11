//! The joint histogram of score bin and outcome: sparse while few bins are filled, dense when many are.

use super::bins::{BINS, bin};

/// A score bin and an outcome in one number: `2 · bin + outcome`.
pub const KEYS: usize = 2 * BINS;

/// Above so many filled places a plain array is smaller to walk than a sorted list.
const SPARSE_AT_MOST: usize = KEYS / 4;

/// How many places are looked at together in search of filled ones.
const STRETCH: usize = 16;

/// How many predictions fell into each score bin, positives and negatives apart. Rows count once, whatever their
/// weight: ranking within a class does not change when a class is weighted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram(Counts);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Counts {
    /// Ascending keys and their counts, none of them 0.
    Sparse(Vec<(u16, u64)>),
    /// One count a key.
    Dense(Box<[u64]>),
}

impl Default for Histogram {
    fn default() -> Self {
        Self(Counts::Sparse(Vec::new()))
    }
}

/// The place of a negative with this prediction; that of a positive is the next one.
#[inline]
pub fn negative_key(prediction: f32) -> u16 {
    (2 * bin(prediction)) as u16
}

impl Histogram {
    /// The histogram of these counts, none of them 0, at ascending keys below [`KEYS`].
    pub(super) fn of_ascending(entries: Vec<(u16, u64)>) -> Self {
        let mut histogram = Self(Counts::Sparse(entries));
        histogram.settle();
        histogram
    }

    /// Counts `count` more rows at `key`.
    ///
    /// # Panics
    /// When `key` is not below [`KEYS`].
    pub fn add(&mut self, key: u16, count: u64) {
        if count == 0 {
            return;
        }
        assert!(usize::from(key) < KEYS, "there are {KEYS} places, and {key} is not one of them");
        match &mut self.0 {
            Counts::Dense(counts) => counts[usize::from(key)] += count,
            Counts::Sparse(entries) => match entries.binary_search_by_key(&key, |entry| entry.0) {
                Ok(at) => entries[at].1 += count,
                Err(at) => entries.insert(at, (key, count)),
            },
        }
        self.settle();
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Counts::Dense(mine), _) => other.entries().for_each(|(key, count)| mine[usize::from(key)] += count),
            (Counts::Sparse(mine), Counts::Sparse(theirs)) => *mine = merged(mine, theirs),
            (Counts::Sparse(mine), Counts::Dense(theirs)) => {
                let mut sum = theirs.clone();
                mine.iter().for_each(|(key, count)| sum[usize::from(*key)] += count);
                self.0 = Counts::Dense(sum);
            }
        }
        self.settle();
    }

    /// Whether rows can be counted in place at the cost of one addition each.
    pub(super) fn is_dense(&self) -> bool {
        matches!(self.0, Counts::Dense(_))
    }

    /// Counts one row a key. Keys must be below [`KEYS`].
    pub(super) fn add_each(&mut self, keys: impl Iterator<Item = u16>) {
        match &mut self.0 {
            Counts::Dense(counts) => keys.for_each(|key| counts[usize::from(key)] += 1),
            Counts::Sparse(_) => keys.for_each(|key| self.add(key, 1)),
        }
    }

    /// Adds one count a key, from an array of all keys.
    pub(super) fn merge_array(&mut self, counts: &[u32; KEYS]) {
        let mut filled = Vec::new();
        for (at, stretch) in counts.chunks(STRETCH).enumerate() {
            // Most stretches are empty, and are passed over as a whole.
            if stretch.iter().fold(0, |any, count| any | count) != 0 {
                let keys = (at * STRETCH..).zip(stretch).filter(|(_, count)| **count > 0);
                filled.extend(keys.map(|(key, count)| (key as u16, u64::from(*count))));
            }
        }
        self.merge(&Self(Counts::Sparse(filled)));
    }

    /// The filled places in ascending order, each with its count.
    pub fn entries(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        let (sparse, dense): (&[(u16, u64)], &[u64]) = match &self.0 {
            Counts::Sparse(entries) => (entries, &[]),
            Counts::Dense(counts) => (&[], counts),
        };
        let filled = dense.iter().enumerate().filter(|(_, count)| **count > 0);
        sparse.iter().copied().chain(filled.map(|(key, count)| (key as u16, *count)))
    }

    /// The filled score bins in ascending order: bin, negatives, positives.
    pub fn by_bin(&self) -> Vec<BinCounts> {
        let mut bins: Vec<BinCounts> = Vec::new();
        for (key, count) in self.entries() {
            let bin = usize::from(key / 2);
            if bins.last().is_none_or(|last| last.bin != bin) {
                bins.push(BinCounts { bin, negatives: 0, positives: 0 });
            }
            if let Some(last) = bins.last_mut() {
                *(if key % 2 == 1 { &mut last.positives } else { &mut last.negatives }) += count;
            }
        }
        bins
    }

    /// All rows and, of them, the positives.
    pub fn totals(&self) -> (u64, u64) {
        self.entries().fold((0, 0), |(rows, positives), (key, count)| {
            (rows + count, positives + if key % 2 == 1 { count } else { 0 })
        })
    }

    /// Turns a long list into an array, so that equal contents have one form.
    fn settle(&mut self) {
        if let Counts::Sparse(entries) = &self.0
            && entries.len() > SPARSE_AT_MOST
        {
            let mut dense = vec![0; KEYS].into_boxed_slice();
            entries.iter().for_each(|(key, count)| dense[usize::from(*key)] = *count);
            self.0 = Counts::Dense(dense);
        }
    }
}

/// The rows of one score bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinCounts {
    /// The bin, see [`super::bins`].
    pub bin: usize,
    /// Rows whose outcome was 0.
    pub negatives: u64,
    /// Rows whose outcome was 1.
    pub positives: u64,
}

/// Two ascending lists as one.
fn merged(left: &[(u16, u64)], right: &[(u16, u64)]) -> Vec<(u16, u64)> {
    let mut all = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.iter().copied().peekable(), right.iter().copied().peekable());
    while let (Some(a), Some(b)) = (left.peek().copied(), right.peek().copied()) {
        all.push(match a.0.cmp(&b.0) {
            std::cmp::Ordering::Equal => (a.0, a.1 + b.1),
            std::cmp::Ordering::Less => a,
            std::cmp::Ordering::Greater => b,
        });
        if a.0 <= b.0 {
            left.next();
        }
        if b.0 <= a.0 {
            right.next();
        }
    }
    all.extend(left.chain(right));
    all
}
