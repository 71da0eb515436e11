//! The cache through restarts, gaps and starts without a registry.

use std::path::Path;
use std::time::Duration;

use slipway_sdk::name::ModelName;
use slipway_sdk::{Cache, CacheSettings, Registry, pb};
use tokio::time::timeout;

use crate::fake_registry::{FakeRegistry, Turn, unavailable};
use crate::serving::{PATIENCE, Serving, endpoint, nowhere};

fn model() -> ModelName {
    ModelName::parse("namespaces/default/models/m").unwrap()
}

fn owned_by(owner: &str) -> pb::Resource {
    let one = pb::Model { name: model().to_string(), owner: owner.to_owned(), ..Default::default() };
    pb::Resource { resource: Some(pb::resource::Resource::Model(one)) }
}

fn version(number: u64) -> pb::Resource {
    let one = pb::Version { name: model().version(number).to_string(), ..Default::default() };
    pb::Resource { resource: Some(pb::resource::Resource::Version(one)) }
}

fn served_by(number: u64, generation: i64) -> pb::Resource {
    let range = pb::BucketRange { start: 0, end: 100_000, version: model().version(number).to_string() };
    let one = pb::Traffic {
        name: model().traffic(),
        salt: "s".to_owned(),
        ranges: vec![range],
        generation,
        ..Default::default()
    };
    pb::Resource { resource: Some(pb::resource::Resource::Traffic(one)) }
}

fn kept_in(file: &Path) -> CacheSettings {
    CacheSettings { file: Some(file.to_owned()), debounce: Duration::from_millis(1), ..CacheSettings::default() }
}

async fn owner_becomes(cache: &Cache, owner: &str) {
    let mut picture = cache.picture();
    let arrived = async {
        while picture.model(&model()).map(|model| model.owner.as_str()) != Some(owner) {
            picture = cache.changed(&picture).await;
        }
    };
    timeout(PATIENCE, arrived).await.expect("the change arrives");
}

#[tokio::test]
async fn the_state_comes_first_and_then_every_change() {
    let fake = FakeRegistry::new();
    fake.put(vec![owned_by("ranking"), version(1), version(2), version(10)]);
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), CacheSettings::default());
    let picture = cache.ready(PATIENCE).await.unwrap();
    assert!(cache.freshness().live && cache.freshness().age.is_some());
    let numbers: Vec<_> = picture.versions(&model()).map(|(name, _)| name.number).collect();
    assert_eq!((picture.model(&model()).unwrap().owner.as_str(), numbers), ("ranking", vec![1, 2, 10]));
    fake.put(vec![owned_by("feed")]);
    owner_becomes(&cache, "feed").await;
    let before = cache.picture();
    fake.delete(&model().version(2).to_string());
    let after = timeout(PATIENCE, cache.changed(&before)).await.unwrap();
    assert_eq!((before.versions(&model()).count(), after.versions(&model()).count()), (3, 2));
}

#[tokio::test]
async fn all_changes_of_a_revision_are_seen_at_once() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), CacheSettings::default());
    let mut picture = cache.ready(PATIENCE).await.unwrap();
    let last = (1..=100).map(|n| fake.put(vec![version(n), owned_by(&format!("o{n}"))])).max().unwrap();
    while picture.revision() < last {
        picture = timeout(PATIENCE, cache.changed(&picture)).await.unwrap();
        let count = picture.versions(&model()).count();
        assert_eq!(picture.model(&model()).unwrap().owner, format!("o{count}"));
    }
}

#[tokio::test]
async fn the_last_known_state_outlives_the_registry_and_is_resumed_by_revision() {
    let fake = FakeRegistry::new();
    fake.put(vec![owned_by("ranking")]);
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), CacheSettings::default());
    cache.ready(PATIENCE).await.unwrap();
    let address = serving.kill();
    let away = timeout(PATIENCE, cache.fresh(|freshness| !freshness.live)).await.unwrap();
    assert!(away.interruption.is_some() && away.age.is_some());
    assert_eq!(cache.picture().model(&model()).unwrap().owner, "ranking");
    fake.put(vec![owned_by("feed")]);
    let _serving = Serving::start_at(fake.routes(), address);
    owner_becomes(&cache, "feed").await;
    assert!(cache.freshness().live);
    assert_eq!(fake.watches().last(), Some(&Some(1)));
}

