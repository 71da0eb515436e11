//! What fleets see running, held against what is registered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use slipway_chassis::env::Env;
use slipway_sdk::pb::SightingFinding;
use slipway_sdk::{Lookout, LookoutSettings, Registry, pb};

use crate::support::{fields, model_with_versions, name, start};

const PARENT: &str = "namespaces/default";
const HOUR: Duration = Duration::from_secs(3600);

fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

fn running(model: &str, version: i64) -> pb::Running {
    pb::Running { model: model.to_owned(), version, endpoint: "eu-west".to_owned(), rate: 7.5, ..Default::default() }
}

fn report(running: Vec<pb::Running>) -> pb::ReportSightingsRequest {
    pb::ReportSightingsRequest { parent: PARENT.to_owned(), running }
}

async fn listed(registry: &Registry, filter: &str) -> Vec<pb::Sighting> {
    let request =
        pb::ListSightingsRequest { parent: PARENT.to_owned(), filter: filter.to_owned(), ..Default::default() };
    registry.list_sightings(request).await.unwrap().sightings
}

/// Model, version and finding of everything that matches.
async fn findings(registry: &Registry, filter: &str) -> Vec<(String, i64, SightingFinding)> {
    let listed = listed(registry, filter).await;
    listed.into_iter().map(|one| (one.model.clone(), one.version, one.finding())).collect()
}

async fn serve(registry: &Registry, id: &str, version: u64) {
    let range = pb::BucketRange { start: 0, end: 100_000, version: name(id).version(version).to_string() };
    let request = pb::SetTrafficRequest { name: name(id).traffic(), ranges: vec![range], ..Default::default() };
    registry.set_traffic(request).await.unwrap();
}

#[tokio::test]
async fn what_runs_is_told_from_what_is_registered() {
    let registry = start().await;
    for id in ["good", "idle", "quiet", "stale"] {
        model_with_versions(&registry.client, id, 2).await;
    }
    for id in ["good", "quiet", "stale"] {
        serve(&registry.client, id, 2).await;
    }
    let with_digest = pb::Running { digest: digest('7'), ..running("good", 1) };
    let by_digest = pb::Running { digest: digest('2'), ..running("good", 0) };
    let runs = vec![
        by_digest,
        with_digest,
        running("good", 9),
        running("stale", 1),
        running("Legacy_Ranker.v2", 0),
        running("idle", 0),
    ];
    let answer = registry.client.report_sightings(report(runs)).await.unwrap();
    assert_eq!((answer.taken, answer.left_out), (6, 0));
    let expected = [
        ("Legacy_Ranker.v2", 0, SightingFinding::UnregisteredModel),
        ("good", 0, SightingFinding::AsRegistered),
        ("good", 1, SightingFinding::WrongDigest),
        ("good", 9, SightingFinding::UnregisteredVersion),
        ("idle", 0, SightingFinding::AsRegistered),
        ("quiet", 2, SightingFinding::NotSeen),
        ("stale", 1, SightingFinding::WrongVersion),
        ("stale", 2, SightingFinding::NotSeen),
    ];
    let expected: Vec<_> = expected.into_iter().map(|(id, version, what)| (id.to_owned(), version, what)).collect();
    assert_eq!(findings(&registry.client, "").await, expected);
    let found = findings(&registry.client, "finding = NOT_SEEN AND model = stale").await;
    assert_eq!(found, [expected[7].clone()]);
    assert_eq!(
        fields(
            registry
                .client
                .list_sightings(pb::ListSightingsRequest {
                    parent: PARENT.to_owned(),
                    filter: "colour = red".to_owned(),
                    ..Default::default()
                })
                .await
        ),
        ["filter"]
    );
}

#[tokio::test]
async fn times_go_on_in_memory_and_are_written_seldom_and_survive_a_restart() {
    let registry = start().await;
    registry.client.report_sightings(report(vec![running("ghost", 1)])).await.unwrap();
    let first = listed(&registry.client, "").await.remove(0);
    assert_eq!((first.reporter.as_str(), first.rate), ("anonymous", 7.5));
    assert_eq!(first.first_seen_time, first.last_seen_time);
    let before = pb::ListSightingsRequest { parent: PARENT.to_owned(), ..Default::default() };
    let revision = registry.client.list_sightings(before.clone()).await.unwrap().revision;
    registry.clock.advance(Duration::from_secs(60)).await;
    for _ in 0..5 {
        let faster = pb::Running { rate: 9.0, ..running("ghost", 1) };
        registry.client.report_sightings(report(vec![faster])).await.unwrap();
    }
    let again = listed(&registry.client, "").await.remove(0);
    assert_eq!(again.first_seen_time, first.first_seen_time);
    let seconds = |sighting: &pb::Sighting| sighting.last_seen_time.unwrap().seconds;
    assert_eq!((seconds(&again) - seconds(&first), again.rate), (60, 9.0));
    let later = registry.client.list_sightings(before).await.unwrap().revision;
    assert_eq!(later, revision, "who is only seen again writes nothing");
    // Within the time after which it is written.
    registry.clock.advance(HOUR).await;
    registry.client.report_sightings(report(vec![running("ghost", 1)])).await.unwrap();
    registry.clock.advance(HOUR).await;
    let registry = registry.restart().await;
    let kept = listed(&registry.client, "").await.remove(0);
    assert_eq!(kept.first_seen_time, first.first_seen_time);
    assert_eq!(seconds(&kept) - seconds(&first), 3660);
}

