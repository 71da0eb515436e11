//! Data folders that versions have written, opened by this one: everything is found in them, and work goes on.
//!
//! How new ones are made is told in `make.rs`. Those that are here are never made again.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod services;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use services::{BEGUN, FOLDERS, PATIENCE, Services, models, version};
use slipway_sdk::pb;
use slipway_sdk::pb::LaunchState::{Aborted, Shadowing};
use slipway_store::embedded::inspect::inspect;
use tempfile::TempDir;

/// What is left out of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Without {
    Nothing,
    /// The whole history is in the journal.
    Snapshots,
    /// The whole state is in the snapshot.
    Journal,
}

/// The golden folders of all versions.
fn versions() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let entries = std::fs::read_dir(golden).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    assert!(!found.is_empty());
    found
}

fn copy(from: &Path, without: Without) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for folder in FOLDERS {
        std::fs::create_dir(to.path().join(folder)).unwrap();
        for entry in std::fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let left = match without {
                Without::Nothing => false,
                Without::Snapshots => name.starts_with("snapshot-"),
                Without::Journal => name.starts_with("journal-"),
            };
            if !left {
                std::fs::copy(entry.path(), to.path().join(folder).join(name)).unwrap();
            }
        }
    }
    to
}

/// Opens a copy of each golden folder, a little later than it was made.
async fn each(without: Without, look: impl AsyncFn(Services)) {
    for golden in versions() {
        let folder = copy(&golden, without);
        let begun: Timestamp = BEGUN.parse().unwrap();
        look(Services::start(folder.path(), begun + Duration::from_secs(5 * 3600)).await).await;
    }
}

async fn all_is_there(services: Services) {
    the_registry_is_there(&services).await;
    whose_fields_are_is_known(&services).await;
    the_observations_are_there(&services).await;
    the_launches_are_there(&services).await;
    work_goes_on(&services).await;
    services.stop().await;
}

async fn the_registry_is_there(Services { registry, .. }: &Services) {
    let mut owners = Vec::new();
    for name in models() {
        let model = registry.get_model(&name).await.unwrap();
        owners.push((model.owner, model.label_window.map(|window| window.seconds)));
    }
    assert_eq!(owners, [("operations".to_owned(), Some(7200)), ("seats".to_owned(), Some(7200))]);
    let kind = "namespaces/default/modelTypes/classifier".parse().unwrap();
    assert_eq!(registry.get_model_type(&kind).await.unwrap().description, "says yes or no");
    for number in 1..=3 {
        let found = registry.get_version(&version(number)).await.unwrap();
        assert_eq!(found.artifact_digest, format!("sha256:{number:064x}"));
        let quarantine = found.quarantine.map(|mark| mark.reason);
        assert_eq!(quarantine, (number == 3).then(|| "it forgets the weather".to_owned()));
    }
    let traffic = registry.get_traffic(&models()[0]).await.unwrap();
    let ranges: Vec<_> = traffic.ranges.iter().map(|range| (range.start, range.end, range.version.clone())).collect();
    assert_eq!(ranges, [(0, 100_000, version(1).to_string())]);
    let request = pb::ListChangesRequest { parent: "namespaces/default".to_owned(), ..Default::default() };
    let ledger = registry.list_changes(request).await.unwrap().changes;
    let last = |change: &pb::Change| (change.resource.clone(), change.reason.clone());
    // Teams came with the second layout.
    let older = ledger.iter().filter(|change| !change.resource.contains("/teams/")).count();
    assert_eq!((older, last(&ledger[0])), (10, (version(3).to_string(), "it forgets the weather".to_owned())));
    // The answer to a request that carried an id is known still.
    let request = pb::CreateVersionRequest {
        parent: models()[0].to_string(),
        version: Some(pb::Version {
            artifact_uri: "file:///models/v2".to_owned(),
            artifact_digest: format!("sha256:{:064x}", 2),
            ..Default::default()
        }),
        request_id: "00000000-0000-4000-8000-000000000002".to_owned(),
        ..Default::default()
    };
    assert_eq!(registry.create_version(request).await.unwrap().name, version(2).to_string());
}

/// Whose fields are came with the third layout.
async fn whose_fields_are_is_known(Services { registry, .. }: &Services) {
    if registry.get_team(&"namespaces/default/teams/runway".parse().unwrap()).await.is_ok() {
        let refused = registry.apply_models(services::manifest("other", "#elsewhere")).await.unwrap_err();
        assert!(refused.preconditions()[0].description.contains("the manager tower"), "{refused:?}");
    }
}

