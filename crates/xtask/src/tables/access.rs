//! The tables of access: what each method asks of its caller, and what each role may do. They are read from the rules of
//! the domain, which are matches from names to permissions.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use syn::visit::{self, Visit};
use syn::{Arm, Expr, ExprLit, File, Item, ItemEnum, Lit, Pat};

use super::reasons::comment;
use super::{first_sentence, markdown};
use crate::contract::Contract;
use crate::workspace::Workspace;

const RULES: &str = "crates/domain/src/access/method.rs";
const ROLES: &str = "crates/domain/src/access/role.rs";
const PERMISSIONS: &str = "crates/domain/src/access/permission.rs";

/// What stands for all permissions.
const ALL: &str = "ALL";
/// What a method asks for that asks for no permission.
const AUTHENTICATED: &str = "Authenticated";

/// One role: what it is called, who has it, and its permissions.
struct Role {
    name: String,
    about: String,
    permissions: Vec<String>,
}

impl Role {
    fn has(&self, permission: &str) -> bool {
        self.permissions.iter().any(|held| held == permission || held == ALL)
    }
}

/// One row a method: what it asks for, and which roles have that.
///
/// # Errors
///
/// A source file can't be read, or a method has no rule there.
pub fn methods(workspace: &Workspace) -> anyhow::Result<String> {
    let (rules, roles) = (rules(&parse(workspace, RULES)?)?, roles(workspace)?);
    let names = texts(&parse(workspace, PERMISSIONS)?);
    let mut rows = Vec::new();
    for service in Contract::open(workspace)?.services() {
        for method in service.methods() {
            let name = method.name();
            let rule = rules.get(name).with_context(|| format!("{RULES} has no rule for {name}"))?;
            let row = if rule == AUTHENTICATED {
                ["to be somebody".to_owned(), "all".to_owned()]
            } else {
                let holders = roles.iter().filter(|role| role.has(rule)).map(|role| role.name.clone());
                [shown(rule, &names)?, holders.collect::<Vec<_>>().join(", ")]
            };
            let [asks, holders] = row;
            rows.push([service.name().to_owned(), format!("`{name}`"), asks, holders]);
        }
    }
    Ok(markdown(["Service", "Method", "Asks for", "Roles that have it"], &rows))
}

/// One row a role.
///
/// # Errors
///
/// A source file can't be read.
pub fn table(workspace: &Workspace) -> anyhow::Result<String> {
    let names = texts(&parse(workspace, PERMISSIONS)?);
    let mut rows = Vec::new();
    for Role { name, about, permissions } in roles(workspace)? {
        let all: Vec<String> =
            permissions.iter().map(|permission| shown(permission, &names)).collect::<anyhow::Result<_>>()?;
        rows.push([format!("`{name}`"), about, all.join(", ")]);
    }
    Ok(markdown(["Role", "What it does", "Permissions"], &rows))
}

fn shown(permission: &str, names: &BTreeMap<String, String>) -> anyhow::Result<String> {
    if permission == ALL {
        return Ok("all".to_owned());
    }
    let name = names.get(permission).with_context(|| format!("{PERMISSIONS} does not name {permission}"))?;
    Ok(format!("`{name}`"))
}

fn parse(workspace: &Workspace, path: &str) -> anyhow::Result<File> {
    syn::parse_file(&workspace.read(path)?).with_context(|| format!("can't parse {path}"))
}

/// What each method asks for, by its name.
fn rules(file: &File) -> anyhow::Result<BTreeMap<String, String>> {
    let mut rules = BTreeMap::new();
    for arm in arms(file) {
        let Some(rule) = words(&arm.body).pop() else { continue };
        for method in literals(&arm.pat).into_iter().filter(|name| !name.contains('.')) {
            if rules.insert(method.clone(), rule.clone()).is_some_and(|before| before != rule) {
                bail!("two services have a method {method}, and the table can't tell their rules apart");
            }
        }
    }
    Ok(rules)
}

