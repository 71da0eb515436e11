//! Checkpoints, proofs and exports, verified as a stranger would: from what was answered and the key alone.

use std::sync::Arc;

use slipway_domain::ledger::checkpoint::Checkpoint;
use slipway_domain::ledger::hash::{self, Hash};
use slipway_domain::ledger::leaf::Leaf;
use slipway_domain::ledger::note::Verifier;
use slipway_domain::ledger::proof;
use slipway_domain::ledger::tree::Tree;
use slipway_sdk::{Registry, pb};
use slipway_store::Txn;
use slipway_store::memory::Memory;

use crate::support::{Running, fields, model_with_versions, name, new_model, reason, start, start_on};

/// What the registry signed, read with its key.
fn opened(checkpoint: &pb::Checkpoint) -> Checkpoint {
    let verifier = Verifier::parse(&checkpoint.verifier_key).unwrap();
    let opened = Checkpoint::open(&checkpoint.note, &verifier).unwrap();
    let told = (u64::try_from(checkpoint.size).unwrap(), checkpoint.root.clone());
    assert_eq!((opened.head.size, opened.head.root.to_vec()), told, "the fields repeat the note");
    opened
}

fn hashes(proof: &[Vec<u8>]) -> Vec<Hash> {
    proof.iter().map(|hash| hash.as_slice().try_into().unwrap()).collect()
}

async fn checkpoint(registry: &Registry, size: Option<i64>) -> pb::Checkpoint {
    registry.get_checkpoint(pb::GetCheckpointRequest { size, revision: None }).await.unwrap()
}

async fn exported(registry: &Registry, first_index: i64, size: Option<i64>) -> (Vec<pb::LedgerEntry>, pb::Checkpoint) {
    let mut export = registry.export_ledger(pb::ExportLedgerRequest { first_index, size }).await.unwrap();
    let mut all = Vec::new();
    while let Some(entries) = export.entries().await.unwrap() {
        all.extend(entries);
    }
    (all, export.checkpoint().cloned().unwrap())
}

/// A registry with seven entries in its ledger.
async fn with_seven() -> Running {
    let registry = start_on(Arc::new(Memory::new())).await;
    registry.client.ensure_team(&"namespaces/default/teams/ranking".parse().unwrap()).await.unwrap();
    model_with_versions(&registry.client, "ctr", 2).await;
    registry.client.create_model(new_model("cvr")).await.unwrap();
    assert_eq!(checkpoint(&registry.client, None).await.size, 7);
    registry
}

#[tokio::test]
async fn an_empty_ledger_has_a_checkpoint_too() {
    let registry = start_on(Arc::new(Memory::new())).await;
    let checkpoint = checkpoint(&registry.client, None).await;
    let opened = opened(&checkpoint);
    assert_eq!((opened.head.size, opened.head.root, checkpoint.revision), (0, hash::empty(), 0));
    assert!(opened.origin.starts_with("slipway-registry/"), "{opened:?}");
    assert_eq!(exported(&registry.client, 0, None).await, (vec![], checkpoint));
}

#[tokio::test]
async fn what_is_exported_has_the_root_of_the_checkpoint_and_says_what_was_changed() {
    let registry = with_seven().await;
    let (entries, checkpoint) = exported(&registry.client, 0, None).await;
    let leaves: Vec<_> = entries.iter().map(|entry| Leaf::decode(&entry.leaf).unwrap()).collect();
    let tree: Tree = leaves.iter().map(Leaf::hash).collect();
    assert_eq!(tree.root(7), Some(opened(&checkpoint).head.root));
    assert_eq!(entries.iter().map(|entry| entry.index).collect::<Vec<_>>(), (0..7).collect::<Vec<_>>());
    let listed = pb::ListChangesRequest { page_size: 50, ..Default::default() };
    let listed = registry.client.list_changes(listed).await.unwrap().changes;
    let told = listed.iter().rev().map(|change| (change.revision.unsigned_abs(), change.resource.as_str()));
    let mut found: Vec<_> = leaves.iter().map(|leaf| (leaf.revision, leaf.resource())).collect();
    assert_eq!(found, told.collect::<Vec<_>>());
    found.dedup_by_key(|(revision, _)| *revision);
    assert_eq!(found.len(), 5, "a creation of a model writes its traffic in the same revision");
    let rest = exported(&registry.client, 5, None).await;
    assert_eq!(rest, (entries[5..].to_vec(), checkpoint));
    let (first, then) = exported(&registry.client, 0, Some(3)).await;
    assert_eq!((&first[..], opened(&then).head.root), (&entries[..3], tree.root(3).unwrap()));
}

