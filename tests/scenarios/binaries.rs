//! The programs under test, built once from the tree as it is.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The packages whose programs are run.
const PACKAGES: [&str; 4] = ["slipway", "slipway-registry", "slipway-health", "slipway-launcher"];

/// The path of a program, which is up to date.
pub fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build).join(name)
}

/// Builds in the profile that this test was built in, and says where.
fn build() -> PathBuf {
    // target/{profile}/deps/this-test
    let own = std::env::current_exe().unwrap();
    let folder = own.ancestors().nth(2).unwrap().to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--bins"]).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "the programs can't be built");
    folder
}
