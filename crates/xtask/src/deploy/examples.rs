//! `deploy/config/*.toml`: a settings file for each service that has every setting, commented out, with its default.

use std::collections::BTreeMap;

use anyhow::Context as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprLit, ExprStruct, Lit, Member};

use crate::tables::settings::{self, COMMON, Setting};
use crate::workspace::Workspace;

const SERVICES: [&str; 3] = ["registry", "health", "launcher"];

/// Settings that say where the file is, or that the file can't give.
const LEFT_OUT: [&str; 1] = ["config"];

/// How long a line of a comment is, at most.
const WIDTH: usize = 110;

/// The files that are not as they should be, and their texts as they should be.
///
/// # Errors
///
/// A source file can't be read or parsed.
pub fn stale(workspace: &Workspace) -> anyhow::Result<Vec<(String, String)>> {
    let common = settings::in_folder(workspace, COMMON)?;
    let mut stale = Vec::new();
    for service in SERVICES {
        let folder = format!("crates/{service}/src");
        let own = settings::in_folder(workspace, &folder)?;
        let defaults = defaults(&workspace.read(&format!("{folder}/config.rs"))?)
            .with_context(|| format!("{folder}/config.rs has no declaration that can be read"))?;
        let all = common.iter().chain(&own).cloned().map(|setting| with_default(setting, &defaults));
        let path = format!("deploy/config/{service}.toml");
        let text = example(service, all);
        if workspace.read(&path).ok().as_ref() != Some(&text) {
            stale.push((path, text));
        }
    }
    Ok(stale)
}

/// The fields of the `Declaration` in a file that are texts.
fn defaults(code: &str) -> Option<BTreeMap<String, String>> {
    #[derive(Default)]
    struct Found(Option<BTreeMap<String, String>>);
    impl<'ast> Visit<'ast> for Found {
        fn visit_expr_struct(&mut self, item: &'ast ExprStruct) {
            if item.path.is_ident("Declaration") {
                let text = |field: &syn::FieldValue| match (&field.member, &field.expr) {
                    (Member::Named(name), Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => {
                        Some((name.to_string(), text.value()))
                    }
                    _ => None,
                };
                self.0 = Some(item.fields.iter().filter_map(text).collect());
            }
            visit::visit_expr_struct(self, item);
        }
    }
    let mut found = Found::default();
    found.visit_file(&syn::parse_file(code).ok()?);
    found.0
}

/// A setting with the default that the service declares for it, if it does.
fn with_default(setting: Setting, defaults: &BTreeMap<String, String>) -> Setting {
    let declared = defaults.get(&setting.name.replace('-', "_")).filter(|_| setting.default.is_empty()).cloned();
    Setting { default: declared.unwrap_or(setting.default), ..setting }
}

fn example(service: &str, all: impl Iterator<Item = Setting>) -> String {
    let mut text = format!(
        "# Every setting of slipway-{service}, with its default: \"\" is none. Take the # away in front of what you change.\n\
         # A variable of the environment wins over this file, and a flag over both. Made by `cargo xtask fix`.\n"
    );
    for setting in all.filter(|setting| !setting.for_developers && !LEFT_OUT.contains(&setting.name.as_str())) {
        let Setting { name, default, allowed, about, .. } = setting;
        text.push('\n');
        wrap(&format!("{about}: {allowed}."), &mut text);
        text.push_str(&format!("#{name} = {}\n", toml::Value::String(default)));
    }
    text
}

/// Adds `words` as lines of a comment.
fn wrap(words: &str, text: &mut String) {
    let mut line = "#".to_owned();
    for word in words.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = "#".to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::{Setting, defaults, example, with_default};

    fn setting(name: &str, default: &str) -> Setting {
        let [name, default, allowed, about] = [name, default, "a size", "How much"].map(str::to_owned);
        Setting { name, default, allowed, about, for_developers: false }
    }

    #[test]
    fn every_setting_is_a_comment_with_its_default() {
        let hidden = Setting { for_developers: true, ..setting("clock", "") };
        let text = example("registry", [setting("rate.bytes", "0"), hidden, setting("config", "")].into_iter());
        let behind_the_head: Vec<&str> = text.lines().skip(3).collect();
        assert_eq!(behind_the_head, ["# How much: a size.", "#rate.bytes = \"0\""]);
    }

    #[test]
    fn a_service_has_defaults_of_its_own() {
        let code =
            r#"pub const D: Declaration<C> = Declaration { name: "a", listen: "127.0.0.1:1", settings: &[], read };"#;
        let declared = defaults(code).unwrap();
        assert_eq!(with_default(setting("listen", ""), &declared), setting("listen", "127.0.0.1:1"));
        assert_eq!(with_default(setting("grace", "10s"), &declared), setting("grace", "10s"));
        assert_eq!(defaults("const A: u8 = 1;"), None);
    }
}