#[tokio::test]
async fn every_entry_is_proven_by_its_number_and_by_its_change() {
    let registry = with_seven().await;
    for size in 1..=7 {
        for index in 0..size {
            let request = pb::ProveInclusionRequest { index: Some(index), size: Some(size), ..Default::default() };
            let answer = registry.client.prove_inclusion(request).await.unwrap();
            let head = opened(answer.checkpoint.as_ref().unwrap()).head;
            let leaf = Leaf::decode(&answer.leaf).unwrap();
            proof::inclusion(&leaf.hash(), index.unsigned_abs(), &head, &hashes(&answer.hashes)).unwrap();
            let by_change = pb::ProveInclusionRequest {
                revision: Some(i64::try_from(leaf.revision).unwrap()),
                resource: leaf.resource().to_owned(),
                size: Some(size),
                ..Default::default()
            };
            assert_eq!(registry.client.prove_inclusion(by_change).await.unwrap(), answer);
        }
    }
}

#[tokio::test]
async fn a_ledger_that_grew_begins_with_every_checkpoint_that_it_ever_gave() {
    let registry = start().await;
    let mut kept = vec![checkpoint(&registry.client, None).await];
    for id in ["a", "b", "c"] {
        registry.client.create_model(new_model(id)).await.unwrap();
        kept.push(checkpoint(&registry.client, None).await);
    }
    let key = kept[0].verifier_key.clone();
    let registry = registry.restart().await;
    model_with_versions(&registry.client, "d", 5).await;
    for old in &kept {
        let request = pb::ProveConsistencyRequest { old_size: old.size, new_size: None };
        let answer = registry.client.prove_consistency(request).await.unwrap();
        let now = answer.checkpoint.unwrap();
        proof::consistency(&opened(old).head, &opened(&now).head, &hashes(&answer.hashes)).unwrap();
        assert_eq!(now.verifier_key, key, "the key is kept");
        assert_eq!(checkpoint(&registry.client, Some(old.size)).await, *old, "and so is what it was");
        let request = pb::GetCheckpointRequest { revision: Some(old.revision), size: None };
        assert_eq!(registry.client.get_checkpoint(request).await.unwrap(), *old);
    }
}

#[tokio::test]
async fn a_moment_that_never_was_is_refused_and_says_what_there_is() {
    let registry = with_seven().await;
    let client = &registry.client;
    let at = |size, revision| pb::GetCheckpointRequest { size, revision };
    assert_eq!(reason(client.get_checkpoint(at(Some(8), None)).await), "LEDGER_SHORTER");
    assert_eq!(reason(client.get_checkpoint(at(None, Some(1000))).await), "REVISION_AHEAD");
    let old = |old_size, new_size| pb::ProveConsistencyRequest { old_size, new_size };
    let error = client.prove_consistency(old(8, None)).await.unwrap_err();
    assert_eq!((error.reason(), error.facts()["current"].as_str()), ("LEDGER_SHORTER", "7"));
    assert_eq!(fields(client.prove_consistency(old(5, Some(4))).await), ["old_size"]);
    let entry = |index, revision, resource: String| pb::ProveInclusionRequest { index, revision, resource, size: None };
    assert_eq!(reason(client.prove_inclusion(entry(Some(7), None, String::new())).await), "NOT_FOUND");
    let change = entry(None, Some(1), name("cvr").to_string());
    assert_eq!(reason(client.prove_inclusion(change).await), "NOT_FOUND");
}

#[tokio::test]
async fn what_can_not_be_asked_is_told_by_its_field() {
    let registry = start().await;
    let client = &registry.client;
    let both = pb::GetCheckpointRequest { size: Some(-1), revision: Some(-1) };
    assert_eq!(fields(client.get_checkpoint(both).await), ["revision", "revision"]);
    let size = pb::GetCheckpointRequest { size: Some(-1), revision: None };
    assert_eq!(fields(client.get_checkpoint(size).await), ["size"]);
    let old = pb::ProveConsistencyRequest { old_size: -1, new_size: Some(-1) };
    assert_eq!(fields(client.prove_consistency(old).await), ["old_size", "new_size"]);
    let unsaid = pb::ProveInclusionRequest { size: Some(-1), ..Default::default() };
    assert_eq!(fields(client.prove_inclusion(unsaid).await), ["index", "size"]);
    let twice = pb::ProveInclusionRequest { index: Some(1), resource: "x".to_owned(), ..Default::default() };
    assert_eq!(fields(client.prove_inclusion(twice).await), ["index"]);
    let export = pb::ExportLedgerRequest { first_index: -1, size: Some(-1) };
    let refused = match client.export_ledger(export).await {
        Ok(mut export) => export.entries().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(refused.violations().len(), 2, "{refused}");
}

#[tokio::test]
async fn an_entry_that_was_changed_below_a_running_registry_is_not_given_out() {
    let registry = with_seven().await;
    let (entries, _) = exported(&registry.client, 0, None).await;
    let leaf = Leaf::decode(&entries[3].leaf).unwrap();
    registry.store.txn(Txn::new().put(leaf.key.to_vec(), leaf.record[..leaf.record.len() - 1].to_vec())).await.unwrap();
    let request = pb::ProveInclusionRequest { index: Some(3), ..Default::default() };
    assert_eq!(reason(registry.client.prove_inclusion(request).await), "ROW_DAMAGED");
    let mut export = registry.client.export_ledger(pb::ExportLedgerRequest::default()).await.unwrap();
    assert_eq!(export.entries().await.unwrap_err().reason(), "ROW_DAMAGED");
}
