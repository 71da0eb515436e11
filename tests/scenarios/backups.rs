//! A machine is lost, and what ran on it goes on elsewhere from its backups.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::Value;
use slipway_chassis::env::Env;
use slipway_sdk::pb::LaunchState::{Shadowing, Succeeded};
use slipway_sdk::pb::watch_response::Event;
use slipway_sdk::{Endpoint, Registry, pb};
use tokio::sync::watch;

use crate::binaries::binary;
use crate::fleet::{Clock, Fleet, Service};
use crate::summer;
use crate::tower::Tower;

const PATIENCE: Duration = Duration::from_secs(150);
/// What a service may complain of while others are away, or have gone back in time.
const ANNOUNCED: &[&str] =
    &["UNAVAILABLE", "can't be reached", "transport error", "broke", "REVISION_AHEAD", "HISTORY_CHANGED"];

/// Runs the command against a fleet.
pub fn slipway(fleet: &Fleet, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary("slipway"));
    command.args(arguments).env("SLIPWAY_REGISTRY", fleet.address(Service::Registry));
    command.env("SLIPWAY_HEALTH", fleet.address(Service::Health));
    command.env("SLIPWAY_LAUNCHER", fleet.address(Service::Launcher));
    command.output().unwrap()
}

/// Backs up all three into `folder`; the backups, and the revision of the registry's.
pub fn back_up(fleet: &Fleet, folder: &Path) -> Vec<(Service, PathBuf, i64)> {
    let output = slipway(fleet, &["backup", "--service", "all", "--out", folder.to_str().unwrap(), "-o", "json"]);
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let taken = Service::ALL.into_iter().zip(&told);
    taken
        .map(|(service, told)| (service, told["file"].as_str().unwrap().into(), told["revision"].as_i64().unwrap()))
        .collect()
}

/// Makes a data folder of a backup.
pub fn restore(fleet: &Fleet, file: &Path, dir: &Path) -> Output {
    slipway(fleet, &["restore", file.to_str().unwrap(), "--data-dir", dir.to_str().unwrap()])
}

/// Creates models until it is told to stop; says how many were acknowledged.
async fn create_models(registry: Registry, prefix: &'static str, acknowledged: watch::Sender<u32>) {
    loop {
        let number = *acknowledged.borrow();
        let request = pb::CreateModelRequest {
            parent: "namespaces/default".to_owned(),
            model_id: format!("{prefix}-{number}"),
            model: Some(pb::Model { owner: "ops".to_owned(), ..Default::default() }),
            ..Default::default()
        };
        if registry.create_model(request).await.is_err() || acknowledged.send(number + 1).is_err() {
            return;
        }
    }
}

fn bad_backups_make_no_folder(fleet: &Fleet, file: &Path, dir: &Path) {
    let cut = file.with_extension("cut");
    let whole = std::fs::read(file).unwrap();
    std::fs::write(&cut, &whole[..whole.len() - 1]).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let twisted = file.with_extension("twisted");
    std::fs::write(&twisted, changed).unwrap();
    for bad in [&cut, &twisted] {
        assert!(!slipway(fleet, &["backup", "verify", bad.to_str().unwrap()]).status.success());
        assert!(!restore(fleet, bad, dir).status.success());
        assert!(!dir.exists(), "a backup that is none makes no folder");
    }
}