#[tokio::test]
async fn a_registry_that_was_restored_and_has_passed_the_revision_since_is_followed_from_its_state() {
    for passed in [2, 3, 4] {
        let fake = FakeRegistry::new();
        fake.put(vec![owned_by("ranking")]);
        fake.put(vec![version(1)]);
        fake.put(vec![owned_by("feed")]);
        let serving = Serving::start(fake.routes());
        let cache = Cache::start(&Registry::new(&serving.endpoint()), CacheSettings::default());
        cache.ready(PATIENCE).await.unwrap();
        owner_becomes(&cache, "feed").await;
        let address = serving.kill();
        // What came after its first revision is lost; then it goes on, from the same revisions to others.
        fake.restore("another");
        fake.put(vec![owned_by("ranking")]);
        for _ in 2..passed {
            fake.put(vec![version(2)]);
        }
        let _serving = Serving::start_at(fake.routes(), address);
        owner_becomes(&cache, "ranking").await;
        let picture = cache.picture();
        assert_eq!(
            (picture.history(), picture.revision(), picture.version(&model().version(1))),
            ("another", passed, None)
        );
    }
}

#[tokio::test]
async fn revisions_that_are_forgotten_are_made_good_by_the_whole_state() {
    let fake = FakeRegistry::new();
    fake.put(vec![owned_by("ranking"), version(1)]);
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), CacheSettings::default());
    cache.ready(PATIENCE).await.unwrap();
    let address = serving.kill();
    fake.delete(&model().version(1).to_string());
    fake.put(vec![owned_by("feed")]);
    fake.compact();
    let _serving = Serving::start_at(fake.routes(), address);
    owner_becomes(&cache, "feed").await;
    assert_eq!(cache.picture().versions(&model()).count(), 0, "what was deleted in the gap is still there");
    assert_eq!(fake.watches()[fake.watches().len() - 2..], [Some(1), None]);
}

#[tokio::test]
async fn a_client_starts_from_its_file_while_the_registry_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache");
    let fake = FakeRegistry::new();
    fake.put(vec![owned_by("ranking"), served_by(3, 1)]);
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), kept_in(&file));
    cache.ready(PATIENCE).await.unwrap();
    cache.save().await.unwrap();
    drop(cache);
    let address = serving.kill();

    let cache = Cache::start(&Registry::new(&endpoint(address)), kept_in(&file));
    let picture = cache.ready(Duration::ZERO).await.unwrap();
    assert_eq!((picture.revision(), cache.freshness().live), (1, false));
    assert!(cache.freshness().age.is_some());
    assert_eq!(cache.router().model(&model()).route("unit").unwrap().number(), 3);
    fake.put(vec![owned_by("feed")]);
    let _serving = Serving::start_at(fake.routes(), address);
    owner_becomes(&cache, "feed").await;
}

#[tokio::test]
async fn a_router_serves_nothing_once_the_traffic_of_its_model_is_deleted() {
    let fake = FakeRegistry::new();
    fake.put(vec![served_by(1, 1)]);
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), CacheSettings::default());
    let before = cache.ready(PATIENCE).await.unwrap();
    let prepared = cache.router().model(&model());
    assert!(prepared.route("unit").is_some());
    fake.delete(&model().traffic());
    timeout(PATIENCE, cache.changed(&before)).await.unwrap();
    assert!(prepared.route("unit").is_none() && cache.router().route(&model(), "unit").is_none());
}

#[tokio::test]
async fn nothing_is_kept_before_something_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache");
    let cache = Cache::start(&Registry::new(&endpoint(nowhere())), kept_in(&file));
    cache.save().await.unwrap();
    assert!(!file.exists(), "a client that starts from it would take it for a registry without models");
}

