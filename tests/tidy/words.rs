//! The project speaks of itself: not of the machine it was written on, nor of the talk about it.

use super::tree::{Complaint, Text, Tree};

/// Pieces of text that belong elsewhere, cut in two so that this file has none of them.
const FOREIGN: [&str; 9] = [
    concat!("/wo", "rk/"),
    concat!("../sha", "red"),
    concat!("/tm", "p/brief"),
    concat!("issues ", "show"),
    concat!("this ", "issue"),
    concat!("later ", "issue"),
    concat!("next ", "issue"),
    concat!("this ", "session"),
    concat!("arti", "factory"),
];

/// Files that hold what others wrote.
const OTHERS: [&str; 1] = ["Cargo.lock"];

/// Text that belongs elsewhere.
pub fn foreign(tree: &Tree) -> Vec<Complaint> {
    tree.texts.iter().filter(|text| !OTHERS.contains(&text.path.as_str())).flat_map(foreign_in).collect()
}

fn foreign_in(text: &Text) -> Vec<Complaint> {
    let lower = text.text.to_ascii_lowercase();
    let hits = FOREIGN.iter().flat_map(|piece| lower.match_indices(piece));
    hits.map(|(offset, piece)| text.complain(offset, format!("`{piece}` is not of this project"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_found_with_its_line() {
        let text = format!("a\nsee {} for it\n", concat!("This ", "issue"));
        let found = foreign(&Tree::of(&[("a.md", &text)]));
        assert_eq!(found.iter().map(|complaint| complaint.line).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn other_uses_of_the_same_words_pass() {
        assert_eq!(foreign(&Tree::of(&[("a.md", "works / shared, an issue of the journal")])), []);
    }
}
