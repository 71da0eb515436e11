//! Traffic: a partition of the buckets, fenced by generation and epoch.

use slipway_sdk::pb;

use crate::support::{fields, model_with_versions, name, reason, start};

fn split(at: i32) -> Vec<pb::BucketRange> {
    let range = |start, end, number| pb::BucketRange { start, end, version: name("ctr").version(number).to_string() };
    match at {
        100_000 => vec![range(0, 100_000, 1)],
        at => vec![range(0, at, 1), range(at, 100_000, 2)],
    }
}

fn set(ranges: Vec<pb::BucketRange>, generation: i64, epoch: i64) -> pb::SetTrafficRequest {
    pb::SetTrafficRequest { name: name("ctr").traffic(), ranges, generation, epoch, ..Default::default() }
}

#[tokio::test]
async fn a_new_model_serves_nothing_and_has_a_salt_of_its_own() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 1).await;
    model_with_versions(&registry.client, "cvr", 1).await;
    let traffic = registry.client.get_traffic(&name("ctr")).await.unwrap();
    assert_eq!((traffic.ranges.len(), traffic.generation, traffic.epoch), (0, 0, 0));
    assert_ne!(traffic.salt, registry.client.get_traffic(&name("cvr")).await.unwrap().salt);
    assert!(!traffic.salt.is_empty());
}

#[tokio::test]
async fn a_writer_that_read_an_older_generation_is_refused() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 2).await;
    let first = registry.client.set_traffic(set(split(100_000), 0, 0)).await.unwrap();
    assert_eq!(first.generation, 1);
    let stale = registry.client.set_traffic(set(split(50_000), 0, 0)).await;
    assert_eq!(reason(stale), "TRAFFIC_GENERATION_CHANGED");
    assert_eq!(registry.client.get_traffic(&name("ctr")).await.unwrap(), first);
}

#[tokio::test]
async fn an_older_launcher_is_fenced_out_and_a_person_can_take_over() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 2).await;
    registry.client.set_traffic(set(split(100_000), 0, 5)).await.unwrap();
    assert_eq!(reason(registry.client.set_traffic(set(split(50_000), 1, 4)).await), "TRAFFIC_EPOCH_FENCED");
    assert_eq!(reason(registry.client.set_traffic(set(split(50_000), 1, 0)).await), "TRAFFIC_HELD_BY_LAUNCHER");
    let mut by_hand = set(split(50_000), 1, 0);
    by_hand.override_epoch = true;
    assert_eq!(registry.client.set_traffic(by_hand).await.unwrap().epoch, 6);
    assert_eq!(reason(registry.client.set_traffic(set(split(60_000), 2, 5)).await), "TRAFFIC_EPOCH_FENCED");
}

#[tokio::test]
async fn ranges_that_are_no_partition_among_existing_versions_are_refused_by_range() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 1).await;
    let gap = vec![pb::BucketRange { start: 5, end: 100_000, version: name("ctr").version(1).to_string() }];
    assert_eq!(fields(registry.client.set_traffic(set(gap, 0, 0)).await), ["ranges[0].start"]);
    assert_eq!(fields(registry.client.set_traffic(set(split(50_000), 0, 0)).await), ["ranges[1].version"]);
    let nobody = vec![pb::BucketRange { start: -1, end: i32::MAX, version: "x".to_owned() }];
    assert_eq!(
        fields(registry.client.set_traffic(set(nobody, -1, -1)).await),
        ["ranges[0].version", "generation", "epoch"]
    );
    assert_eq!(registry.client.get_traffic(&name("ctr")).await.unwrap().generation, 0);
}

#[tokio::test]
async fn of_many_writers_of_one_generation_exactly_one_wins() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 2).await;
    let writers = (1..=20).map(|at| {
        let client = registry.client.clone();
        tokio::spawn(async move { client.set_traffic(set(split(at * 1000), 0, 0)).await.is_ok() })
    });
    let mut won = 0;
    for writer in writers.collect::<Vec<_>>() {
        won += usize::from(writer.await.unwrap());
    }
    assert_eq!((won, registry.client.get_traffic(&name("ctr")).await.unwrap().generation), (1, 1));
}
