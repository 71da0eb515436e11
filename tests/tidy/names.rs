//! Names that say what a thing is.

use super::tree::{Complaint, Tree};

/// Endings that say nothing: whatever they stand behind, the word before them is the name.
const EMPTY: [&str; 9] = ["Manager", "Helper", "Helpers", "Util", "Utils", "Ext", "Impl", "Data", "Info"];

/// Types whose name ends in such a word.
pub fn empty_words(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for source in &tree.sources {
        for found in &source.types {
            let ends = |word: &&&str| found.name.ends_with(**word);
            if let Some(word) = EMPTY.iter().find(ends) {
                complaints.push(source.complain(found.line, format!("`{}`: {word} says nothing", found.name)));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_words_are_found_at_the_end_of_a_name_only() {
        let text = "struct ModelData; enum RequestInfo {} trait ClientExt {} type StoreImpl = u8; struct DataFolder; \
                    struct Metadata; struct Context;";
        let found: Vec<String> = empty_words(&Tree::of(&[("a.rs", text)])).into_iter().map(|c| c.what).collect();
        assert_eq!(found.len(), 4, "{found:?}");
    }
}
