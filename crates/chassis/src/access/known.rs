//! Proofs that were verified once: looked up without a lock on the way of every call.

use std::sync::Arc;

use arc_swap::ArcSwap;
use imbl::HashMap;
use jiff::Timestamp;
use slipway_domain::access::Rights;
use slipway_domain::principal::Principal;

/// How many proofs are remembered; beyond it all are forgotten and verified anew.
const MOST: usize = 10_000;

/// Whom a proof proves, and what they may do.
#[derive(Debug)]
pub(super) struct Known {
    pub principal: Principal,
    pub rights: Arc<Rights>,
    /// When the proof ends that it is remembered by; none of a certificate, which ends by its own time.
    pub until: Option<Timestamp>,
}

/// Verified proofs by their text. Only what was verified gets in, so a guesser fills nothing.
#[derive(Debug, Default)]
pub(super) struct Remembered(ArcSwap<HashMap<Arc<str>, Arc<Known>>>);

impl Remembered {
    /// What is known of `proof`.
    pub fn get(&self, proof: &str) -> Option<Arc<Known>> {
        self.0.load().get(proof).cloned()
    }

    /// Remembers `proof`.
    pub fn insert(&self, proof: &str, known: &Arc<Known>) {
        self.0.rcu(|all| {
            let mut all = if all.len() < MOST { HashMap::clone(all) } else { HashMap::new() };
            all.insert(proof.into(), Arc::clone(known));
            all
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_than_so_many_are_remembered() {
        let remembered = Remembered::default();
        let known =
            Arc::new(Known { principal: Principal::anonymous(), rights: Rights::everything().into(), until: None });
        for number in 0..=MOST {
            remembered.insert(&number.to_string(), &known);
        }
        assert!(remembered.get(&MOST.to_string()).is_some());
        assert!(remembered.get("0").is_none());
    }
}