fn roles(workspace: &Workspace) -> anyhow::Result<Vec<Role>> {
    let file = parse(workspace, ROLES)?;
    let names = texts(&file);
    let role = |variant: &syn::Variant| {
        let ident = variant.ident.to_string();
        let name = names.get(&ident)?.clone();
        let lists = arms(&file).into_iter().filter(|arm| matches!(*arm.body, Expr::Reference(_)));
        let list = lists.into_iter().find(|arm| last_word(&arm.pat).as_ref() == Some(&ident))?;
        Some(Role { name, about: first_sentence(&comment(&variant.attrs)), permissions: words(&list.body) })
    };
    let roles: Vec<Role> = enums(&file).flat_map(|found| found.variants.iter().filter_map(role)).collect();
    if roles.is_empty() { bail!("{ROLES} has no role that can be read") } else { Ok(roles) }
}

fn enums(file: &File) -> impl Iterator<Item = &ItemEnum> {
    file.items.iter().filter_map(|item| if let Item::Enum(found) = item { Some(found) } else { None })
}

/// The texts of the arms that have one, by the last word of their pattern.
fn texts(file: &File) -> BTreeMap<String, String> {
    let text = |arm: &Arm| match arm.body.as_ref() {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some((last_word(&arm.pat)?, text.value())),
        _ => None,
    };
    arms(file).into_iter().filter_map(text).collect()
}

/// All arms of all matches.
fn arms(file: &File) -> Vec<&Arm> {
    #[derive(Default)]
    struct Found<'a>(Vec<&'a Arm>);
    impl<'ast> Visit<'ast> for Found<'ast> {
        fn visit_arm(&mut self, arm: &'ast Arm) {
            self.0.push(arm);
            visit::visit_arm(self, arm);
        }
    }
    let mut found = Found::default();
    found.visit_file(file);
    found.0
}

/// The last word of every path in `body`, that of a function that is called before those of its arguments.
fn words(body: &Expr) -> Vec<String> {
    #[derive(Default)]
    struct Found(Vec<String>);
    impl<'ast> Visit<'ast> for Found {
        fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
            self.0.extend(path.path.segments.last().map(|segment| segment.ident.to_string()));
        }
    }
    let mut found = Found::default();
    found.visit_expr(body);
    found.0
}

fn literals(pattern: &Pat) -> Vec<String> {
    match pattern {
        Pat::Or(either) => either.cases.iter().flat_map(literals).collect(),
        Pat::Lit(ExprLit { lit: Lit::Str(text), .. }) => vec![text.value()],
        _ => Vec::new(),
    }
}

fn last_word(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::rules;

    fn parsed(code: &str) -> anyhow::Result<Vec<(String, String)>> {
        Ok(rules(&syn::parse_file(code).unwrap())?.into_iter().collect())
    }

    #[test]
    fn a_rule_is_read_whatever_it_is_wrapped_in() {
        let code = r#"
            fn rule(service: &str) { match service { "a.v1.A" => Some(Rule::Open), _ => None } }
            fn a(method: &str) -> Option<Permission> {
                Some(match method { "Get" | "List" => Permission::ReadModels, _ => return None })
            }
            fn b(method: &str) { match method { "Who" => Rule::Authenticated, "Ask" => Rule::Needs(Permission::Ask), _ => x } }
        "#;
        let wanted = [("Ask", "Ask"), ("Get", "ReadModels"), ("List", "ReadModels"), ("Who", "Authenticated")];
        let wanted: Vec<(String, String)> =
            wanted.into_iter().map(|(method, rule)| (method.to_owned(), rule.to_owned())).collect();
        assert_eq!(parsed(code).unwrap(), wanted);
    }

    #[test]
    fn one_name_with_two_rules_is_an_error() {
        let code = r#"
            fn a(m: &str) { match m { "Get" => Permission::ReadModels, _ => x } }
            fn b(m: &str) { match m { "Get" => Permission::ReadHealth, _ => x } }
        "#;
        assert!(parsed(code).is_err());
    }
}
