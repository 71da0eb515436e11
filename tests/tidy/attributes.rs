//! Nothing is left unfinished, and nothing is silenced without a reason.

use super::source::Source;
use super::tree::{Complaint, Tree};

/// What stands for work that is not done.
const UNFINISHED: [(&[&str], &str); 4] = [
    (&["#", "[", "ignore"], "a test that does not run is no test"),
    (&["todo", "!"], "not done"),
    (&["unimplemented", "!"], "not done"),
    (&["allow", "(", "dead_code"], "remove what nobody calls"),
];

/// Ignored tests, and code that says it is not done.
pub fn unfinished(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for source in &tree.sources {
        for (words, why) in &UNFINISHED {
            complaints
                .extend(source.find(words).map(|line| source.complain(line, format!("`{}`: {why}", words.concat()))));
        }
    }
    complaints
}

/// Lints that are allowed without a reason.
pub fn silenced(tree: &Tree) -> Vec<Complaint> {
    tree.sources.iter().flat_map(silenced_in).collect()
}

fn silenced_in(source: &Source) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (index, window) in source.tokens.windows(3).enumerate() {
        let [open, word, bracket] = window else { continue };
        if open.text != "[" || !["allow", "expect"].contains(&word.text.as_str()) || bracket.text != "(" {
            continue;
        }
        let inside = source.tokens[index..].iter().take_while(|token| token.text != "]");
        if !inside.into_iter().any(|token| token.text == "reason") {
            complaints.push(source.complain(word.line, "say why: `reason = \"…\"`"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Tree {
        Tree::of(&[("crates/a/src/a.rs", text)])
    }

    #[test]
    fn unfinished_work_is_found() {
        assert_eq!(unfinished(&one("#[test]\n#[ignore = \"slow\"]\nfn f() { todo!() }")).len(), 2);
        assert_eq!(unfinished(&one("#[allow(dead_code)]\nfn f() { unimplemented!() }")).len(), 2);
        assert_eq!(unfinished(&one("// todo!\nfn todo() { ignore() }")), []);
    }

    #[test]
    fn a_lint_is_silenced_with_a_reason_or_not_at_all() {
        assert_eq!(silenced(&one("#[allow(clippy::x)]\nfn f() {}")).len(), 1);
        assert_eq!(silenced(&one("#![expect(clippy::x)]\nfn f() {}")).len(), 1);
        assert_eq!(silenced(&one("#[allow(clippy::x, reason = \"so\")]\nfn f() { a.expect(\"b\"); }")), []);
    }
}
