//! Dependencies: each version once, none that nobody uses.

use std::collections::BTreeSet;

use super::tree::{Complaint, Manifest, Tree};

/// The tables of a manifest that name dependencies.
const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Dependencies that are used where no source shows it: each with the member that takes it.
const UNSEEN: [(&str, &str); 5] = [
    // The generated code names them.
    ("crates/proto", "prost"),
    ("crates/proto", "prost-types"),
    ("crates/proto", "tonic-prost"),
    // The maker of tokens, which lies with the tests of the chassis.
    ("tests", "jsonwebtoken"),
    // These very tests, which lie outside its folder.
    ("crates/xtask", "proc-macro2"),
];

/// Dependencies of a member that say more than `workspace = true` and their features.
pub fn versions(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (manifest, kind, name) in all(tree) {
        let inherited = manifest.table[kind][name].get("workspace").and_then(toml::Value::as_bool);
        if inherited != Some(true) {
            complaints.push(manifest.complain(name, format!("{name}: write `{name}.workspace = true`")));
        }
    }
    complaints
}

/// Dependencies that no source names, and those of the workspace that no member takes.
pub fn unused(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (manifest, kind, name) in all(tree) {
        if !UNSEEN.contains(&(&manifest.folder, name)) && !named(tree, manifest, kind, name) {
            complaints.push(manifest.complain(name, format!("{name} ({kind}) is not used: remove it")));
        }
    }
    let taken: BTreeSet<&str> = all(tree).map(|(_, _, name)| name).collect();
    for manifest in tree.manifests.iter().filter(|manifest| manifest.folder.is_empty()) {
        let offered = manifest.table.get("workspace").and_then(|workspace| workspace.get("dependencies"));
        let offered = offered.and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
        let idle = offered.filter(|name| !taken.contains(name.as_str()));
        complaints.extend(idle.map(|name| manifest.complain(name, format!("no member takes {name}: remove it"))));
    }
    complaints
}

/// Every dependency of every member, with its table.
fn all(tree: &Tree) -> impl Iterator<Item = (&Manifest, &'static str, &str)> {
    let members = tree.manifests.iter().filter(|manifest| !manifest.folder.is_empty());
    members.flat_map(|manifest| {
        let names =
            |kind: &'static str| manifest.dependencies(kind).into_iter().map(move |name| (manifest, kind, name));
        KINDS.into_iter().flat_map(names).collect::<Vec<_>>()
    })
}

/// Whether a source that this kind of dependency serves has the crate's name among its words.
fn named(tree: &Tree, manifest: &Manifest, kind: &str, name: &str) -> bool {
    let folder = format!("{}/", manifest.folder);
    let word = name.replace('-', "_");
    let serves = |path: &str| match kind {
        "build-dependencies" => path == "build.rs",
        "dependencies" => path.starts_with("src/"),
        _ => true,
    };
    let sources = tree.sources.iter().filter(|source| source.path.strip_prefix(&folder).is_some_and(serves));
    sources.into_iter().any(|source| source.tokens.iter().any(|token| token.text == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(manifest: &str) -> Tree {
        let root = "[workspace.dependencies]\nserde = \"1\"\n";
        let code = "use serde::Serialize; use tokio_stream as s;";
        let test = "use proptest::x;";
        let files = [("Cargo.toml", root), ("a/Cargo.toml", manifest), ("a/src/lib.rs", code), ("a/tests/t.rs", test)];
        Tree::of(&files)
    }

    #[test]
    fn a_version_in_a_member_is_found() {
        assert_eq!(versions(&tree("[dependencies]\nserde.workspace = true")), []);
        assert_eq!(versions(&tree("[dependencies]\nserde = { workspace = true, features = [\"rc\"] }")), []);
        assert_eq!(versions(&tree("[dependencies]\nserde = \"1\"")).len(), 1);
        assert_eq!(versions(&tree("[dev-dependencies]\nserde = { path = \"../serde\" }")).len(), 1);
    }

    #[test]
    fn a_dependency_that_no_source_names_is_found() {
        let used = "[dependencies]\nserde.workspace = true\ntokio-stream.workspace = true\n[dev-dependencies]\nproptest.workspace = true";
        assert_eq!(unused(&tree(used)), []);
        assert_eq!(unused(&tree(&format!("{used}\nbytes.workspace = true"))).len(), 1);
        let only_tests = "[dependencies]\nserde.workspace = true\nproptest.workspace = true";
        assert_eq!(unused(&tree(only_tests)).len(), 1, "what only tests use is a dev-dependency");
    }

    #[test]
    fn a_dependency_of_the_workspace_that_no_member_takes_is_found() {
        assert_eq!(unused(&tree("")).len(), 1);
    }
}
