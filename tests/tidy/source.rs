//! One Rust file, taken apart as far as the rules need it. Strings and comments are never mistaken for code.

use std::ops::RangeInclusive;

use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::tree::Complaint;

/// A word of the code.
#[derive(Debug)]
pub struct Token {
    /// The word; `::` is one.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
}

/// Something with a name.
#[derive(Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Its line, from 1.
    pub line: usize,
    /// How many lines it has.
    pub length: usize,
}

/// A Rust file.
#[derive(Debug)]
pub struct Source {
    /// The path from the root of the repository.
    pub path: String,
    /// How many lines it has, and how many of them are modules for tests.
    pub lines: (usize, usize),
    /// Whether the first line says what the file is for.
    pub has_head: bool,
    /// All words, in order, those within macros too.
    pub tokens: Vec<Token>,
    /// All functions.
    pub functions: Vec<Named>,
    /// All types and traits that are declared here.
    pub types: Vec<Named>,
    tests: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Takes `text` apart.
    pub fn parse(path: &str, text: &str) -> Self {
        let file =
            syn::parse_file(text).unwrap_or_else(|error| panic!("{path}:{}: {error}", error.span().start().line));
        let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        let mut parts = Parts::default();
        parts.visit_file(&file);
        let in_tests = parts.tests.iter().map(|lines| lines.end() - lines.start() + 1).sum();
        Self {
            path: path.to_owned(),
            lines: (text.lines().count(), in_tests),
            has_head: text.starts_with("//!"),
            tokens,
            functions: parts.functions,
            types: parts.types,
            tests: parts.tests,
        }
    }

    /// Whether this line is a test's or an example's.
    pub fn is_test(&self, line: usize) -> bool {
        self.path.starts_with("tests/")
            || ["/tests/", "/examples/"].iter().any(|folder| self.path.contains(folder))
            || self.path.ends_with("/tests.rs")
            || self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// The lines on which the words stand one after the other.
    pub fn find<'a>(&'a self, words: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
        let matches = move |window: &&[Token]| window.iter().zip(words).all(|(token, word)| token.text == *word);
        self.tokens.windows(words.len()).filter(matches).map(|window| window[0].line)
    }

    /// A complaint about a line.
    pub fn complain(&self, line: usize, what: impl Into<String>) -> Complaint {
        Complaint { path: self.path.clone(), line, what: what.into() }
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut half_colon = false;
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |text: String| tokens.push(Token { text, line });
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = delimiters(group.delimiter());
                push(open.to_owned());
                flatten(group.stream(), tokens);
                tokens.push(Token { text: close.to_owned(), line: group.span_close().start().line });
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && half_colon => {
                half_colon = false;
                push("::".to_owned());
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint => half_colon = true,
            TokenTree::Punct(punct) => push(punct.as_char().to_string()),
            TokenTree::Ident(ident) => push(ident.to_string()),
            TokenTree::Literal(literal) => push(literal.to_string()),
        }
    }
}

fn delimiters(delimiter: proc_macro2::Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        proc_macro2::Delimiter::Parenthesis => ("(", ")"),
        proc_macro2::Delimiter::Brace => ("{", "}"),
        proc_macro2::Delimiter::Bracket => ("[", "]"),
        proc_macro2::Delimiter::None => ("", ""),
    }
}

#[derive(Default)]
struct Parts {
    functions: Vec<Named>,
    types: Vec<Named>,
    tests: Vec<RangeInclusive<usize>>,
}

impl Parts {
    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let line = signature.span().start().line;
        let length = block.span().end().line - line + 1;
        self.functions.push(Named { name: signature.ident.to_string(), line, length });
    }

    fn declared(&mut self, ident: &syn::Ident) {
        self.types.push(Named { name: ident.to_string(), line: ident.span().start().line, length: 1 });
    }
}

impl<'ast> Visit<'ast> for Parts {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.declared(&item.ident);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.declared(&item.ident);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.declared(&item.ident);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.declared(&item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let for_tests = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
        };
        if item.content.is_some() && item.attrs.iter().any(for_tests) {
            self.tests.push(item.span().start().line..=item.span().end().line);
        }
        visit::visit_item_mod(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn words_are_found_in_code_and_in_macros_but_not_in_strings_or_comments() {
        let text = "// Instant::now\nfn f() { let a = \"Instant::now\"; }\nfn g() { select!(Instant::now()) }";
        let source = Source::parse("crates/a/src/a.rs", text);
        assert_eq!(source.find(&["Instant", "::", "now"]).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn a_module_for_tests_is_told_from_the_rest() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\nfn h() {}";
        let source = Source::parse("crates/a/src/a.rs", text);
        let is_test: Vec<bool> = source.functions.iter().map(|function| source.is_test(function.line)).collect();
        assert_eq!(is_test, [false, true, false]);
        assert_eq!(source.lines, (6, 4));
    }
}
