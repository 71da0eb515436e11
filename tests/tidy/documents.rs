//! Documents that lead where they say.

use super::tree::{Complaint, Text, Tree};

/// The most lines of ARCHITECTURE.md.
const ARCHITECTURE: usize = 370;

/// Links and paths in `*.md` that lead nowhere.
pub fn dead_links(tree: &Tree) -> Vec<Complaint> {
    let documents = tree.texts.iter().filter(|text| text.path.ends_with(".md"));
    documents.flat_map(|document| links(tree, document).into_iter().chain(paths(tree, document))).collect()
}

/// An architecture document that is too long to be read.
pub fn long_architecture(tree: &Tree) -> Vec<Complaint> {
    let Some(document) = tree.texts.iter().find(|text| text.path == "ARCHITECTURE.md") else {
        return vec![Complaint { path: "ARCHITECTURE.md".to_owned(), line: 1, what: "is missing".to_owned() }];
    };
    let lines = document.text.lines().count();
    let what = || format!("{lines} lines, and {ARCHITECTURE} is the limit");
    if lines > ARCHITECTURE { vec![document.complain(0, what())] } else { Vec::new() }
}

/// `[text](target)`: the target is a file here, and has the heading it names.
fn links(tree: &Tree, document: &Text) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (offset, rest) in document.text.match_indices("](").map(|(at, mark)| (at, &document.text[at + mark.len()..])) {
        let target = rest.split([')', ' ', '\n']).next().unwrap_or_default();
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (path, heading) = target.split_once('#').unwrap_or((target, ""));
        let path = if path.is_empty() { document.path.clone() } else { resolve(&document.path, path) };
        if !tree.paths.contains(&path) {
            complaints.push(document.complain(offset, format!("the link `{target}` leads nowhere")));
        } else if !heading.is_empty() && !headings(tree, &path).contains(&heading.to_owned()) {
            complaints.push(document.complain(offset, format!("{path} has no heading #{heading}")));
        }
    }
    complaints
}

/// Words in backticks that look like a path of this repository: they are one. `{a,b}`, `*` and `…` name many.
fn paths(tree: &Tree, document: &Text) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut offset = 0;
    for (index, piece) in document.text.split('`').enumerate() {
        let path = piece.trim_end_matches('/');
        let folder = piece.split('/').next().unwrap_or_default();
        let plain = piece.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter));
        let ours = piece.contains('/') && tree.paths.contains(folder);
        if index % 2 == 1 && plain && ours && !tree.paths.contains(path) {
            complaints.push(document.complain(offset, format!("there is no `{piece}`")));
        }
        offset += piece.len() + 1;
    }
    complaints
}

/// The anchors of a document's headings, as code hosts make them.
fn headings(tree: &Tree, path: &str) -> Vec<String> {
    let document = tree.texts.iter().find(|text| text.path == path);
    let lines = document.into_iter().flat_map(|document| document.text.lines());
    let titles = lines.filter_map(|line| line.strip_prefix('#')).map(|rest| rest.trim_start_matches('#').trim());
    let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
    titles.map(|title| title.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// `path` as seen from the document at `from`.
fn resolve(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<Complaint> {
        dead_links(&Tree::of(&[
            ("docs/a.md", text),
            ("docs/b.md", "## Two words, here\n"),
            ("crates/a/src/lib.rs", "//! A.\n"),
        ]))
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        assert_eq!(complaints("[b](b.md) [c](../crates/a/src/lib.rs) [d](b.md#two-words-here) [e](https://x.y/z)"), []);
    }

    #[test]
    fn a_link_to_nowhere_is_found_with_its_line() {
        let found = complaints("a\n[b](../b.md)\n");
        assert_eq!(found.iter().map(|complaint| complaint.line).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_link_to_a_missing_heading_is_found() {
        assert_eq!(complaints("[b](b.md#three)").len(), 1);
        assert_eq!(complaints("# A\n[b](#a)"), []);
    }

    #[test]
    fn a_path_in_backticks_must_exist() {
        assert_eq!(complaints("`crates/a/src/lib.rs` `crates/a/` `crates/*/src` `and/or`"), []);
        assert_eq!(complaints("a\n`crates/a/src/gone.rs`").len(), 1);
    }

    #[test]
    fn an_architecture_document_is_there_and_short() {
        assert_eq!(long_architecture(&Tree::of(&[])).len(), 1);
        assert_eq!(long_architecture(&Tree::of(&[("ARCHITECTURE.md", &"a\n".repeat(371))])).len(), 1);
        assert_eq!(long_architecture(&Tree::of(&[("ARCHITECTURE.md", &"a\n".repeat(370))])), []);
    }
}
