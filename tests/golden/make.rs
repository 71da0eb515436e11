//! Makes golden data folders of this version: what each service keeps after a small story, as its journal and a
//! snapshot.
//!
//! ```sh
//! cargo run -p slipway-tests --example golden -- tests/golden/v3
//! ```
//! Folders that are there already stay for ever: they are what a version that was released has written. A new format or
//! a new layout of rows gets new ones beside them, and every version from then on opens all of them.

#![allow(clippy::unwrap_used, reason = "who runs it sees where it failed")]

mod services;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use services::{BEGUN, FOLDERS, PATIENCE, Services, models, version};
use slipway_sdk::{Observation, PairedObservation, Reporter, ReporterSettings, pb};
use slipway_store::embedded::{Embedded, Options};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let to = PathBuf::from(std::env::args_os().nth(1).expect("say into which folder, as tests/golden/v3"));
    assert!(!to.exists(), "{} is there, and golden folders stay as they are", to.display());
    let working = tempfile::tempdir().unwrap();
    let services = Services::start(working.path(), BEGUN.parse().unwrap()).await;
    register(&services).await;
    report(&services).await;
    launch(&services).await;
    services.stop().await;
    let rows = [slipway_registry::record::ROWS, slipway_health::record::ROWS, slipway_launcher::record::ROWS];
    for (folder, rows) in FOLDERS.iter().zip(rows) {
        keep(&working.path().join(folder), &to.join(folder), rows).await;
    }
}

/// Two models, one with three versions, of which the first serves and the third is quarantined.
async fn register(services: &Services) {
    let Services { registry, .. } = services;
    let kind = pb::CreateModelTypeRequest {
        model_type_id: "classifier".to_owned(),
        parent: "namespaces/default".to_owned(),
        model_type: Some(pb::ModelType { description: "says yes or no".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    registry.create_model_type(kind).await.unwrap();
    registry.apply_models(services::manifest("tower", "#runway")).await.unwrap();
    for team in ["operations", "seats"] {
        registry.ensure_team(&format!("namespaces/default/teams/{team}").parse().unwrap()).await.unwrap();
    }
    // The second depends on the first, and matters.
    let first = vec![models()[0].to_string()];
    let severe = pb::Criticality { tier: 1, reason: "every passenger sits".to_owned(), ..Default::default() };
    let stakes = [(None, vec![]), (Some(severe), first)];
    for ((name, owner), (criticality, depends_on)) in models().iter().zip(["operations", "seats"]).zip(stakes) {
        let label_window = prost_types::Duration::try_from(2 * HOUR).ok();
        let request = pb::CreateModelRequest {
            parent: "namespaces/default".to_owned(),
            model_id: name.to_string().rsplit('/').next().unwrap().to_owned(),
            model: Some(pb::Model {
                owner: owner.to_owned(),
                label_window,
                criticality,
                depends_on,
                ..Default::default()
            }),
            reason: "the first of its kind".to_owned(),
            ..Default::default()
        };
        registry.create_model(request).await.unwrap();
    }
    let parent = models()[0].to_string();
    for digit in 1..=3 {
        let one = pb::Version {
            artifact_uri: format!("file:///models/v{digit}"),
            artifact_digest: format!("sha256:{digit:064x}"),
            ..Default::default()
        };
        let request = pb::CreateVersionRequest {
            parent: parent.clone(),
            version: Some(one),
            request_id: format!("00000000-0000-4000-8000-{digit:012}"),
            ..Default::default()
        };
        registry.create_version(request).await.unwrap();
    }
    let all = pb::BucketRange { start: 0, end: 100_000, version: version(1).to_string() };
    let request = pb::SetTrafficRequest { name: models()[0].traffic(), ranges: vec![all], ..Default::default() };
    registry.set_traffic(request).await.unwrap();
    let request = pb::QuarantineVersionRequest {
        name: version(3).to_string(),
        reason: "it forgets the weather".to_owned(),
        ..Default::default()
    };
    registry.quarantine_version(request).await.unwrap();
}

/// Predictions and outcomes of two versions, alone and on the same rows.
async fn report(services: &Services) {
    let settings = ReporterSettings { epoch: 5, ..ReporterSettings::new("tower") };
    let reporter = Reporter::start(&services.health, settings);
    let begun: Timestamp = BEGUN.parse().unwrap();
    for row in 0..24u32 {
        let at = begun - Duration::from_secs(u64::from(row) * 30) - 6 * HOUR;
        let (outcome, prediction) = (row.is_multiple_of(4), 0.1 + (row % 10) as f32 / 20.0);
        reporter.predicted(&version(1), at);
        reporter.observed(&version(1), at, Observation { prediction, outcome, weight: 1.0 });
        let both = PairedObservation { candidate: prediction, baseline: prediction, outcome, weight: 2.0 };
        reporter.paired_observed(&version(2), &version(1), at, both);
    }
    reporter.complete_through(begun);
    reporter.flush(PATIENCE).await.unwrap();
}

/// A launch that was aborted after its shadow, whose gate had been asked; and one that still shadows.
async fn launch(services: &Services) {
    let create = || pb::CreateLaunchRequest {
        parent: "namespaces/default".to_owned(),
        candidate: version(2).to_string(),
        plan: Some(pb::Plan {
            shadow: Some(pb::Shadow { bake: prost_types::Duration::try_from(HOUR).ok() }),
            steps: vec![pb::RampStep { share: 1.0, bake: prost_types::Duration::try_from(HOUR).ok() }],
            ..Default::default()
        }),
        reason: "it knows the weather".to_owned(),
        ..Default::default()
    };
    let first = services.launcher.create_launch(create()).await.unwrap();
    let name = first.name.parse().unwrap();
    let asked = async {
        loop {
            services.clock.advance(HOUR / 4).await;
            let launch = services.launcher.get_launch(&name).await.unwrap();
            if launch.evidence.is_some() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("the gate is asked");
    let abort =
        pb::AbortLaunchRequest { name: first.name, reason: "the runway is closed".to_owned(), ..Default::default() };
    services.launcher.abort_launch(abort).await.unwrap();
    let ended = async {
        while services.launcher.get_launch(&name).await.unwrap().end_time.is_none() {
            services.clock.advance(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("it ends");
    let second = services.launcher.create_launch(create()).await.unwrap();
    let name = second.name.parse().unwrap();
    let shadowing = async {
        while services.launcher.get_launch(&name).await.unwrap().state() != pb::LaunchState::Shadowing {
            services.clock.advance(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, shadowing).await.expect("it shadows");
}

/// Copies the journal, a snapshot of it and the marker, and nothing that is made again from them.
async fn keep(from: &Path, to: &Path, rows: u32) {
    let store = Embedded::open(from, Options { rows, ..Options::default() }).unwrap();
    store.compact().unwrap();
    store.close().await;
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if ["journal-", "snapshot-", "FORMAT"].iter().any(|kept| name.starts_with(kept)) {
            std::fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
