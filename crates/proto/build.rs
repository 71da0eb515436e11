//! Compiles the `.proto` files in memory: nobody needs protoc.

use std::path::PathBuf;

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let files = ["registry/v1/registry", "health/v1/health", "launcher/v1/launcher", "operations/v1/operations"]
        .map(|file| root.join(format!("slipway/{file}.proto")));
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true);
    let descriptors = compiler.open_files(files)?.file_descriptor_set();
    let out = PathBuf::from(env("OUT_DIR")?).join("slipway.bin");
    std::fs::write(out, descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

fn env(name: &str) -> Result<String, std::env::VarError> {
    std::env::var(name)
}
