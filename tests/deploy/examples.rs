//! `deploy/config`: every line of an example, put in force, is a setting of its service and changes nothing.

use std::path::Path;

use slipway_chassis::settings::{Declaration, Sources};

/// The lines of an example with the `#` in front of each setting taken away.
fn in_force(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/config");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let line = |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn changes_nothing<C: PartialEq + std::fmt::Debug>(declaration: &Declaration<C>, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    let text = in_force(name);
    assert!(text.lines().filter(|line| line.contains(" = ")).count() > 20, "{text}");
    std::fs::write(&file, text).unwrap();
    let flags = vec![("config".to_owned(), file.display().to_string())];
    let given = declaration.read(Sources { flags, ..Sources::default() }).unwrap_or_else(|faults| panic!("{faults}"));
    let default = declaration.read(Sources::default()).unwrap();
    let mut common = given.common;
    assert_eq!(common.log.followed.take(), Some(file), "the level of the log is followed in the file");
    assert_eq!(common, default.common);
    assert_eq!(given.own, default.own);
}

#[test]
fn the_example_of_the_registry_has_its_defaults() {
    changes_nothing(&slipway_registry::config::DECLARATION, "registry.toml");
}

#[test]
fn the_example_of_the_health_monitor_has_its_defaults() {
    changes_nothing(&slipway_health::config::DECLARATION, "health.toml");
}

#[test]
fn the_example_of_the_launcher_has_its_defaults() {
    changes_nothing(&slipway_launcher::config::DECLARATION, "launcher.toml");
}
