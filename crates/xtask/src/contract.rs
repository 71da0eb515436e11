//! The contract with clients: the `.proto` files, compiled in memory, with the place and the comment of every name.

mod compatibility;
mod lint;
mod lock;
pub mod wire;

use std::collections::BTreeMap;

use anyhow::Context as _;
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use protox::prost_reflect::{
    DescriptorPool, EnumDescriptor, FileDescriptor, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};

use crate::workspace::Workspace;

/// Where the files are.
const FOLDER: &str = "proto";

/// The packages that are ours begin with this; all others are imports.
const OURS: &str = "slipway.";

/// The position of a file's package statement in the paths of its source information.
const PACKAGE: [i32; 1] = [2];

/// All files of the API.
#[derive(Debug)]
pub struct Contract {
    pool: DescriptorPool,
}

impl Contract {
    /// Compiles every `.proto` file of the repository.
    ///
    /// # Errors
    ///
    /// A file can't be read, or protobuf's own rules are broken.
    pub fn open(workspace: &Workspace) -> anyhow::Result<Self> {
        let mut sources = BTreeMap::new();
        for path in workspace.files(FOLDER, "proto")? {
            let name = path.strip_prefix("proto/").unwrap_or(&path).to_owned();
            sources.insert(name, workspace.read(&path)?);
        }
        Self::compile(sources)
    }

    /// Compiles `sources`: the text of each file by the name it is imported under.
    fn compile(sources: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let names: Vec<String> = sources.keys().cloned().collect();
        let mut resolver = ChainFileResolver::new();
        resolver.add(Sources(sources));
        resolver.add(GoogleFileResolver::new());
        let mut compiler = Compiler::with_file_resolver(resolver);
        compiler.open_files(names).context("the .proto files don't compile")?;
        Ok(Self { pool: compiler.descriptor_pool() })
    }

    /// What is wrong with it by the rules of the API, each with its place.
    pub fn lint(&self) -> Vec<String> {
        lint::check(self)
    }

    /// The services, in the order of their files.
    pub fn services(&self) -> impl Iterator<Item = ServiceDescriptor> {
        self.pool.services().filter(|service| service.package_name().starts_with(OURS))
    }

    fn files(&self) -> impl Iterator<Item = FileDescriptor> {
        self.pool.files().filter(|file| file.package_name().starts_with(OURS))
    }

    fn messages(&self) -> impl Iterator<Item = MessageDescriptor> {
        let written = |message: &MessageDescriptor| !message.is_map_entry();
        self.pool.all_messages().filter(|message| message.package_name().starts_with(OURS)).filter(written)
    }

    fn enums(&self) -> impl Iterator<Item = EnumDescriptor> {
        self.pool.all_enums().filter(|found| found.package_name().starts_with(OURS))
    }

    fn methods(&self) -> impl Iterator<Item = MethodDescriptor> {
        self.services().flat_map(|service| service.methods().collect::<Vec<_>>())
    }
}

/// Texts instead of files.
struct Sources(BTreeMap<String, String>);

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let source = self.0.get(name).ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, source)
    }
}

/// Where something stands, and what its comment says.
#[derive(Debug)]
pub struct Place {
    /// `proto/…/file.proto:line`.
    pub at: String,
    /// The comment above it; empty if there is none.
    pub comment: String,
}

/// The place of whatever `path` leads to in `file`, as protobuf's source information counts.
pub fn place(file: &FileDescriptor, path: &[i32]) -> Place {
    let locations = file.file_descriptor_proto().source_code_info.iter().flat_map(|info| &info.location);
    let location = locations.into_iter().find(|location| location.path == path);
    let line = location.and_then(|location| location.span.first()).map_or(0, |line| line + 1);
    let comment = location.and_then(|location| location.leading_comments.clone()).unwrap_or_default();
    Place { at: format!("{FOLDER}/{}:{line}", file.name()), comment: comment.trim().to_owned() }
}

#[cfg(test)]
pub mod tests {
    use std::collections::BTreeMap;

    use super::Contract;

    /// A contract of one file, `slipway/test/v1/test.proto`, with `body` after its head.
    pub fn contract(body: &str) -> Contract {
        let head = "syntax = \"proto3\";\n// A test.\npackage slipway.test.v1;\n\
                    import \"google/protobuf/timestamp.proto\";\nimport \"google/protobuf/any.proto\";\n\
                    import \"google/protobuf/struct.proto\";\n";
        file("slipway/test/v1/test.proto", &format!("{head}{body}"))
    }

    /// A contract of one file.
    pub fn file(name: &str, text: &str) -> Contract {
        Contract::compile(BTreeMap::from([(name.to_owned(), text.to_owned())])).unwrap()
    }

    #[test]
    fn a_file_that_does_not_compile_is_an_error() {
        let sources = BTreeMap::from([("a.proto".to_owned(), "message {".to_owned())]);
        assert!(Contract::compile(sources).is_err());
    }
}