#[tokio::test]
async fn the_file_follows_the_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache");
    let fake = FakeRegistry::new();
    fake.put(vec![owned_by("ranking")]);
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), kept_in(&file));
    cache.ready(PATIENCE).await.unwrap();
    fake.put(vec![owned_by("feed")]);
    let written = async {
        loop {
            let offline = Cache::start(&Registry::new(&endpoint(nowhere())), kept_in(&file));
            if offline.picture().model(&model()).is_some_and(|model| model.owner == "feed") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, written).await.expect("the file is written");
}

#[tokio::test]
async fn a_damaged_file_does_not_keep_a_client_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache");
    std::fs::write(&file, b"SLIPWAYC and then rubbish").unwrap();
    let fake = FakeRegistry::new();
    fake.put(vec![owned_by("ranking")]);
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), kept_in(&file));
    assert!(cache.ready(PATIENCE).await.unwrap().model(&model()).is_some());
}

#[tokio::test]
async fn a_client_that_knows_nothing_says_so_in_time() {
    let address = nowhere();
    let cache = Cache::start(&Registry::new(&endpoint(address)), CacheSettings::default());
    timeout(PATIENCE, cache.fresh(|freshness| freshness.interruption.is_some())).await.unwrap();
    let error = cache.ready(Duration::from_millis(10)).await.unwrap_err();
    assert_eq!((error.reason(), error.is_retryable()), ("CACHE_EMPTY", true));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn a_refusal_for_good_is_asked_again_all_the_same() {
    let fake = FakeRegistry::new();
    fake.put(vec![owned_by("ranking")]);
    fake.then(Turn::Refuse(tonic::Status::permission_denied("not yet"))).then(Turn::Refuse(unavailable(None)));
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), CacheSettings::default());
    cache.ready(PATIENCE).await.unwrap();
    assert_eq!(fake.watches().len(), 3);
}

#[tokio::test]
async fn a_router_follows_the_traffic() {
    let fake = FakeRegistry::new();
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), CacheSettings::default());
    cache.ready(PATIENCE).await.unwrap();
    let (router, prepared) = (cache.router(), cache.router().model(&model()));
    assert!(prepared.route("unit").is_none() && router.route(&model(), "unit").is_none());
    for number in 1..=3 {
        let revision = fake.put(vec![served_by(number, i64::try_from(number).unwrap())]);
        let seen = timeout(PATIENCE, cache.fresh(|freshness| freshness.revision >= revision)).await.unwrap();
        assert_eq!(seen.revision, revision);
        let routed = prepared.route("unit").unwrap();
        assert_eq!((routed.version(), routed.generation()), (&model().version(number), number));
        assert_eq!(router.route(&model(), "unit").unwrap().number(), number);
    }
}

#[tokio::test]
async fn a_router_alone_keeps_its_traffic_up_to_date() {
    let fake = FakeRegistry::new();
    fake.put(vec![served_by(1, 1)]);
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), CacheSettings::default());
    cache.ready(PATIENCE).await.unwrap();
    let prepared = cache.router().model(&model());
    drop(cache);
    fake.put(vec![served_by(2, 2)]);
    let moved = async {
        while prepared.route("unit").unwrap().number() != 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, moved).await.expect("the traffic moves");
}

#[tokio::test]
async fn a_router_that_was_there_first_routes_as_soon_as_the_state_is_known() {
    let address = nowhere();
    let cache = Cache::start(&Registry::new(&endpoint(address)), CacheSettings::default());
    let router = cache.router().model(&model());
    assert!(router.route("a unit").is_none());
    let fake = FakeRegistry::new();
    fake.put(vec![owned_by("ranking"), served_by(2, 1)]);
    let _serving = Serving::start_at(fake.routes(), address);
    cache.ready(PATIENCE).await.unwrap();
    assert_eq!(router.route("a unit").map(|routed| routed.number()), Some(2));
}
