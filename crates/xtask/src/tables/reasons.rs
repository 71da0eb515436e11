//! The table of all reasons that an error can carry, read from the `impl Fault for …` blocks of the code.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use syn::{Attribute, Expr, ExprLit, ImplItem, ImplItemFn, Item, ItemEnum, ItemImpl, Lit, Meta, Pat, Stmt, Type};

use super::{first_sentence, markdown};
use crate::case::upper_snake;
use crate::workspace::Workspace;

/// One reason: what it is called, what a caller can do about it, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reason {
    name: String,
    code: String,
    meaning: String,
}

/// One row a reason and crate, by name.
///
/// # Errors
///
/// A source file can't be read or parsed, or one reason has several codes.
pub fn table(workspace: &Workspace) -> anyhow::Result<String> {
    let mut reasons = Vec::new();
    for path in workspace.files("crates", "rs")? {
        let text = workspace.read(&path)?;
        let holder = path.split('/').nth(1).unwrap_or_default().to_owned();
        if text.contains("Fault for ") && holder != "xtask" {
            let file = syn::parse_file(&text).with_context(|| format!("can't parse {path}"))?;
            reasons.extend(in_file(&file.items).into_iter().map(|reason| (reason, holder.clone())));
        }
    }
    reasons.sort();
    agree(&reasons)?;
    let row = |(reason, holder)| {
        let Reason { name, code, meaning } = reason;
        [format!("`{name}`"), code, meaning, holder]
    };
    let rows: Vec<[String; 4]> = reasons.into_iter().map(row).collect();
    Ok(markdown(["Reason", "Code", "What it means", "Of"], &rows))
}

/// A reason that several crates give comes with one code: clients look at both.
fn agree(sorted: &[(Reason, String)]) -> anyhow::Result<()> {
    for pair in sorted.windows(2) {
        let [(one, of_one), (other, of_other)] = pair else { continue };
        if one.name == other.name && one.code != other.code {
            bail!("{} is {} in {of_one} and {} in {of_other}", one.name, one.code, other.code);
        }
    }
    Ok(())
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
        Expr::Block(found) => match found.block.stmts.as_slice() {
            [Stmt::Expr(only, None)] => answer(only),
            _ => None,
        },
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
pub(super) fn comment(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
        pair.path.is_ident("doc").then(|| text.value())
    };
    attributes.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Reason, agree, in_file};

    fn reason(name: &str, code: &str, meaning: &str) -> Reason {
        Reason { name: name.to_owned(), code: code.to_owned(), meaning: meaning.to_owned() }
    }

    #[test]
    fn one_reason_with_two_codes_is_an_error() {
        let of = |code: &str| (reason("STALE", code, ""), "a".to_owned());
        assert!(agree(&[of("ABORTED"), of("ABORTED")]).is_ok());
        assert!(agree(&[of("ABORTED"), of("UNAVAILABLE")]).is_err());
    }

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
                        Self::Stale(_) | Self::Gone => {
                            Kind::Aborted
                        }
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
