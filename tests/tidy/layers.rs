//! Who may know whom. The arrows of ARCHITECTURE.md, as a test.

use super::shape::SERVICES;
use super::source::Source;
use super::tree::{Complaint, Tree};

/// What each crate may depend on among ours. Tests of a crate (`dev-dependencies`) may reach further.
const MAY: [(&str, &[&str]); 15] = [
    ("crates/proto", &[]),
    ("crates/domain", &[]),
    ("crates/policy", &["domain"]),
    ("crates/store", &[]),
    ("crates/tls", &[]),
    ("crates/chassis", &["domain", "store", "tls"]),
    ("crates/operations", &["chassis", "store", "domain", "proto"]),
    ("crates/sdk", &["proto", "domain", "tls"]),
    ("crates/registry", &["sdk", "operations", "chassis", "store", "policy", "domain", "proto"]),
    ("crates/health", &["sdk", "operations", "chassis", "store", "domain", "proto"]),
    ("crates/launcher", &["sdk", "operations", "chassis", "store", "domain", "proto"]),
    ("crates/cli", &["sdk", "operations", "chassis", "policy", "domain", "registry", "health", "launcher"]),
    ("crates/bench", &["sdk", "chassis", "store", "domain", "proto", "registry", "health", "launcher"]),
    ("crates/xtask", &[]),
    ("tests", &["sdk", "operations", "chassis", "store", "domain", "proto", "registry", "health", "launcher"]),
];

/// What a crate must not depend on, because it is pure or knows bytes alone.
const NEVER: [(&str, &[&str]); 3] = [
    ("crates/domain", &["tokio", "tonic", "tracing", "rand", "sled", "anyhow"]),
    ("crates/policy", &["tokio", "tonic", "tracing", "rand", "sled", "anyhow"]),
    ("crates/store", &["tonic", "prost", "anyhow"]),
];

/// The files of a service that may name wire types.
const EDGES: [&str; 2] = ["grpc", "convert"];

/// The files of the command line that run the services, or read their settings.
const HOSTS: [&str; 3] = ["up", "demo", "doctor"];

/// Dependencies that point upwards.
pub fn dependencies(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for manifest in tree.manifests.iter().filter(|manifest| !manifest.folder.is_empty()) {
        let Some((_, may)) = MAY.iter().find(|(folder, _)| *folder == manifest.folder) else {
            complaints
                .push(manifest.complain("name", "a crate that the layers don't know: give it its place in this test"));
            continue;
        };
        let never = NEVER.iter().find(|(folder, _)| *folder == manifest.folder).map_or(&[][..], |(_, never)| never);
        for name in manifest.dependencies("dependencies") {
            let upwards = name.strip_prefix("slipway-").is_some_and(|ours| !may.contains(&ours));
            if upwards || never.contains(&name) {
                complaints.push(manifest.complain(name, format!("{} must not depend on {name}", manifest.folder)));
            }
        }
    }
    complaints
}

/// Wire types inside a service.
pub fn wire(tree: &Tree) -> Vec<Complaint> {
    let inside = |source: &&Source| {
        let service = SERVICES.iter().find_map(|service| source.path.strip_prefix(service)?.strip_prefix("/src/"));
        service.is_some_and(|path| !begins(path, &EDGES))
    };
    let mut complaints = Vec::new();
    for source in tree.sources.iter().filter(inside) {
        // The descriptors that a service hands to reflection are bytes, not types.
        let bytes: Vec<usize> = source.find(&["slipway_proto", "::", "FILE_DESCRIPTOR_SET"]).collect();
        let lines = source.find(&["slipway_proto"]).chain(source.find(&["pb", "::"]));
        for line in lines.filter(|line| !source.is_test(*line) && !bytes.contains(line)) {
            complaints
                .push(source.complain(line, "wire types are for grpc.rs and convert.rs: take a type of the domain"));
        }
    }
    complaints
}

/// Services named by the command line elsewhere than where it runs them.
pub fn command_line(tree: &Tree) -> Vec<Complaint> {
    let elsewhere =
        |source: &&Source| source.path.strip_prefix("crates/cli/src/").is_some_and(|path| !begins(path, &HOSTS));
    let mut complaints = Vec::new();
    for source in tree.sources.iter().filter(elsewhere) {
        for service in ["slipway_registry", "slipway_health", "slipway_launcher"] {
            let lines = source.find(std::slice::from_ref(&service)).collect::<Vec<_>>();
            let what = || format!("{service} is for up and demo: ask it through the SDK");
            complaints.extend(lines.into_iter().map(|line| source.complain(line, what())));
        }
    }
    complaints
}

/// Whether `path` is `name.rs` or lies in `name/`, for one of the names.
fn begins(path: &str, names: &[&str]) -> bool {
    let rest = |name: &str| path.strip_prefix(name).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'));
    names.iter().any(|name| rest(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_upwards_is_found_and_one_downwards_is_not() {
        let store = "[dependencies]\nslipway-domain.workspace = true\n[dev-dependencies]\nslipway-sdk.workspace = true";
        assert_eq!(dependencies(&Tree::of(&[("crates/store/Cargo.toml", store)])).len(), 1);
        assert_eq!(dependencies(&Tree::of(&[("crates/chassis/Cargo.toml", store)])), []);
    }

    #[test]
    fn the_domain_has_no_runtime() {
        let manifest = "[dependencies]\ntokio.workspace = true";
        assert_eq!(dependencies(&Tree::of(&[("crates/domain/Cargo.toml", manifest)])).len(), 1);
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        assert_eq!(dependencies(&Tree::of(&[("crates/new/Cargo.toml", "")])).len(), 1);
    }

    #[test]
    fn a_wire_type_inside_a_service_is_found() {
        let text = "use slipway_proto::registry::v1 as pb;\nfn f(m: pb::Model) {}\n#[cfg(test)]\nmod tests { use slipway_proto::x; }";
        assert_eq!(wire(&Tree::of(&[("crates/registry/src/service.rs", text)])).len(), 2);
        assert_eq!(wire(&Tree::of(&[("crates/registry/src/grpc.rs", text)])), []);
        assert_eq!(wire(&Tree::of(&[("crates/registry/src/convert/model.rs", text)])), []);
        assert_eq!(wire(&Tree::of(&[("crates/sdk/src/lib.rs", text)])), []);
        let descriptors = "const D: &[u8] = slipway_proto::FILE_DESCRIPTOR_SET;";
        assert_eq!(wire(&Tree::of(&[("crates/registry/src/config.rs", descriptors)])), []);
    }

    #[test]
    fn the_command_line_names_services_only_where_it_runs_them() {
        let text = "fn f() { slipway_registry::run() }";
        assert_eq!(command_line(&Tree::of(&[("crates/cli/src/model.rs", text)])).len(), 1);
        assert_eq!(command_line(&Tree::of(&[("crates/cli/src/up.rs", text)])), []);
        assert_eq!(command_line(&Tree::of(&[("crates/cli/src/demo/run.rs", text)])), []);
    }
}
