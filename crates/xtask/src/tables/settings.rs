//! The table of all settings, read from the `Setting` constants of the code.

use std::collections::BTreeMap;

use anyhow::Context as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprLit, ItemConst, Lit};

use super::markdown;
use crate::workspace::Workspace;

/// One setting as it is declared.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    name: String,
    default: String,
    allowed: String,
    about: String,
}

/// One row a setting, in the order of the code; those of the chassis, which every service has, come first.
///
/// # Errors
///
/// A source file can't be read or parsed.
pub fn table(workspace: &Workspace) -> anyhow::Result<String> {
    let mut rows = Vec::new();
    for folder in ["crates/chassis/src", "crates/registry/src", "crates/health/src", "crates/launcher/src"] {
        let holder = folder.split('/').nth(1).unwrap_or_default();
        let holder = if holder == "chassis" { "every service" } else { holder };
        for path in workspace.files(folder, "rs")? {
            let text = workspace.read(&path)?;
            if text.contains("Setting::") {
                let file = syn::parse_file(&text).with_context(|| format!("can't parse {path}"))?;
                rows.extend(in_file(&file).into_iter().map(|setting| row(holder, &setting)));
            }
        }
    }
    Ok(markdown(["Setting", "Variable", "Default", "Allowed", "What it is for", "Of"], &rows))
}

fn row(holder: &str, setting: &Setting) -> [String; 6] {
    let variable = format!("`SLIPWAY_{}`", setting.name.replace(['-', '.'], "_").to_ascii_uppercase());
    let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
    [
        format!("`--{}`", setting.name),
        variable,
        default,
        setting.allowed.clone(),
        setting.about.clone(),
        holder.to_owned(),
    ]
}

fn in_file(file: &syn::File) -> Vec<Setting> {
    let mut found = Found::default();
    found.visit_file(file);
    found.settings
}

#[derive(Default)]
struct Found {
    /// Texts with a name of their own, which several settings share.
    texts: BTreeMap<String, String>,
    settings: Vec<Setting>,
}

impl Found {
    /// The text of an argument: a literal, or a constant of the same file that was declared before.
    fn text(&self, argument: &Expr) -> Option<String> {
        match argument {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            Expr::Path(path) => self.texts.get(&path.path.get_ident()?.to_string()).cloned(),
            _ => None,
        }
    }

    fn setting(&self, call: &ExprCall) -> Option<Setting> {
        let Expr::Path(function) = call.func.as_ref() else { return None };
        let mut words = function.path.segments.iter().rev().map(|segment| segment.ident.to_string());
        let (maker, of) = (words.next()?, words.next()?);
        let text = |index: usize| self.text(call.args.get(index)?);
        match (of.as_str(), maker.as_str()) {
            ("Setting", "new") => {
                Some(Setting { name: text(0)?, default: text(1)?, allowed: text(3)?, about: text(4)? })
            }
            ("Setting", "switch") => {
                let (default, allowed) = ("false".to_owned(), "true or false".to_owned());
                Some(Setting { name: text(0)?, default, allowed, about: text(1)? })
            }
            _ => None,
        }
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        if let Some(text) = self.text(&item.expr) {
            self.texts.insert(item.ident.to_string(), text);
        }
        visit::visit_item_const(self, item);
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        self.settings.extend(self.setting(call));
        visit::visit_expr_call(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::{Setting, in_file, row};

    fn setting(name: &str, default: &str, allowed: &str, about: &str) -> Setting {
        let [name, default, allowed, about] = [name, default, allowed, about].map(str::to_owned);
        Setting { name, default, allowed, about }
    }

    #[test]
    fn settings_are_found_with_the_texts_they_share() {
        let code = r#"
            const ADDRESS: &str = "an address";
            const LISTEN: Setting<A> = Setting::new("ops-listen", "", parse::address, ADDRESS, "Where").for_developers();
            const ON: Setting<bool> = Setting::switch("on", "Whether");
            fn other() { Other::new("a", "b", c, "d", "e"); }
        "#;
        let wanted =
            [setting("ops-listen", "", "an address", "Where"), setting("on", "false", "true or false", "Whether")];
        assert_eq!(in_file(&syn::parse_file(code).unwrap()), wanted);
    }

    #[test]
    fn a_row_names_flag_and_variable() {
        let cells = row("registry", &setting("clock.speed", "1", "a number", "How fast"));
        assert_eq!(cells, ["`--clock.speed`", "`SLIPWAY_CLOCK_SPEED`", "`1`", "a number", "How fast", "registry"]);
    }
}
