//! The table of all reasons that an error can carry, read from the `impl Fault for …` blocks of the code.

use std::collections::BTreeMap;

use anyhow::Context as _;
use syn::{Attribute, Expr, ExprLit, ImplItem, ImplItemFn, Item, ItemEnum, ItemImpl, Lit, Meta, Pat, Stmt, Type};

use crate::case::upper_snake;
use crate::tables::{first_sentence, markdown};
use crate::workspace::Workspace;

/// One reason: what it is called, what a caller can do about it, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reason {
    name: String,
    code: String,
    meaning: String,
}

/// One row a reason, by name.
///
/// # Errors
///
/// A source file can't be read or parsed.
pub fn table(workspace: &Workspace) -> anyhow::Result<String> {
    let mut reasons = Vec::new();
    for path in workspace.files("crates", "rs")? {
        let text = workspace.read(&path)?;
        if text.contains("Fault for ") {
            let file = syn::parse_file(&text).with_context(|| format!("can't parse {path}"))?;
            reasons.extend(in_file(&file.items));
        }
    }
    reasons.sort();
    reasons.dedup();
    let rows: Vec<[String; 3]> =
        reasons.into_iter().map(|reason| [format!("`{}`", reason.name), reason.code, reason.meaning]).collect();
    Ok(markdown(["Reason", "Code", "What it means"], &rows))
}

/// The reasons of every `impl Fault for …` among `items`.
fn in_file(items: &[Item]) -> Vec<Reason> {
    let enums = items.iter().filter_map(|item| if let Item::Enum(found) = item { Some(found) } else { None });
    let enums: BTreeMap<String, &ItemEnum> = enums.map(|found| (found.ident.to_string(), found)).collect();
    let mut reasons = Vec::new();
    for item in items {
        let Item::Impl(block) = item else { continue };
        let Some(subject) = fault_for(block) else { continue };
        if let Some(declared) = enums.get(&subject) {
            reasons.extend(of_enum(declared, block));
        }
    }
    reasons
}

/// The type that `block` implements `Fault` for.
fn fault_for(block: &ItemImpl) -> Option<String> {
    let (_, path, _) = block.trait_.as_ref()?;
    let Type::Path(subject) = block.self_ty.as_ref() else { return None };
    let subject = subject.path.segments.last()?.ident.to_string();
    (path.segments.last()?.ident == "Fault").then_some(subject)
}

fn of_enum(declared: &ItemEnum, block: &ItemImpl) -> Vec<Reason> {
    let names = answers(block, "reason");
    let kinds = answers(block, "kind");
    let reason = |variant: &syn::Variant| {
        let ident = variant.ident.to_string();
        let name = names.get(&ident)?.clone();
        let code = kinds.get(&ident).map_or_else(String::new, |kind| upper_snake(kind));
        Some(Reason { name, code, meaning: first_sentence(&comment(&variant.attrs)) })
    };
    declared.variants.iter().filter_map(reason).collect()
}

/// What the method answers for each variant: a literal's text or a path's last word. Variants whose answer is computed,
/// as when another error is asked, are left out: that error has its own rows.
fn answers(block: &ItemImpl, method: &str) -> BTreeMap<String, String> {
    let methods = block.items.iter().filter_map(|item| if let ImplItem::Fn(found) = item { Some(found) } else { None });
    let Some(found) = methods.into_iter().find(|found| found.sig.ident == method) else {
        return BTreeMap::new();
    };
    let mut answers = BTreeMap::new();
    for arm in arms(found) {
        if let Some(answer) = answer(&arm.body) {
            answers.extend(variants(&arm.pat).into_iter().map(|variant| (variant, answer.clone())));
        }
    }
    answers
}

fn arms(method: &ImplItemFn) -> &[syn::Arm] {
    match method.block.stmts.last() {
        Some(Stmt::Expr(Expr::Match(found), None)) => &found.arms,
        _ => &[],
    }
}

fn answer(body: &Expr) -> Option<String> {
    match body {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        Expr::Path(found) => found.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

fn variants(pattern: &Pat) -> Vec<String> {
    let path = match pattern {
        Pat::Or(either) => return either.cases.iter().flat_map(variants).collect(),
        Pat::Path(found) => &found.path,
        Pat::Struct(found) => &found.path,
        Pat::TupleStruct(found) => &found.path,
        _ => return Vec::new(),
    };
    path.segments.last().map(|segment| segment.ident.to_string()).into_iter().collect()
}

/// The `///` lines above something.
fn comment(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
        pair.path.is_ident("doc").then(|| text.value())
    };
    attributes.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Reason, in_file};

    #[test]
    fn a_reason_comes_with_its_code_and_the_meaning_of_its_variant() {
        let code = r#"
            enum Error {
                /// A model of this name exists.
                /// Choose another.
                ModelExists { model: String },
                /// Somebody was faster.
                Stale(u64),
                /// Another one's error.
                Store(store::Error),
            }
            impl fault::Fault for Error {
                fn kind(&self) -> Kind {
                    match self {
                        Self::ModelExists { .. } => Kind::AlreadyExists,
                        Self::Stale(_) | Self::Gone => Kind::Aborted,
                        Self::Store(error) => error.kind(),
                    }
                }
                fn reason(&self) -> &'static str {
                    match self {
                        Self::ModelExists { .. } => "MODEL_EXISTS",
                        Self::Stale(_) => "STALE",
                        Self::Store(error) => error.reason(),
                    }
                }
            }
        "#;
        let reason = |name: &str, code: &str, meaning: &str| Reason {
            name: name.to_owned(),
            code: code.to_owned(),
            meaning: meaning.to_owned(),
        };
        let wanted = [
            reason("MODEL_EXISTS", "ALREADY_EXISTS", "A model of this name exists."),
            reason("STALE", "ABORTED", "Somebody was faster."),
        ];
        assert_eq!(in_file(&syn::parse_file(code).unwrap().items), wanted);
    }

    #[test]
    fn another_trait_s_reasons_are_not_taken() {
        let code = r#"enum E { A } impl Other for E { fn reason(&self) -> &str { match self { Self::A => "A" } } }"#;
        assert_eq!(in_file(&syn::parse_file(code).unwrap().items), []);
    }
}