/// Restores a backup of the health monitor, of which the registry says whose it is.
fn no_other_service_opens_it(fleet: &Fleet, file: &Path) {
    let foreign = fleet.data_dir(Service::Health).with_file_name("foreign");
    assert!(restore(fleet, file, &foreign).status.success());
    let refused = Command::new(binary("slipway-registry")).arg(format!("--data-dir={}", foreign.display())).output();
    let refused = refused.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("of the service health"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_is_there_after_the_folder_is_lost() {
    let clock = Clock { origin: Timestamp::now(), start: Timestamp::now(), speed: 1.0 };
    let mut fleet = Fleet::start(clock).await;
    let backups = tempfile::tempdir().unwrap();
    let registry = Registry::new(&Endpoint::new(&fleet.address(Service::Registry)).unwrap());
    registry.ensure_team(&"namespaces/default/teams/ops".parse().unwrap()).await.unwrap();
    let mut writers = Vec::new();
    for prefix in ["a", "b", "c", "d"] {
        let (told, mut acknowledged) = watch::channel(0);
        let task = tokio::spawn(create_models(registry.clone(), prefix, told));
        acknowledged.wait_for(|number| *number > 20).await.unwrap();
        writers.push((prefix, acknowledged, task));
    }
    let before: Vec<_> = writers.iter().map(|(prefix, acknowledged, _)| (*prefix, *acknowledged.borrow())).collect();
    let taken = back_up(&fleet, backups.path());
    let (_, file, revision) = &taken[0];
    for (_, mut acknowledged, task) in writers {
        let seen = *acknowledged.borrow_and_update();
        acknowledged.wait_for(|number| *number > seen).await.unwrap();
        task.abort();
    }
    let dir = fleet.data_dir(Service::Registry);
    let followed = pb::WatchRequest { after_revision: Some(1), ..Default::default() };
    let history = registry.watch(followed.clone()).next().await.unwrap().unwrap().history;
    fleet.lose(Service::Registry);

    bad_backups_make_no_folder(&fleet, file, &dir);
    no_other_service_opens_it(&fleet, &taken[1].1);

    let restored = restore(&fleet, file, &dir);
    assert!(restored.status.success(), "{restored:?}");
    let said = String::from_utf8(restored.stdout).unwrap();
    assert!(said.contains("the registry of") && said.contains(&format!("revision {revision}")), "{said}");
    let again = restore(&fleet, file, &dir);
    assert!(String::from_utf8_lossy(&again.stderr).contains("not empty"), "{again:?}");
    let examined = slipway(&fleet, &["doctor", "--data-dir", dir.to_str().unwrap()]);
    let found = String::from_utf8_lossy(&examined.stdout);
    assert!(examined.status.success() && found.contains(&format!("up to revision {revision}")), "{examined:?}");

    fleet.begin(Service::Registry);
    fleet.wait_until_ready(Service::Registry).await;
    for (prefix, acknowledged) in before {
        for number in 0..acknowledged {
            let name = format!("namespaces/default/models/{prefix}-{number}").parse().unwrap();
            registry.get_model(&name).await.unwrap_or_else(|error| panic!("{prefix}-{number}: {error}"));
        }
    }
    // Whoever comes back with a revision that both have is told that it is not the same one any more.
    let resumed =
        registry.watch(pb::WatchRequest { history: history.clone(), ..followed }).next().await.unwrap().unwrap();
    assert!(matches!(resumed.event, Some(Event::InitialState(_))) && resumed.history != history, "{resumed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_in_shadow_goes_on_from_backups_of_all_three_services() {
    binary("slipway");
    let clock = Clock { origin: Timestamp::now(), start: summer::start(), speed: 60_000.0 };
    let mut fleet = Fleet::start(clock).await;
    let backups = tempfile::tempdir().unwrap();
    let mut tower = Tower::build(&fleet, 92).await;
    let days = |days: u64| prost_types::Duration::try_from(Duration::from_secs(days * 86_400)).ok();
    let plan = pb::Plan {
        shadow: Some(pb::Shadow { bake: days(4) }),
        steps: vec![pb::RampStep { share: 0.5, bake: days(2) }, pb::RampStep { share: 1.0, bake: days(1) }],
        watch: days(2),
        hold_deadline: days(60),
        evaluate_interval: prost_types::Duration::try_from(Duration::from_secs(6 * 3600)).ok(),
        ..Default::default()
    };
    let request = pb::CreateLaunchRequest {
        parent: "namespaces/default".to_owned(),
        candidate: tower.model.version(2).to_string(),
        plan: Some(plan),
        ..Default::default()
    };
    let launched = tower.launcher.create_launch(request).await.unwrap();
    let launch = tower.follow(launched);
    let (mut lost, begun) = (false, Instant::now());
    let ended = loop {
        let newest = launch.borrow().clone();
        tower.until(fleet.clock.now(), newest.state());
        if newest.end_time.is_some() {
            break newest;
        }
        if newest.state() == Shadowing && !lost {
            lost = true;
            lose_and_restore(&mut fleet, backups.path());
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end: {newest:#?}\n{}", fleet.log());
        Env::system().sleep(Duration::from_millis(2)).await;
    };
    assert!(lost, "it never was in shadow");
    assert_eq!(ended.state(), Succeeded, "{ended:#?}");
    assert_eq!(fleet.unannounced(ANNOUNCED), Vec::<String>::new());
}

/// The machine is lost with all three services, and they start again from their backups.
fn lose_and_restore(fleet: &mut Fleet, backups: &Path) {
    let taken = back_up(fleet, backups);
    for service in Service::ALL {
        fleet.lose(service);
    }
    for (service, file, _) in taken {
        let restored = restore(fleet, &file, &fleet.data_dir(service));
        assert!(restored.status.success(), "{restored:?}");
        fleet.begin(service);
    }
}
