//! Files and functions that can be read at once.

use super::tree::{Complaint, Tree};

/// The longest function, from its `fn` to its closing brace.
const FUNCTION: usize = 60;

/// The longest file, without its modules for tests.
const FILE: usize = 400;

/// Files that may be longer, each with its reason.
const LONGER: [(&str, &str); 1] = [(
    "crates/registry/src/grpc.rs",
    "a trait is implemented in one place, and this one has a handler of four steps for each method of the registry",
)];

/// The longest `main.rs` of a service.
const MAIN: usize = 30;

/// The crates that are services.
pub const SERVICES: [&str; 3] = ["crates/registry", "crates/health", "crates/launcher"];

/// Functions longer than [`FUNCTION`].
pub fn long_functions(tree: &Tree) -> Vec<Complaint> {
    let functions = tree.sources.iter().flat_map(|source| source.functions.iter().map(move |found| (source, found)));
    let long = functions.filter(|(_, found)| found.length > FUNCTION);
    let what = |name: &str, length: usize| format!("`{name}` has {length} lines, and {FUNCTION} is the limit");
    long.map(|(source, found)| source.complain(found.line, what(&found.name, found.length))).collect()
}

/// Files longer than [`FILE`].
pub fn long_files(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for source in &tree.sources {
        let (all, in_tests) = source.lines;
        if all - in_tests > FILE && LONGER.iter().all(|(path, _)| source.path != *path) {
            let what =
                format!("{} lines without tests, and {FILE} is the limit: which two ideas are it?", all - in_tests);
            complaints.push(source.complain(1, what));
        }
    }
    complaints
}

/// Services whose `main.rs` is longer than [`MAIN`].
pub fn long_mains(tree: &Tree) -> Vec<Complaint> {
    let is_main = |path: &str| SERVICES.iter().any(|service| path.strip_prefix(service) == Some("/src/main.rs"));
    let long = tree.sources.iter().filter(|source| is_main(&source.path) && source.lines.0 > MAIN);
    long.map(|source| source.complain(1, format!("{} lines, and {MAIN} is the limit", source.lines.0))).collect()
}

/// Files that don't say what they are for.
pub fn headless_files(tree: &Tree) -> Vec<Complaint> {
    let headless = tree.sources.iter().filter(|source| !source.has_head);
    headless.map(|source| source.complain(1, "the file does not open with `//!`")).collect()
}

/// Files called `mod.rs`.
pub fn mod_files(tree: &Tree) -> Vec<Complaint> {
    let hidden = tree.sources.iter().filter(|source| source.path.ends_with("/mod.rs"));
    hidden.map(|source| source.complain(1, "use foo.rs beside foo/")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str) -> Tree {
        Tree::of(&[(path, text)])
    }

    #[test]
    fn a_function_may_have_sixty_lines_and_no_more() {
        let function = |lines: usize| format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2));
        assert_eq!(long_functions(&one("a.rs", &function(60))), []);
        assert_eq!(long_functions(&one("a.rs", &function(61))).len(), 1);
        assert_eq!(long_functions(&one("a.rs", &format!("impl A {{ {} }}", function(61)))).len(), 1);
        assert_eq!(long_functions(&one("a.rs", &format!("trait A {{ {} }}", function(61)))).len(), 1);
    }

    #[test]
    fn a_file_may_have_four_hundred_lines_beside_its_tests() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// t\n".repeat(500));
        let file = |lines: usize| format!("{}{tests}", "// l\n".repeat(lines));
        assert_eq!(long_files(&one("a.rs", &file(400))), []);
        assert_eq!(long_files(&one("a.rs", &file(401))).len(), 1);
        assert_eq!(long_files(&one(LONGER[0].0, &file(401))), []);
    }

    #[test]
    fn only_the_main_of_a_service_has_its_limit() {
        let long = "// l\n".repeat(31);
        assert_eq!(long_mains(&one("crates/registry/src/main.rs", &long)).len(), 1);
        assert_eq!(long_mains(&one("crates/cli/src/main.rs", &long)), []);
    }

    #[test]
    fn a_file_without_a_head_and_a_mod_rs_are_found() {
        assert_eq!(headless_files(&one("a.rs", "//! A.\n")), []);
        assert_eq!(headless_files(&one("a.rs", "// A.\n")).len(), 1);
        assert_eq!(mod_files(&one("a/mod.rs", "//! A.\n")).len(), 1);
    }
}
