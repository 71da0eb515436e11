//! `/metrics` and the table of figures in `docs/reference.md` say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use slipway_chassis::process;
use slipway_sdk::{Endpoint, Registry, pb};

use crate::running::Running;

/// The labels of each figure.
type Figures = BTreeMap<String, BTreeSet<String>>;

/// What the table says: a histogram is called there as it is declared.
fn documented() -> Figures {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference.md");
    let text = std::fs::read_to_string(file).unwrap();
    let table = text.split("<!-- table: figures -->").nth(1).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?.to_owned();
        let labels = cells.get(4)?.split('·').filter_map(|label| label.split('`').nth(1));
        Some((name, labels.map(str::to_owned).collect()))
    };
    table.lines().filter_map(row).collect()
}

/// What a service shows.
fn shown(text: &str) -> Figures {
    let mut figures = Figures::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let series = line.rsplit_once(' ').unwrap().0;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
        let labels = labels.split(',').filter_map(|label| label.split_once("=\"")).map(|(label, _)| label.to_owned());
        figures.entry(name.to_owned()).or_default().extend(labels.filter(|label| label != "le"));
    }
    figures
}

/// Holds what a service shows against the table; says what it shows.
async fn agrees(service: &Running) -> BTreeSet<String> {
    let (documented, shown) = (documented(), shown(&service.figures().await));
    for (name, labels) in &shown {
        assert_eq!(documented.get(name), Some(labels), "{name}");
    }
    shown.into_keys().collect()
}

#[tokio::test]
async fn what_the_registry_shows_is_in_the_table_with_its_labels() {
    let start = slipway_registry::config::start;
    let declaration = slipway_registry::config::DECLARATION;
    let registry = Running::start(&declaration, &[], |plan, own| process::serve(plan, own, start)).await;
    let client = Registry::new(&Endpoint::new(&registry.address).unwrap());
    let request = pb::CreateModelRequest {
        parent: "namespaces/default".to_owned(),
        model_id: "ranker".to_owned(),
        model: Some(pb::Model { owner: "ranking".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    client.ensure_team(&"namespaces/default/teams/ranking".parse().unwrap()).await.unwrap();
    client.create_model(request).await.unwrap();
    let shown = agrees(&registry).await;
    for name in [
        "rpc_server_requests_total",
        "rpc_server_duration_seconds",
        "rpc_server_refusals_total",
        "rpc_server_in_flight",
        "access_reloads_total",
        "store_sync_duration_seconds",
        "store_queue",
        "store_unapplied_bytes",
        "service_ready",
        "service_data_free_bytes",
        "registry_models",
    ] {
        assert!(shown.contains(name), "{name}: {shown:?}");
    }
    let text = registry.figures().await;
    let value = |name: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(value("store_sync_duration_seconds_count") >= 1.0, "{text}");
    assert!(value("store_commits_total") >= 1.0, "{text}");
    assert!(value("service_data_free_bytes") > 0.0, "{text}");
    assert!((value("service_ready") - 1.0).abs() < f64::EPSILON, "{text}");
    registry.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_the_process_takes_is_shown() {
    let start = slipway_registry::config::start;
    let declaration = slipway_registry::config::DECLARATION;
    let registry = Running::start(&declaration, &[], |plan, own| process::serve(plan, own, start)).await;
    let shown = agrees(&registry).await;
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
    ] {
        assert!(shown.contains(name), "{name}: {shown:?}");
    }
    registry.stop().await;
}

#[tokio::test]
async fn what_health_monitor_and_launcher_show_is_in_the_table_with_its_labels() {
    let (start, declaration) = (slipway_health::config::start, slipway_health::config::DECLARATION);
    let alone = [("registry", "")];
    let health = Running::start(&declaration, &alone, |plan, own| process::serve(plan, own, start)).await;
    let (start, declaration) = (slipway_launcher::config::start, slipway_launcher::config::DECLARATION);
    let peers = [("registry", health.address.as_str()), ("health", health.address.as_str())];
    let launcher = Running::start(&declaration, &peers, |plan, own| process::serve(plan, own, start)).await;
    let model = "namespaces/default/models/ranker".parse().unwrap();
    let one_request = |address: &str| Registry::new(&Endpoint::new(address).unwrap());
    for service in [&health, &launcher] {
        // It has no such method, which is counted too: and once it is answered, the service shows all that it has.
        one_request(&service.address).get_model(&model).await.unwrap_err();
    }
    assert!(agrees(&health).await.contains("health_kept"));
    assert!(agrees(&launcher).await.contains("launcher_epoch"));
    health.stop().await;
    launcher.stop().await;
}
