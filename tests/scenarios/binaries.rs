//! The programs under test, built once from the tree as it is.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The path of a program, which is up to date.
pub fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build).join(name)
}

/// Builds in the profile that this test was built in, and says where.
///
/// This test is named beside the programs so that cargo unites the features of all packages with those of their
/// tests, as `cargo test --workspace` does: after it, only what it left out is built. Programs alone would have other
/// features, and with them every dependency would be compiled a second time.
fn build() -> PathBuf {
    // target/{profile}/deps/this-test
    let own = std::env::current_exe().unwrap();
    let folder = own.ancestors().nth(2).unwrap().to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--bins", "--test", "scenarios"]);
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "the programs can't be built");
    folder
}
