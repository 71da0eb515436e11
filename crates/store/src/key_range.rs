//! Half-open ranges of keys.

use std::ops::Bound;

use bytes::Bytes;

/// The keys from a first one to before an end, in the order of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    start: Bytes,
    /// `None` where no key is the end.
    end: Option<Bytes>,
}

impl KeyRange {
    /// The keys `k` with `start <= k < end`: none at all if `end <= start`.
    pub fn new(start: impl Into<Bytes>, end: impl Into<Bytes>) -> Self {
        Self { start: start.into(), end: Some(end.into()) }
    }

    /// All keys that begin with `prefix`. The empty prefix is every key.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let start = prefix.into();
        let end = successor(&start);
        Self { start, end }
    }

    /// All keys.
    pub fn all() -> Self {
        Self { start: Bytes::new(), end: None }
    }

    /// The keys of this range that are greater than `key`: where the next page begins.
    pub fn after(&self, key: &[u8]) -> Self {
        // No key lies between `key` and `key` with a zero byte appended.
        let mut next = Vec::with_capacity(key.len() + 1);
        next.extend_from_slice(key);
        next.push(0);
        Self { start: Bytes::from(next).max(self.start.clone()), end: self.end.clone() }
    }

    /// The first key that may be inside.
    pub fn start(&self) -> &Bytes {
        &self.start
    }

    /// The first key behind the range; `None` if the range is open to the end.
    pub fn end(&self) -> Option<&Bytes> {
        self.end.as_ref()
    }

    /// `key` lies inside.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= &self.start[..] && self.end.as_ref().is_none_or(|end| key < &end[..])
    }

    /// No key can lie inside.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    /// The range as bounds for an ordered map. An ordered map may panic on an empty range: ask
    /// [`KeyRange::is_empty`] first.
    pub(crate) fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let end = self.end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(&end[..]));
        (Bound::Included(&self.start[..]), end)
    }
}

/// The least key that is greater than every key beginning with `prefix`: the prefix without its
/// trailing 0xff bytes and with the last byte raised. `None` if there is no such key.
fn successor(prefix: &[u8]) -> Option<Bytes> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_range_holds_its_start_and_not_its_end() {
        let range = KeyRange::new("b", "d");
        let inside: Vec<_> = ["a", "b", "c", "cz", "d"].into_iter().filter(|k| range.contains(k.as_bytes())).collect();
        assert_eq!(inside, ["b", "c", "cz"]);
    }

    #[test]
    fn a_prefix_of_the_highest_bytes_is_open_to_the_end() {
        let range = KeyRange::prefix(&b"\xff\xff"[..]);
        assert_eq!(range.end(), None);
        assert!(range.contains(b"\xff\xff\xff"));
        assert!(!range.contains(b"\xff"));
    }

    #[test]
    fn a_range_that_ends_before_it_starts_is_empty() {
        let range = KeyRange::new("d", "b");
        assert!(range.is_empty());
        assert!(!range.contains(b"c"));
    }

    proptest! {
        #[test]
        fn a_prefix_range_holds_exactly_what_begins_with_the_prefix(
            prefix in proptest::collection::vec(prop_oneof![Just(0u8), Just(254), Just(255)], 0..4),
            key in proptest::collection::vec(prop_oneof![Just(0u8), Just(254), Just(255)], 0..6),
        ) {
            prop_assert_eq!(KeyRange::prefix(prefix.clone()).contains(&key), key.starts_with(&prefix));
        }

        #[test]
        fn the_range_after_a_key_holds_exactly_the_greater_keys(
            key in proptest::collection::vec(0u8..3, 0..4),
            other in proptest::collection::vec(0u8..3, 0..4),
        ) {
            prop_assert_eq!(KeyRange::all().after(&key).contains(&other), other > key);
        }
    }
}
