//! Claim: the ledger tells every change of every resource: what it was before and what it is after, in the transaction
//! that changed it, and nothing else; all of it is listed, and the tree that is signed is over all of it, in order.

use std::collections::BTreeMap;

use bytes::Bytes;
use slipway_chassis::record as stored;
use slipway_domain::ledger::leaf::Leaf;
use slipway_domain::ledger::tree::Tree;
use slipway_domain::ledger::{Change, Resource};
use slipway_registry::keys;
use slipway_registry::record::{self, Row};

use crate::chronicle::{Role, What};
use crate::history::History;

/// Checks every transaction of the registry.
pub fn check(history: &History) -> Result<(), String> {
    let mut resources = BTreeMap::new();
    let (mut entries, mut tree) = (0, Tree::default());
    for fact in &history.facts {
        let What::Committed(life, revision, writes) = &fact.what else { continue };
        if life.role == Role::Registry {
            entries += told(&mut resources, writes).map_err(|what| format!("revision {revision}: {what}"))?;
            grow(&mut tree, *revision, writes);
        }
    }
    let listed = history.last.listed;
    if listed != entries {
        return Err(format!("{entries} entries were written and {listed} are listed"));
    }
    if history.last.root != tree.root(entries as u64) {
        return Err(format!("{entries} entries were written, and another tree than theirs is signed"));
    }
    Ok(())
}

/// Appends the entries of one transaction.
fn grow(tree: &mut Tree, revision: u64, writes: &[(Bytes, Option<Bytes>)]) {
    for (key, value) in writes.iter().filter(|(key, _)| keys::ledger_resource(key).is_some()) {
        let record = value.as_deref().unwrap_or_default();
        tree.push(Leaf { revision, key, record }.hash());
    }
}

/// Checks one transaction, and says how many entries it has.
fn told(resources: &mut BTreeMap<String, Resource>, writes: &[(Bytes, Option<Bytes>)]) -> Result<usize, String> {
    let mut changed = BTreeMap::new();
    let mut entries = Vec::new();
    for (key, value) in writes {
        let Some(value) = value else { continue };
        match record::read(key, value).map_err(|error| error.to_string())? {
            Row::Resource(resource) => drop(changed.insert(resource.name(), *resource)),
            Row::Ledger => {
                let name = keys::ledger_resource(key).unwrap_or_default().to_owned();
                let change: Change = stored::decode(value).map_err(|error| error.to_string())?;
                entries.push((name, change));
            }
            Row::Latest(..)
            | Row::Quarantine(..)
            | Row::Claims(..)
            | Row::Answer(..)
            | Row::Edges(..)
            | Row::Policies(..)
            | Row::Judged(..)
            | Row::Sighting(_)
            | Row::SigningKey => {}
        }
    }
    if keys_of(&entries) != changed.keys().cloned().collect::<Vec<_>>() {
        return Err(format!("{:?} changed, and the ledger tells of {:?}", changed.keys(), keys_of(&entries)));
    }
    for (name, change) in &entries {
        if change.before.as_ref() != resources.get(name) || change.after.as_ref() != changed.get(name) {
            return Err(format!("the ledger does not tell what became of {name}: {change:?}"));
        }
    }
    resources.extend(changed);
    Ok(entries.len())
}

fn keys_of(entries: &[(String, Change)]) -> Vec<String> {
    let mut names: Vec<_> = entries.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    names
}

#[test]
fn a_change_that_the_ledger_does_not_tell_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    let tells = |writes: &[(Bytes, Option<Bytes>)]| writes.iter().any(|(key, _)| keys::ledger_resource(key).is_some());
    let told =
        |what: &What| matches!(what, What::Committed(life, _, writes) if life.role == Role::Registry && tells(writes));
    let fact = history.facts.iter_mut().rfind(|fact| told(&fact.what)).unwrap();
    if let What::Committed(_, _, writes) = &mut fact.what {
        writes.retain(|(key, _)| keys::ledger_resource(key).is_none());
    }
    assert!(check(&history).is_err());
}

#[test]
fn a_tree_that_is_signed_and_is_over_something_else_is_seen() {
    let mut history = super::red::calm();
    history.last.root = history.last.root.map(|root| root.map(|byte| !byte));
    assert!(check(&history).unwrap_err().contains("another tree"));
}
