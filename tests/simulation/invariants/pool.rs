//! Claim: a pool is never oversubscribed. Pools of capacity are not there yet; what there is, is the number of commands
//! that a launcher may have under way at each peer.

use std::collections::BTreeMap;

use crate::chronicle::{Bound, What};
use crate::history::History;
use crate::services::CONCURRENCY;

/// Counts the commands that are under way.
pub fn check(history: &History) -> Result<(), String> {
    let mut under_way: BTreeMap<_, usize> = BTreeMap::new();
    for fact in &history.facts {
        let What::Command(life, peer, bound) = &fact.what else { continue };
        let count = under_way.entry((*life, *peer)).or_default();
        match bound {
            Bound::Out => *count += 1,
            Bound::Back => *count -= 1,
        }
        if *count > CONCURRENCY {
            return Err(format!("{}: {life:?} has {count} commands under way at the {peer}", fact.at));
        }
    }
    Ok(())
}

#[test]
fn one_command_too_many_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    let (life, peer) = (super::red::first(crate::chronicle::Role::Launcher), slipway_launcher::peers::Peer::Health);
    let more = super::red::late(&history, What::Command(life, peer, Bound::Out));
    history.facts.extend(std::iter::repeat_n(more, CONCURRENCY + 1));
    assert!(check(&history).is_err());
}