#[tokio::test]
async fn what_is_not_reported_any_more_is_forgotten_and_begins_anew() {
    let registry = start().await;
    registry.client.report_sightings(report(vec![running("gone", 1), running("here", 1)])).await.unwrap();
    let begun = listed(&registry.client, "model = here").await.remove(0).first_seen_time;
    for _ in 0..30 {
        registry.clock.advance(HOUR).await;
        registry.client.report_sightings(report(vec![running("here", 1)])).await.unwrap();
    }
    let left = listed(&registry.client, "").await;
    assert_eq!((left.len(), left[0].model.as_str(), left[0].first_seen_time), (1, "here", begun));
    registry.client.report_sightings(report(vec![running("gone", 1)])).await.unwrap();
    let again = listed(&registry.client, "model = gone").await.remove(0);
    assert!(again.first_seen_time.unwrap().seconds > begun.unwrap().seconds);
}

#[tokio::test]
async fn a_clock_that_is_set_back_takes_no_sighting_back() {
    let registry = start().await;
    registry.clock.advance(HOUR).await;
    registry.client.report_sightings(report(vec![running("m", 1)])).await.unwrap();
    let before = listed(&registry.client, "").await.remove(0);
    registry.clock.jump_to(crate::support::START.parse().unwrap());
    registry.client.report_sightings(report(vec![running("m", 1)])).await.unwrap();
    let after = listed(&registry.client, "").await.remove(0);
    assert_eq!((after.first_seen_time, after.last_seen_time), (before.first_seen_time, before.last_seen_time));
}

#[tokio::test]
async fn every_wrong_field_of_a_report_is_named_and_nothing_of_it_is_kept() {
    let registry = start().await;
    let wrong = vec![
        running("ok", 1),
        running("", 1),
        pb::Running { model: "white space".to_owned(), version: -1, ..Default::default() },
        pb::Running { digest: "x".repeat(257), endpoint: "\u{e9}".to_owned(), rate: f64::NAN, ..running("m", 1) },
    ];
    let expected = [
        "running[1].model",
        "running[2].version",
        "running[2].model",
        "running[3].rate",
        "running[3].digest",
        "running[3].endpoint",
    ];
    assert_eq!(fields(registry.client.report_sightings(report(wrong)).await), expected);
    assert_eq!(fields(registry.client.report_sightings(report(vec![])).await), ["running"]);
    assert_eq!(fields(registry.client.report_sightings(report(vec![running("m", 1); 1001])).await), ["running"]);
    let nowhere = pb::ReportSightingsRequest { parent: "namespaces/-".to_owned(), running: vec![running("m", 1)] };
    assert_eq!(fields(registry.client.report_sightings(nowhere).await), ["parent"]);
    assert!(listed(&registry.client, "").await.is_empty());
}

#[tokio::test]
async fn one_reporter_fills_its_own_part_and_is_told_what_is_left_out() {
    let registry = start().await;
    for part in 0..11 {
        let runs = (0..1000).map(|number| running(&format!("m{part}-{number}"), 1)).collect();
        let answer = registry.client.report_sightings(report(runs)).await.unwrap();
        let expected = if part < 10 { (1000, 0) } else { (0, 1000) };
        assert_eq!((answer.taken, answer.left_out), expected, "{part}");
    }
    // What is there already is still seen.
    let answer = registry.client.report_sightings(report(vec![running("m0-0", 1), running("new", 1)])).await.unwrap();
    assert_eq!((answer.taken, answer.left_out), (1, 1));
}

#[tokio::test]
async fn a_lookout_reports_again_and_again_what_runs_by_then() {
    let registry = start().await;
    let looked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looked);
    let settings = LookoutSettings { every: Duration::from_millis(5), ..LookoutSettings::new(PARENT.parse().unwrap()) };
    let lookout = Lookout::start(&registry.client, settings, move || {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        (0..1500).map(|model| running(&format!("m{model}"), i64::from(number > 0))).collect()
    });
    let both = async {
        while looked.load(Ordering::Relaxed) < 3 || lookout.last().is_none() {
            Env::system().pause(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), both).await.expect("it reports again");
    assert!(lookout.last().unwrap().is_ok());
    assert_eq!(listed(&registry.client, "model = m1499").await.len(), 2, "more than one report holds");
    drop(lookout);
}
