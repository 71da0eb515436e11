//! The pictures of the past that are kept, because who looks at one moment often looks again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::state::State;

/// The most pictures that are kept.
const MOST: usize = 32;
/// About how many bytes they may take that no other picture shares.
const MOST_BYTES: usize = 128 << 20;
/// About what a resource takes that is read again from the ledger.
const READ: usize = 2 << 10;
/// About what a map takes for a place in it that is another one.
const PLACE: usize = 128;

/// About how many bytes a picture takes for itself that is so many steps from another, of which so many `read` a resource.
pub(super) fn weight(read: usize, steps: usize) -> usize {
    read * READ + steps * PLACE
}

/// Pictures of the past, by how many entries the ledger had. The one that was used longest ago is the first to go.
#[derive(Debug, Default)]
pub(in crate::service) struct Pasts {
    kept: Mutex<VecDeque<Past>>,
    making: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Past {
    size: u64,
    weight: usize,
    picture: Arc<State>,
}

impl Pasts {
    /// Waits for the turn to make a picture.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.making.lock().await
    }

    /// The picture after so many entries, if it is kept.
    pub fn find(&self, size: u64) -> Option<Arc<State>> {
        let mut kept = self.kept();
        let at = kept.iter().position(|past| past.size == size)?;
        let past = kept.remove(at)?;
        let picture = Arc::clone(&past.picture);
        kept.push_back(past);
        Some(picture)
    }

    /// The picture from which the fewest entries lead to that after `size`, if one is nearer than the `newest`.
    pub fn nearest(&self, size: u64, newest: u64) -> Option<(u64, Arc<State>)> {
        let kept = self.kept();
        let near = kept.iter().min_by_key(|past| past.size.abs_diff(size))?;
        let is_nearer = near.size.abs_diff(size) < newest.abs_diff(size);
        is_nearer.then(|| (near.size, Arc::clone(&near.picture)))
    }

    /// Keeps a picture, and as many of the others as there is room for.
    pub fn keep(&self, size: u64, picture: &Arc<State>, weight: usize) {
        let mut kept = self.kept();
        kept.push_back(Past { size, weight, picture: Arc::clone(picture) });
        let is_full = |kept: &VecDeque<Past>| {
            kept.len() > MOST || kept.iter().map(|past| past.weight).sum::<usize>() > MOST_BYTES
        };
        while kept.len() > 1 && is_full(&kept) {
            kept.pop_front();
        }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Past>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(pasts: &Pasts) -> Vec<u64> {
        pasts.kept().iter().map(|past| past.size).collect()
    }

    #[test]
    fn what_was_used_longest_ago_goes_first_and_the_newest_stays_however_heavy() {
        let (pasts, picture) = (Pasts::default(), Arc::new(State::default()));
        (0..40).for_each(|size| pasts.keep(size, &picture, 1));
        assert_eq!((sizes(&pasts).len(), sizes(&pasts)[0]), (MOST, 8));
        assert!(pasts.find(8).is_some() && pasts.find(7).is_none());
        pasts.keep(99, &picture, MOST_BYTES - 2);
        assert_eq!(sizes(&pasts), [39, 8, 99]);
        pasts.keep(100, &picture, MOST_BYTES + 1);
        assert_eq!(sizes(&pasts), [100]);
    }

    #[test]
    fn the_nearest_picture_is_the_one_with_the_fewest_entries_between() {
        let (pasts, picture) = (Pasts::default(), Arc::new(State::default()));
        [10, 50].into_iter().for_each(|size| pasts.keep(size, &picture, 1));
        let nearest = |size| pasts.nearest(size, 100).map(|(size, _)| size);
        assert_eq!([0, 12, 40, 74, 76, 99].map(nearest), [Some(10), Some(10), Some(50), Some(50), None, None]);
    }
}