async fn the_observations_are_there(Services { health, .. }: &Services) {
    let request = pb::GetHealthRequest { name: version(1).to_string(), include_immature: true, ..Default::default() };
    // Cohorts are judged by the model's label window as soon as the registry was heard.
    let told = async {
        loop {
            let found = health.get_health(request.clone()).await.unwrap();
            if !found.assumed_policy {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, told).await.expect("the registry is heard");
    assert_eq!((found.rows, found.positives, found.predicted), (24, 6, 24));
    assert_eq!(found.base_rate, Some(0.25));
    let since = BEGUN.parse::<Timestamp>().unwrap() - Duration::from_secs(86_400);
    let request = pb::EvaluateRequest {
        since: Some(prost_types::Timestamp { seconds: since.as_second(), nanos: 0 }),
        candidate: version(2).to_string(),
        baseline: version(1).to_string(),
        ..Default::default()
    };
    let evidence = health
        .evaluate(pb::EvaluateRequest { comparison: pb::Comparison::Paired.into(), next_share: 1.0, ..request })
        .await
        .unwrap();
    assert_eq!(evidence.candidate.as_ref().map(|arm| arm.rows), Some(24), "{evidence:#?}");
}

async fn the_launches_are_there(Services { launcher, .. }: &Services) {
    let request = pb::ListLaunchesRequest { parent: "namespaces/default".to_owned(), ..Default::default() };
    let launches = launcher.list_launches(request).await.unwrap().launches;
    let states: Vec<_> = launches.iter().map(pb::Launch::state).collect();
    assert_eq!(states, [Shadowing, Aborted]);
    assert!(launches.iter().all(|launch| launch.candidate == version(2).to_string()));
    let [running, aborted] = &launches[..] else { panic!("{launches:#?}") };
    assert!(aborted.evidence.is_some() && aborted.end_time.is_some(), "{aborted:#?}");
    assert!(running.next_action_time.is_some() && running.end_time.is_none(), "{running:#?}");
    let request = pb::ExplainLaunchRequest { name: aborted.name.clone(), events: Some(1000) };
    let events = launcher.explain_launch(request).await.unwrap().events;
    let numbers: Vec<_> = events.iter().rev().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    assert!(numbers.len() > 3, "{events:#?}");
}

/// The launch that was running goes on where it was, by its timer.
async fn work_goes_on(services: &Services) {
    let request = pb::ListLaunchesRequest { parent: "namespaces/default".to_owned(), ..Default::default() };
    let running = services.launcher.list_launches(request).await.unwrap().launches.remove(0);
    let name = running.name.parse().unwrap();
    let asked = async {
        while services.launcher.get_launch(&name).await.unwrap().evidence.is_none() {
            services.clock.advance(Duration::from_secs(900)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("its gate is asked");
    let report = pb::AbortLaunchRequest { name: running.name, reason: "enough".to_owned(), ..Default::default() };
    services.launcher.abort_launch(report).await.unwrap();
}

#[tokio::test]
async fn what_every_version_has_written_is_found_and_goes_on() {
    each(Without::Nothing, all_is_there).await;
}

#[tokio::test]
async fn the_journal_of_every_version_is_enough() {
    each(Without::Snapshots, all_is_there).await;
}

#[tokio::test]
async fn a_snapshot_of_every_version_is_enough() {
    each(Without::Journal, all_is_there).await;
}

/// What the tree of the ledger in the folders of the first version comes to. It never changes: checkpoints that people
/// keep say so of their own ledgers, and the bytes of an entry are what they were when it was written.
const FIRST_ROOT: &str = "2f93c8ce62aabfe83f6555f9ad369e5b73fd6a9b8946b8bc00ca097de951046b";

#[tokio::test]
async fn the_tree_over_a_ledger_from_before_there_was_one_is_the_same_for_ever() {
    let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v1");
    for without in [Without::Nothing, Without::Snapshots, Without::Journal] {
        let folder = copy(&first, without);
        let services = Services::start(folder.path(), BEGUN.parse().unwrap()).await;
        let found = services.registry.get_checkpoint(pb::GetCheckpointRequest::default()).await.unwrap();
        let root: String = found.root.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((found.size, root.as_str()), (10, FIRST_ROOT), "without {without:?}");
        services.stop().await;
    }
}

#[test]
fn the_folders_of_every_version_are_whole() {
    for golden in versions() {
        for folder in FOLDERS {
            // A golden folder has no state, and looking at it leaves it as it is.
            let found = inspect(golden.join(folder)).unwrap();
            assert!(found.problems.is_empty() && found.format.is_some(), "{found:#?}");
            assert!(!found.segments.is_empty() && !found.snapshots.is_empty(), "{found:#?}");
        }
    }
}
